import { once } from 'node:events';
import process from 'node:process';

const ENDINGS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Aborted when somebody ends this program, as often as they say so: from now on it ends only when it has ended what it
 * started.
 */
export function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ENDINGS) process.on(signal, () => interrupted.abort(new Error('interrupted')));
  return interrupted.signal;
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
