import { ServiceError } from '../error.js';
import { serveJobs } from './serve.js';

/** The thread that pool.test.ts torments. */
export type TestJob =
  | { readonly do: 'echo'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly do: 'environment' | 'refuse' | 'throw' | 'exit' | 'hang' | 'hoard' | 'unclonable' };
export type TestResult = Uint8Array | string[] | (() => void);

serveJobs(async (job: TestJob): Promise<{ result: TestResult; transfer?: ArrayBuffer[] }> => {
  await Promise.resolve();
  switch (job.do) {
    case 'echo':
      return { result: job.bytes, transfer: [job.bytes.buffer] };
    case 'environment':
      return { result: Object.keys(process.env) };
    case 'refuse':
      throw new ServiceError('FILE_DAMAGED', 'This file is damaged.', { details: { page: 3 } });
    case 'throw':
      throw new TypeError('Unexpected token in the name Ayesha Siddika');
    case 'exit':
      process.exit(7);
      break;
    case 'hang':
      for (;;);
    case 'hoard':
      for (const hoard: string[][] = []; ;) hoard.push(new Array<string>(100_000).fill('x'));
    case 'unclonable':
      return { result: () => undefined };
  }
});
