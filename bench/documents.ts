import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '@spondon/verifier-service/ipfs/embedded';
import { openKuboStore } from '@spondon/verifier-service/ipfs/kubo';
import { startKubo, whyNoKubo } from '@spondon/verifier-service/ipfs/kubo.test-support';
import type { DocumentStore } from '@spondon/verifier-service/ipfs/store';
import { milliseconds, percentile, perSecond } from './figures.js';
import { readOptions } from './options.js';
import { printReport, type Row, tellProgress } from './report.js';

/** Puts documents of 200 KB into each store, and reads them again: alone, and eight at once. */

const FILE_BYTES = 200_000;
const AT_ONCE = [1, 8];

const count = readOptions().quick ? 40 : 400;
const rows: Row[] = [];
const folder = await mkdtemp(join(tmpdir(), 'spondon-documents-'));
try {
  await measure('data folder', await openEmbeddedStore(join(folder, 'ipfs')));
  const reason = whyNoKubo();
  if (reason === false) await measureKubo();
  else tellProgress(reason);
} finally {
  await rm(folder, { recursive: true, force: true });
}
await printReport('Keep documents', { documents: count, 'file bytes': FILE_BYTES }, rows);

async function measureKubo(): Promise<void> {
  const node = await startKubo();
  try {
    const store = openKuboStore([{ url: node.url, auth: undefined }]);
    await store.check();
    await measure('Kubo', store);
  } finally {
    await node.remove();
  }
}

async function measure(name: string, store: DocumentStore): Promise<void> {
  for (const atOnce of AT_ONCE) {
    tellProgress(`${name}, ${atOnce} at once`);
    const cids: string[] = [];
    await timed(`${name}, ${atOnce} at once: put`, atOnce, async () => {
      cids.push((await store.put(randomBytes(FILE_BYTES))).cid);
    });
    await timed(`${name}, ${atOnce} at once: get`, atOnce, async (i) => {
      let size = 0;
      for await (const bytes of store.get(cids[i] ?? '')) size += bytes.length;
      if (size !== FILE_BYTES) throw new Error(`${size} bytes came back`);
    });
  }
}

async function timed(figure: string, atOnce: number, work: (i: number) => Promise<void>): Promise<void> {
  const latencies: number[] = [];
  let next = 0;
  const started = performance.now();
  const worker = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const begun = performance.now();
      await work(i);
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const rate = (1000 * count) / (performance.now() - started);
  rows.push({ figure, result: `${perSecond(rate)}, p50 ${milliseconds(percentile(latencies, 0.5))}` });
}
