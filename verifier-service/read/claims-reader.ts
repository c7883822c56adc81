import type { ClaimsReading } from '@spondon/protocol/reading/find-claims';
import { ServiceError } from '../error.js';
import { createThreadPool } from '../threads/pool.js';
import type { ClaimsJob } from './claims-thread.js';

/** Finds the claims that stand in a file, in threads of its own. */
export interface ClaimsReader {
  /**
   * `bytes`: up to 25 MB, any content; they are copied. Rejects only with `OVERLOADED` or `SHUTTING_DOWN`: a file
   * that hangs or breaks the thread has an incomplete reading, with what its XMP says when that can still be read.
   */
  read(bytes: Uint8Array): Promise<ClaimsReading>;
  /** Finishes what it accepted. */
  close(): Promise<void>;
}

export interface ClaimsReaderOptions {
  readonly threads: number;
  /** Files that may wait. Default four for each thread: with the time limit, about half a minute. */
  readonly maxQueue?: number;
  /** How long pages are looked at before the search is given up. Default 8 seconds. */
  readonly searchMs?: number;
  /** After this the thread is ended, whatever it does. Default twice `searchMs`: one page or picture may take long. */
  readonly timeoutMs?: number;
}

const NOTHING: ClaimsReading = { claims: [], labels: [], complete: false };

export function createClaimsReader(options: ClaimsReaderOptions): ClaimsReader {
  const { threads, maxQueue = 4 * threads, searchMs = 8_000, timeoutMs = 2 * searchMs } = options;
  const pool = createThreadPool<ClaimsJob, ClaimsReading>({
    module: new URL('./claims-thread.js', import.meta.url),
    threads,
    maxQueue,
    timeoutMs,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  const attempt = (job: ClaimsJob, otherwise: () => Promise<ClaimsReading> | ClaimsReading) =>
    pool.run(job).catch((error: unknown) => {
      const lost = error instanceof ServiceError && /^PROCESSING_/.test(error.code);
      if (!lost) throw error;
      return otherwise();
    });
  return {
    read: (bytes) =>
      attempt({ bytes, milliseconds: searchMs }, () => attempt({ bytes, milliseconds: 0 }, () => NOTHING)),
    close: () => pool.close(),
  };
}
