import { peer } from '@hyperledger/fabric-protos';
import type { Stub } from '../stub.js';
import type { Ask } from './questions.js';

const { GET_STATE, PUT_STATE, DEL_STATE, PUT_STATE_METADATA } = peer.ChaincodeMessage.Type;

/** The name under which a key's own endorsement policy is kept. */
const VALIDATION_PARAMETER = 'VALIDATION_PARAMETER';

export interface Transaction {
  readonly channel: string;
  /** First the function's name. Views of the message that came. */
  readonly args: readonly Uint8Array[];
  readonly time: Date;
}

/** One transaction as the contract sees it. A peer keeps reads and writes; a read never shows an own write. */
export class PeerStub implements Stub {
  readonly #transaction: Transaction;
  readonly #ask: Ask;

  constructor(transaction: Transaction, ask: Ask) {
    this.#transaction = transaction;
    this.#ask = ask;
  }

  getBufferArgs(): readonly Uint8Array[] {
    return this.#transaction.args;
  }

  getChannelID(): string {
    return this.#transaction.channel;
  }

  getDateTimestamp(): Date {
    return this.#transaction.time;
  }

  /** Empty when there is no such key. */
  getState(key: string): Promise<Uint8Array> {
    const question = new peer.GetState();
    question.setKey(key);
    return this.#ask(GET_STATE, question.serializeBinary());
  }

  async putState(key: string, value: Uint8Array): Promise<void> {
    const question = new peer.PutState();
    question.setKey(key);
    question.setValue(value);
    await this.#ask(PUT_STATE, question.serializeBinary());
  }

  async deleteState(key: string): Promise<void> {
    const question = new peer.DelState();
    question.setKey(key);
    await this.#ask(DEL_STATE, question.serializeBinary());
  }

  async setStateValidationParameter(key: string, policy: Uint8Array): Promise<void> {
    const metadata = new peer.StateMetadata();
    metadata.setMetakey(VALIDATION_PARAMETER);
    metadata.setValue(policy);
    const question = new peer.PutStateMetadata();
    question.setKey(key);
    question.setMetadata(metadata);
    await this.#ask(PUT_STATE_METADATA, question.serializeBinary());
  }
}
