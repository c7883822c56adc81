import workerUrl from './read.worker.js?worker&url';
import { trustedScript } from '../trusted-script.js';
import { FileFault, type ReadFile } from './reading.js';
import type { Job, Message } from './read.worker.js';

/** Reads in a thread of its own, which ends with the file: what one file did to a decoder is gone with it. */
export const readFile: ReadFile = (file, { onProgress, signal }) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(trustedScript(workerUrl), { type: 'module' });
    const end = (): void => {
      worker.terminate();
      signal.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      end();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort);
    worker.onmessage = ({ data }: MessageEvent<Message>) => {
      if ('share' in data) {
        onProgress(data.share);
        return;
      }
      end();
      if ('fault' in data) reject(new FileFault(data.fault));
      else resolve(data.reading);
    };
    worker.onerror = (event) => {
      end();
      reject(new Error(event.message));
    };
    worker.postMessage({ file } satisfies Job);
  });
