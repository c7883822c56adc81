import workerUrl from './read.worker.js?worker&url';
import { trustedScript } from '../trusted-script.js';
import { createFileReader } from './file-reader.js';
import type { ReadFile } from './reading.js';
import { type After, createWorkerPool } from './worker-pool.js';

const IDLE_MS = 30_000;

const after: After = (milliseconds, callBack) => {
  const timer = setTimeout(callBack, milliseconds);
  return () => clearTimeout(timer);
};

/** A cheap telephone has room for the decoders once. */
function threadsHere({
  hardwareConcurrency,
  deviceMemory = 4,
}: Navigator & { deviceMemory?: number }): number {
  return hardwareConcurrency < 2 || deviceMemory < 4 ? 1 : 2;
}

const pool = createWorkerPool({
  start: () => new Worker(trustedScript(workerUrl), { type: 'module' }),
  size: threadsHere(navigator),
  idleMs: IDLE_MS,
  after,
});

/** Reads in threads of their own. None is started before the first file. */
export const readFile: ReadFile = createFileReader(pool, after);
