import { type Wait, waitUnlessAborted } from './backoff.js';

/** A lease on one log that several processes may ask for, kept where all of them see it, by its own clock. */
export interface LeaseStore {
  /** Takes the lease, or goes on holding it, for so many ms from now. False when another holds it. */
  readonly take: (holder: string, ms: number) => Promise<boolean>;
  /** Gives it up, if `holder` has it. */
  readonly release: (holder: string) => Promise<void>;
}

/** With a look each second by those who wait, a leader that died is replaced within seven seconds. */
const LEASE_MS = 6000;
const RENEW_MS = 2000;
const LOOK_MS = 1000;
/** A leader counts from before it asked, and stops so much before the others may begin. */
const MARGIN_MS = 500;

export interface LeadershipOptions {
  readonly lease: LeaseStore;
  /** Names this process among those that ask. */
  readonly holder: string;
  /** ms that only go forward, also while the process stands still. */
  readonly elapsed: () => number;
  /** Begins the work of a leader, which asks `leads` before each step. Returns how to end it. */
  readonly lead: (leads: () => boolean) => { stop: () => Promise<void> };
  /** The lease could not be asked for; it is tried again. Must not throw. */
  readonly onTrouble: (error: unknown) => void;
  readonly wait?: Wait;
}

/**
 * Of several processes over one queue, one works on a log: whoever holds its lease. One that was stopped gives it up, one
 * that died loses it, one that cannot renew it stops working before it runs out.
 *
 * This is for speed, not for safety: a process that stands still between looking at the clock and sending may send while
 * another leads. The log's compare-and-swap settles that: of two batches for the same size one is appended, and
 * the other is planned again from what the log holds then. So nothing is anchored twice, and nothing gets lost.
 */
export class Leadership {
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #until = -Infinity;
  #work: { stop: () => Promise<void> } | undefined;

  constructor(private readonly options: LeadershipOptions) {}

  get leads(): boolean {
    return this.options.elapsed() < this.#until;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends the work and gives the lease up. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#retire();
    const { lease, holder, onTrouble } = this.options;
    await lease.release(holder).catch(onTrouble);
  }

  async #run(): Promise<void> {
    const { elapsed, lead, wait = waitUnlessAborted } = this.options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const asked = elapsed();
      const taken = await this.#ask();
      if (taken === false) this.#until = -Infinity;
      // Work that saw the lease run out has ended for good, also when the lease is ours again.
      if (!this.leads) await this.#retire();
      if (taken) this.#until = asked + LEASE_MS - MARGIN_MS;
      if (this.leads) this.#work ??= lead(() => this.leads);
      await wait(this.leads ? RENEW_MS : LOOK_MS, signal);
    }
  }

  /** Undefined when nobody knows. */
  async #ask(): Promise<boolean | undefined> {
    const { lease, holder, onTrouble } = this.options;
    try {
      return await lease.take(holder, LEASE_MS);
    } catch (error) {
      onTrouble(error);
      return undefined;
    }
  }

  async #retire(): Promise<void> {
    const work = this.#work;
    this.#work = undefined;
    await work?.stop();
  }
}
