import { parentPort, type Transferable } from 'node:worker_threads';
import { ServiceError } from '../error.js';
import type { Reply } from './pool.js';

/**
 * The thread's side of a `ThreadPool`: answers one job at a time. A `ServiceError` of the handler's is an answer and
 * the thread lives on; anything else thrown is left uncaught, so that the pool replaces the thread, because a library
 * that threw unexpectedly may be in any state.
 */
export function serveJobs(
  handle: (job: never) => Promise<{ readonly result: unknown; readonly transfer?: readonly Transferable[] }>,
): void {
  const port = parentPort;
  if (!port) throw new Error('serveJobs runs in a worker thread only');
  const answer = async (job: never): Promise<void> => {
    let reply: Reply<unknown>;
    let transfer: readonly Transferable[] = [];
    try {
      const { result, transfer: moved = [] } = await handle(job);
      reply = { result };
      transfer = moved;
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      reply = { refusal: { code: error.code, message: error.message, details: error.details } };
    }
    port.postMessage(reply, transfer);
  };
  port.on('message', (job: unknown) => void answer(job as never));
}
