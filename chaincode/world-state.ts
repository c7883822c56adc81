import { fromUtf8, utf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import {
  CLOCK_KEY,
  CONFIG_KEY,
  headKey,
  issuerKey,
  logKey,
  statusKey,
  voteKey,
  type Clock,
  type Config,
  type Issuer,
  type LogHead,
  type LogState,
  type Status,
  type Vote,
} from '@spondon/protocol/records';
import type { Stub } from './stub.js';

/**
 * The channel's state as one transaction sees it: what was committed before, never its own writes. Whatever is read
 * enters the read set: the transaction fails when it changes before the commit. Absent is `undefined`.
 */
export class WorldState {
  readonly #stub: Stub;

  constructor(stub: Stub) {
    this.#stub = stub;
  }

  clock(): Promise<Clock | undefined> {
    return this.#read(CLOCK_KEY) as Promise<Clock | undefined>;
  }

  config(): Promise<Config | undefined> {
    return this.#read(CONFIG_KEY) as Promise<Config | undefined>;
  }

  log(mspId: string): Promise<LogState | undefined> {
    return this.#read(logKey(mspId)) as Promise<LogState | undefined>;
  }

  /** What the ring holds in the slot of the n-th head: that one, an older or a newer one. */
  headSlot(mspId: string, n: number): Promise<LogHead | undefined> {
    return this.#read(headKey(mspId, n)) as Promise<LogHead | undefined>;
  }

  issuer(iss: string): Promise<Issuer | undefined> {
    return this.#read(issuerKey(iss)) as Promise<Issuer | undefined>;
  }

  status(iss: string, jti: string): Promise<Status | undefined> {
    return this.#read(statusKey(iss, jti)) as Promise<Status | undefined>;
  }

  vote(actionHash: string): Promise<Vote | undefined> {
    return this.#read(voteKey(actionHash)) as Promise<Vote | undefined>;
  }

  /** Canonical JSON: every endorser must write the same bytes. */
  put(key: string, value: object): Promise<void> {
    return this.#stub.putState(key, utf8(canonicalJson(value)));
  }

  delete(key: string): Promise<void> {
    return this.#stub.deleteState(key);
  }

  setPolicy(key: string, policy: Uint8Array): Promise<void> {
    return this.#stub.setStateValidationParameter(key, policy);
  }

  /** Not checked again: nothing but this contract writes to its namespace. */
  async #read(key: string): Promise<unknown> {
    const bytes = await this.#stub.getState(key);
    return bytes.length === 0 ? undefined : (JSON.parse(fromUtf8(bytes)) as unknown);
  }
}
