import type { ChaincodeStub, ClientIdentity } from 'fabric-shim-api';
import type { Write } from '../port.js';
import type { ReadWriteSet, Version } from '../rwset.js';
import type { StateValue } from './state.js';

/** What a contract can see of its transaction. */
export interface Call {
  readonly channel: string;
  readonly transactionId: string;
  /** Unix ms. */
  readonly time: number;
  readonly creator: { readonly mspId: string; readonly certificate: Uint8Array };
  /** First the function's name. */
  readonly input: readonly Uint8Array[];
}

/** The part of Fabric's stub that exists here. Calling anything else is a TypeError, hence a bug. */
export type SupportedStub = Pick<
  ChaincodeStub,
  | 'getArgs'
  | 'getStringArgs'
  | 'getFunctionAndParameters'
  | 'getTxID'
  | 'getChannelID'
  | 'getCreator'
  | 'getMspID'
  | 'getTransient'
  | 'getDateTimestamp'
  | 'getState'
  | 'putState'
  | 'deleteState'
  | 'setStateValidationParameter'
  | 'getStateValidationParameter'
> & {
  /** Fabric's own library has it, its types do not. */
  getBufferArgs(): readonly Uint8Array[];
};

/**
 * The stub of one simulated transaction: reads come from the committed state and never from the transaction's own
 * writes, which are only collected, as on a peer.
 */
export class SimulationStub implements SupportedStub {
  readonly #call: Call;
  readonly #committed: (key: string) => StateValue | null;
  readonly #reads = new Map<string, Version | null>();
  readonly #writes = new Map<string, Uint8Array | null>();
  readonly #policies = new Map<string, Uint8Array>();

  constructor(call: Call, committed: (key: string) => StateValue | null) {
    this.#call = call;
    this.#committed = committed;
  }

  /** Sorted by key, as Fabric's. */
  readWriteSet(): ReadWriteSet {
    return {
      reads: sorted(this.#reads).map(([key, version]) => ({ key, version })),
      writes: sorted(this.#writes).map(([key, value]): Write => ({ key, value })),
      policies: sorted(this.#policies).map(([key, policy]) => ({ key, policy })),
    };
  }

  getBufferArgs(): readonly Uint8Array[] {
    return this.#call.input;
  }

  getArgs(): string[] {
    return this.#call.input.map(text);
  }

  getStringArgs(): string[] {
    return this.getArgs();
  }

  getFunctionAndParameters(): { fcn: string; params: string[] } {
    const [fcn = '', ...params] = this.getArgs();
    return { fcn, params };
  }

  getTxID(): string {
    return this.#call.transactionId;
  }

  getChannelID(): string {
    return this.#call.channel;
  }

  getCreator(): { mspid: string; idBytes: Uint8Array } {
    return { mspid: this.#call.creator.mspId, idBytes: this.#call.creator.certificate };
  }

  /** The endorsing peer's organisation: here it is the client's too. */
  getMspID(): string {
    return this.#call.creator.mspId;
  }

  getTransient(): Map<string, Uint8Array> {
    return new Map();
  }

  getDateTimestamp(): Date {
    return new Date(this.#call.time);
  }

  /** Empty when there is no such key, as a peer answers. */
  getState(key: string): Promise<Uint8Array> {
    return Promise.resolve(this.#read(key)?.value ?? new Uint8Array());
  }

  getStateValidationParameter(key: string): Promise<Uint8Array> {
    return Promise.resolve(this.#read(key)?.policy ?? new Uint8Array());
  }

  /** An empty value deletes, as Fabric's committers have it. */
  putState(key: string, value: Uint8Array | string): Promise<void> {
    const bytes = Uint8Array.from(typeof value === 'string' ? Buffer.from(value) : value);
    this.#writes.set(checkKey(key), bytes.length === 0 ? null : bytes);
    return Promise.resolve();
  }

  deleteState(key: string): Promise<void> {
    this.#writes.set(checkKey(key), null);
    return Promise.resolve();
  }

  setStateValidationParameter(key: string, policy: Uint8Array): Promise<void> {
    this.#policies.set(checkKey(key), Uint8Array.from(policy));
    return Promise.resolve();
  }

  #read(key: string): StateValue | null {
    const found = this.#committed(checkKey(key));
    this.#reads.set(key, found?.version ?? null);
    return found;
  }
}

/** The submitting organisation as the contract asks for it. Its certificate carries no attributes. */
export function clientIdentity({ mspId, certificate }: Call['creator']): ClientIdentity {
  return {
    getMSPID: () => mspId,
    getID: () => `x509::/OU=client/CN=client.${mspId}::/CN=ca.${mspId}`,
    getIDBytes: () => certificate,
    getAttributeValue: () => null,
    assertAttributeValue: () => false,
  };
}

/** A peer refuses an empty key. One with NUL would be a composite key, which is not supported here. */
function checkKey(key: string): string {
  if (key === '' || key.includes('\0')) throw new TypeError('a key has at least one character and no NUL');
  return key;
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
