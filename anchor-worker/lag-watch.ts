import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from '@spondon/ledger/port';

/** How exactly the lag is known: reads that keep up seem to be behind by this much at most. */
const CHECK_MS = 500;
/** Later ones say nothing more while the oldest waits. */
const MOST_LOOKS = 1_000;

export interface LagWatchOptions {
  readonly ledger: Pick<Ledger, 'height'>;
  /** How many blocks have been read. */
  readonly store: { readonly nextBlock: number };
  /** Monotonic, ms. */
  readonly now: () => number;
  /** Before the next look at the ledger; ends early when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * For how long, at most, reads have not been the ledger's state. Blocks carry no time of their own that could be
 * trusted, so the ledger is asked again and again how many it has: once so many were read, reads are known to have been
 * its state when it was asked. While it does not answer nobody knows, and the time since then grows.
 */
export class LagWatch {
  readonly #stop = new AbortController();
  readonly #options: LagWatchOptions;
  #currentAt: number;
  /** What the ledger had when it was asked, oldest first, as far as that has not been read. */
  #unread: { readonly height: number; readonly askedAt: number }[] = [];

  /** Reads are the ledger's state now. */
  constructor(options: LagWatchOptions) {
    this.#options = options;
    this.#currentAt = options.now();
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stop.abort();
  }

  /** In seconds. */
  lag(): number {
    const { store, now } = this.#options;
    while (this.#unread[0] && this.#unread[0].height <= store.nextBlock) {
      this.#currentAt = this.#unread[0].askedAt;
      this.#unread.shift();
    }
    return (now() - this.#currentAt) / 1000;
  }

  /** Asks the ledger once. */
  async look(): Promise<void> {
    const askedAt = this.#options.now();
    const height = await this.#options.ledger.height();
    // Of several looks at the same blocks the last one counts: when they are read, reads are what it saw.
    if (this.#unread.at(-1)?.height === height) this.#unread.pop();
    if (this.#unread.length < MOST_LOOKS) this.#unread.push({ height, askedAt });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { wait = (ms: number) => delay(ms, undefined, { signal, ref: false }) } = this.#options;
    while (!signal.aborted) {
      // A ledger that does not answer shows in the lag.
      await this.look().catch(() => undefined);
      await wait(CHECK_MS, signal).catch(() => undefined);
    }
  }
}
