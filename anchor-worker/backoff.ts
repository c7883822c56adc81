import { setTimeout as delay } from 'node:timers/promises';

/** Waits so many ms; ends early when the signal aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** Ever longer pauses between attempts, twice as long each time, until something succeeds. */
export class Backoff {
  #ms: number;

  constructor(
    private readonly firstMs: number,
    private readonly lastMs: number,
    private readonly wait: Wait = waitUnlessAborted,
  ) {
    this.#ms = firstMs;
  }

  async pause(signal: AbortSignal): Promise<void> {
    const ms = this.#ms;
    this.#ms = Math.min(this.lastMs, ms * 2);
    await this.wait(ms, signal);
  }

  reset(): void {
    this.#ms = this.firstMs;
  }
}

/** Resolves after so long, or as soon as the signal aborts. */
export async function waitUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
