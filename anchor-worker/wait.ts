import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after so long, or as soon as the signal aborts. */
export async function waitUnlessAborted(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
