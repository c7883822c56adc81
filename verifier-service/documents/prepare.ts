import { createThreadPool, type ThreadPool } from '../threads/pool.js';
import type { StampDetails } from '../stamp/details.js';
import type { FileWarning } from '../intake/warning.js';

/** One file to be made ready: recognised, turned into a PDF if it is a picture, stamped, hashed and encrypted. */
export interface PrepareJob {
  /** Handed over to the thread, not copied: the caller's array is empty afterwards. */
  readonly file: Uint8Array<ArrayBuffer>;
  readonly stamp: StampDetails;
}

export interface PreparedDocument {
  /** Of the stamped file. */
  readonly sha256: Uint8Array;
  /** Of the stamped file, bytes. */
  readonly size: number;
  /** The stamped file as an age file. */
  readonly ciphertext: Uint8Array;
  /** The key that opens it, `AGE-SECRET-KEY-1…`: made for this document alone. */
  readonly secret: string;
  readonly warnings: readonly FileWarning[];
}

const TIMEOUT_MS = 30_000;
const JOBS_WAITING_PER_THREAD = 16;
const HEAP_MB = 1024;

/** Hostile files are worked on in threads: one that hangs or eats memory costs its own request and no other. */
export function createPreparePool(threads: number): ThreadPool<PrepareJob, PreparedDocument> {
  return createThreadPool({
    module: new URL('./prepare-thread.js', import.meta.url),
    threads,
    maxQueue: threads * JOBS_WAITING_PER_THREAD,
    timeoutMs: TIMEOUT_MS,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
}
