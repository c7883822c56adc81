import type { GoAhead, Job, Message } from './read.worker.js';
import { FileFault, type Gap, type ReadFile, type Reading, type ReadOptions, type SoFar } from './reading.js';
import type { After, WorkerPool } from './worker-pool.js';

const SEARCH_MS = 8_000;

/** As much of a Web Worker as is used. */
export type ReaderThread = Pick<Worker, 'postMessage' | 'terminate' | 'onmessage' | 'onerror'>;

/**
 * Reads files in threads of a pool. A thread that does not end its search, that breaks, or whose reader was called off is
 * ended: the next file meets a new one. What is known of a file by then stays known, its hash above all.
 */
export function createFileReader(pool: WorkerPool<ReaderThread>, after: After): ReadFile {
  return async (file, options) => {
    const thread = await pool.borrow(options.signal);
    const giveBack = (usable: boolean): void => pool.giveBack(thread, usable);
    if (options.signal.aborted) giveBack(true);
    options.signal.throwIfAborted();
    return readIn(thread, file, options, { giveBack, after });
  };
}

function readIn(
  thread: ReaderThread,
  file: File,
  { onProgress, signal, searchMs = SEARCH_MS, isEnough }: ReadOptions,
  { giveBack, after }: { readonly giveBack: (usable: boolean) => void; readonly after: After },
): Promise<Reading> {
  return new Promise((resolve, reject) => {
    let soFar: SoFar | null = null;
    let stopClock = (): void => undefined;
    const end = (usable: boolean): void => {
      stopClock();
      thread.onmessage = thread.onerror = null;
      signal.removeEventListener('abort', abort);
      giveBack(usable);
    };
    const abort = (): void => {
      end(false);
      reject(signal.reason as Error);
    };
    const giveUp = (gap: Gap, why: string): void => {
      end(false);
      if (soFar) resolve({ ...soFar, complete: false, gap });
      else reject(new Error(why));
    };
    const goAhead = (answer: GoAhead): void => thread.postMessage(answer);
    thread.onmessage = ({ data }: MessageEvent<Message>) => {
      if ('share' in data) onProgress(data.share);
      else if ('soFar' in data) soFar = data.soFar;
      else if ('asking' in data) {
        isEnough?.(data.asking).then(
          (enough) => goAhead({ isEnough: enough }),
          () => goAhead({ isEnough: false }),
        );
      } else if ('searching' in data) {
        // The thread looks at its watch between pages only: one page may take long, or for ever.
        stopClock = after(2 * searchMs, () => giveUp('out-of-time', 'no answer'));
      } else if ('broken' in data) giveUp('damaged', data.broken);
      else {
        end(true);
        if ('fault' in data) reject(new FileFault(data.fault));
        else resolve(data.reading);
      }
    };
    thread.onerror = (event) => giveUp('damaged', event.message);
    signal.addEventListener('abort', abort);
    thread.postMessage({ file, searchMs, asks: isEnough !== undefined } satisfies Job);
  });
}
