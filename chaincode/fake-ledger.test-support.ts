import type { Context } from 'fabric-contract-api';
import type { ChaincodeStub, ClientIdentity } from 'fabric-shim-api';
import { utf8 } from '@spondon/protocol/bytes';
import { Records, type Transaction } from './records.js';

/** What one execution of the contract did: Fabric's read-write set, and what went back to the client. */
export interface Endorsed {
  readonly payload: string | undefined;
  /** Version read of each key, 0 when it did not exist. */
  readonly reads: ReadonlyMap<string, number>;
  /** `null` deletes. */
  readonly writes: ReadonlyMap<string, Uint8Array | null>;
  readonly policies: ReadonlyMap<string, Uint8Array>;
}

interface Committed {
  readonly value: Uint8Array;
  readonly version: number;
}

/**
 * A ledger in memory with Fabric's semantics: `getState` sees only what was committed before, never the transaction's
 * own writes; an absent key reads as no bytes; a commit fails when a key that was read has changed since.
 */
export class FakeLedger {
  /** The endorsers' clock, Unix ms. */
  now: number;
  channel = 'records';
  readonly state = new Map<string, Committed>();
  readonly policies = new Map<string, Uint8Array>();
  readonly #contract: Records;
  #height = 0;

  constructor(now: number) {
    this.now = now;
    this.#contract = new Records(() => this.now);
  }

  /** Executes without committing. `time` is the transaction's, which its client sets. */
  async endorse(
    mspId: string,
    fn: Transaction,
    args: readonly (string | Uint8Array)[] = [],
    time = this.now,
    spelling: string = fn,
  ): Promise<Endorsed> {
    const reads = new Map<string, number>();
    const writes = new Map<string, Uint8Array | null>();
    const policies = new Map<string, Uint8Array>();
    const raw = [spelling, ...args].map((arg) => Buffer.from(typeof arg === 'string' ? utf8(arg) : arg));
    const stub = {
      getBufferArgs: () => raw,
      getChannelID: () => this.channel,
      getDateTimestamp: () => new Date(time),
      getState: (key: string) => {
        const committed = this.state.get(key);
        reads.set(key, committed?.version ?? 0);
        return Promise.resolve(committed?.value ?? new Uint8Array());
      },
      putState: (key: string, value: Uint8Array) => {
        writes.set(key, value);
        return Promise.resolve();
      },
      deleteState: (key: string) => {
        writes.set(key, null);
        return Promise.resolve();
      },
      setStateValidationParameter: (key: string, policy: Uint8Array) => {
        policies.set(key, policy);
        return Promise.resolve();
      },
    };
    const ctx: Context = this.#contract.createContext();
    ctx.stub = stub as unknown as ChaincodeStub;
    ctx.clientIdentity = { getMSPID: () => mspId } as ClientIdentity;
    const payload = (await this.#contract[fn](ctx)) ?? undefined;
    return { payload, reads, writes, policies };
  }

  /** False, and nothing changes, when something that was read has changed since (MVCC_READ_CONFLICT). */
  commit({ reads, writes, policies }: Endorsed): boolean {
    for (const [key, version] of reads) {
      if ((this.state.get(key)?.version ?? 0) !== version) return false;
    }
    this.#height += 1;
    for (const [key, value] of writes) {
      if (value === null) this.state.delete(key);
      else this.state.set(key, { value, version: this.#height });
    }
    for (const [key, policy] of policies) this.policies.set(key, policy);
    return true;
  }

  async submit(...call: Parameters<FakeLedger['endorse']>): Promise<void> {
    if (!this.commit(await this.endorse(...call))) throw new Error('MVCC_READ_CONFLICT');
  }

  async evaluate(...call: Parameters<FakeLedger['endorse']>): Promise<unknown> {
    const { payload } = await this.endorse(...call);
    return payload === undefined ? undefined : (JSON.parse(payload) as unknown);
  }
}
