import { peer } from '@hyperledger/fabric-protos';

export type MessageType = peer.ChaincodeMessage.TypeMap[keyof peer.ChaincodeMessage.TypeMap];

/** Sends a question to the peer. @throws Error with the peer's words when it refuses, or when it can answer no more */
export type Ask = (type: MessageType, payload: Uint8Array) => Promise<Uint8Array>;

interface Waiting {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * What one transaction asks its peer. One question at a time: a peer drops a second one of the same transaction and
 * never answers it, and nothing in an answer says which question it belongs to.
 */
export class Questions {
  readonly #send: (type: MessageType, payload: Uint8Array) => void;
  #last: Promise<unknown> = Promise.resolve();
  #waiting: Waiting | undefined;
  #ended: Error | undefined;

  constructor(send: (type: MessageType, payload: Uint8Array) => void) {
    this.#send = send;
  }

  readonly ask: Ask = (type, payload) => {
    const answer = this.#last.then(() => this.#put(type, payload));
    this.#last = answer.catch(() => undefined);
    return answer;
  };

  /** Whether anybody waited for it. */
  answer(message: peer.ChaincodeMessage): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) return false;
    this.#waiting = undefined;
    const payload = message.getPayload_asU8();
    if (message.getType() === peer.ChaincodeMessage.Type.RESPONSE) waiting.resolve(payload);
    else waiting.reject(new Error(Buffer.from(payload).toString()));
    return true;
  }

  /** Questions that wait, and later ones, fail with `reason`. */
  end(reason: Error): void {
    this.#ended = reason;
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }

  #put(type: MessageType, payload: Uint8Array): Promise<Uint8Array> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#send(type, payload);
    });
  }
}
