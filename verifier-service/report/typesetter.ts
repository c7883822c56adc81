import { createThreadPool, type ThreadPool } from '../threads/pool.js';
import type { Attachment, ReportContents } from './contents.js';
import type { SignatureRoom } from './typeset.js';

/** One report to be set in type. */
export interface TypesetJob {
  readonly contents: ReportContents;
  readonly attachments: readonly Attachment[];
  readonly signature: SignatureRoom;
}

/** With the time limit, about a minute's wait. */
const MAX_WAITING = 8;
const TIMEOUT_MS = 30_000;
const HEAP_MB = 512;
/** Opening the faces again takes longer than a report. */
const IDLE_MS = 600_000;

/** Sets reports in a thread: a large one takes a second or two, and strangers' text is in it. */
export function createTypesetter(): ThreadPool<TypesetJob, Uint8Array> {
  return createThreadPool({
    module: new URL('./typeset-thread.js', import.meta.url),
    threads: 1,
    maxQueue: MAX_WAITING,
    timeoutMs: TIMEOUT_MS,
    idleMs: IDLE_MS,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
  });
}
