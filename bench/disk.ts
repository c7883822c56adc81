import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentile } from './figures.js';

const WRITES = 200;

/** How long a flush of 4 KB to the disk under the temporary folder takes, p50 in ms: what an acknowledgement costs at least. */
export async function flushMs(): Promise<number> {
  const path = join(tmpdir(), `spondon-bench-flush-${process.pid}`);
  const file = await open(path, 'w');
  const samples: number[] = [];
  for (let write = 0; write < WRITES; write += 1) {
    const begun = performance.now();
    await file.write(Buffer.alloc(4096, write), 0, 4096, write * 4096);
    await file.datasync();
    samples.push(performance.now() - begun);
  }
  await file.close();
  await rm(path);
  return percentile(samples, 0.5);
}
