import type { ServerDuplexStream } from '@grpc/grpc-js';
import { peer } from '@hyperledger/fabric-protos';
import type { Execute } from '../dispatch.js';
import type { Drain } from '../drain.js';
import { originOf } from './proposal.js';
import { Questions, type MessageType } from './questions.js';
import { PeerStub } from './stub.js';

const { REGISTER, REGISTERED, INIT, READY, TRANSACTION, COMPLETED, ERROR, RESPONSE, KEEPALIVE } =
  peer.ChaincodeMessage.Type;

/** Messages come as the bytes that they were, since a link refuses better than gRPC what it cannot read. */
export type PeerStream = ServerDuplexStream<Uint8Array, peer.ChaincodeMessage>;

export interface LinkedChaincode {
  /** What the peers call the package: `label:hash`. */
  readonly id: string;
  readonly execute: Execute;
  readonly drain: Drain;
  readonly log: (line: string) => void;
}

/** `created` until the peer has registered us, `established` until it is ready itself. */
type State = 'created' | 'established' | 'ready' | 'ended';

/**
 * The conversation with one peer, from its connection to its end (Fabric's core/chaincode/handler.go and
 * fabric-chaincode-go's shim/handler.go are the other end and its usual partner).
 *
 * It registers, then executes what the peer sends, many transactions at once. A transaction that cannot be read, or is
 * being executed already, is answered with an error and the conversation goes on. A message that makes no sense in its
 * state is answered with an error too, but ends the conversation, since the two ends no longer agree; a peer then
 * connects again when it has the next transaction. What nobody waits for any more is left alone.
 */
export class Link {
  readonly #stream: PeerStream;
  readonly #chaincode: LinkedChaincode;
  /** Nobody knows it any more when the connection has ended. */
  readonly #address: string;
  readonly #running = new Map<string, Questions>();
  /** Of messages whose way to the connection somebody waits for. */
  readonly #unwritten = new Set<() => void>();
  #state: State = 'created';

  constructor(stream: PeerStream, chaincode: LinkedChaincode) {
    this.#stream = stream;
    this.#chaincode = chaincode;
    this.#address = stream.getPeer();
  }

  open(): void {
    this.#stream.on('data', (bytes: Uint8Array) => this.#receive(bytes));
    this.#stream.on('error', (error) => this.#end(`failed: ${error.message}`));
    // The first is the peer's word, the second its connection's end.
    this.#stream.on('end', () => this.#end('ended by the peer'));
    this.#stream.on('close', () => this.#end('closed'));
    const id = new peer.ChaincodeID();
    id.setName(this.#chaincode.id);
    this.#send(message(REGISTER, id.serializeBinary()));
  }

  #receive(bytes: Uint8Array): void {
    if (this.#state === 'ended') return;
    let received;
    try {
      received = peer.ChaincodeMessage.deserializeBinary(bytes);
    } catch (error) {
      this.#send(message(ERROR, Buffer.from('not a message of the protocol')));
      this.#end(`ended: ${bytes.length} bytes are no message: ${String(error)}`);
      return;
    }
    if (received.getType() === KEEPALIVE) this.#send(received);
    else if (this.#state === 'ready') this.#whenReady(received);
    else this.#handshake(received);
  }

  #handshake(received: peer.ChaincodeMessage): void {
    if (this.#state === 'created' && received.getType() === REGISTERED) this.#state = 'established';
    else if (this.#state === 'established' && received.getType() === READY) {
      this.#state = 'ready';
      this.#log('ready');
    } else this.#refuse(received);
  }

  #whenReady(received: peer.ChaincodeMessage): void {
    switch (received.getType()) {
      case TRANSACTION:
      case INIT:
        this.#chaincode.drain.add(this.#run(received));
        break;
      case RESPONSE:
      case ERROR:
        if (this.#running.get(nameOf(received))?.answer(received) !== true) {
          this.#log(`nobody waited for an answer in ${received.getTxid()}`);
        }
        break;
      default:
        this.#refuse(received);
    }
  }

  /** Until the answer is on its way, or nobody can be answered any more. */
  async #run(transaction: peer.ChaincodeMessage): Promise<void> {
    const name = nameOf(transaction);
    if (this.#running.has(name)) {
      this.#log(`asked again for ${transaction.getTxid()} before its end`);
      return this.#written(reply(transaction, ERROR, Buffer.from('the transaction is being executed')));
    }
    const questions = new Questions((type, payload) => this.#send(reply(transaction, type, payload)));
    this.#running.set(name, questions);
    const outcome = await this.#outcome(transaction, questions);
    this.#running.delete(name);
    questions.end(new Error('the transaction has its answer'));
    return this.#written(outcome);
  }

  async #outcome(transaction: peer.ChaincodeMessage, { ask }: Questions): Promise<peer.ChaincodeMessage> {
    try {
      const { mspId, time } = originOf(transaction.getProposal());
      const args = peer.ChaincodeInput.deserializeBinary(transaction.getPayload_asU8()).getArgsList_asU8();
      const stub = new PeerStub({ channel: transaction.getChannelId(), args, time }, ask);
      const answer = await this.#chaincode.execute(stub, mspId);
      const response = new peer.Response();
      response.setStatus(answer.status);
      response.setMessage(answer.message);
      response.setPayload(answer.payload);
      return reply(transaction, COMPLETED, response.serializeBinary());
    } catch (error) {
      this.#log(`cannot execute ${transaction.getTxid()}: ${String(error)}`);
      return reply(transaction, ERROR, Buffer.from(String(error)));
    }
  }

  #refuse(received: peer.ChaincodeMessage): void {
    const reason = `a message of type ${received.getType()} makes no sense when ${this.#state}`;
    this.#send(reply(received, ERROR, Buffer.from(reason)));
    this.#end(`ended: ${reason}`);
  }

  #send(sent: peer.ChaincodeMessage, written?: () => void): void {
    this.#stream.write(sent, written);
  }

  async #written(sent: peer.ChaincodeMessage): Promise<void> {
    if (this.#state === 'ended') return;
    await new Promise<void>((resolve) => {
      // gRPC does not tell of a message that was under way when the connection ended: then the end tells.
      this.#unwritten.add(resolve);
      this.#send(sent, () => {
        this.#unwritten.delete(resolve);
        resolve();
      });
    });
  }

  #end(how: string): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#log(how);
    for (const questions of this.#running.values())
      questions.end(new Error("the peer's connection has ended"));
    for (const resolve of this.#unwritten) resolve();
    this.#stream.end();
  }

  #log(line: string): void {
    this.#chaincode.log(`peer ${this.#address}: ${line}`);
  }
}

/** A transaction's own name: its id is unique in its channel. */
function nameOf(received: peer.ChaincodeMessage): string {
  return `${received.getChannelId()} ${received.getTxid()}`;
}

/** About the same transaction. */
function reply(to: peer.ChaincodeMessage, type: MessageType, payload: Uint8Array): peer.ChaincodeMessage {
  const sent = message(type, payload);
  sent.setChannelId(to.getChannelId());
  sent.setTxid(to.getTxid());
  return sent;
}

function message(type: MessageType, payload: Uint8Array): peer.ChaincodeMessage {
  const sent = new peer.ChaincodeMessage();
  sent.setType(type);
  sent.setPayload(payload);
  return sent;
}
