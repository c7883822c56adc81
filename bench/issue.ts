import { type Call, type Client, createClient } from './client.js';
import { milliseconds, percentile } from './figures.js';
import { readOptions } from './options.js';
import { rateOf, shownRate } from './rate.js';
import { printReport, type Row, tellProgress } from './report.js';
import { type Language, sampleUploads } from './sample-upload.js';
import { removeData, startService } from './service.js';

/** Issue documents of 200 KB: stamp, hash, sign, encrypt, IPFS, queue; acknowledged once durable. */

const CLIENTS = 8;
const FILE_BYTES = 200_000;
const STAMPS = { en: { name: 'English', goal: 60 }, bn: { name: 'Bangla', goal: 35 } } as const;

const options = readOptions();
const measuredSeconds = options.quick ? 5 : 30;
const warmUpSeconds = options.quick ? 2 : 8;
const service = await startService({ profile: options.profile });
const client = createClient(service.url, CLIENTS);
const rows: Row[] = [];
for (const language of ['en', 'bn'] as const) {
  const uploads = await sampleUploads(language, FILE_BYTES, await service.hospitalKey());
  tellProgress(`issuing with a stamp in ${STAMPS[language].name}`);
  await issueFor(warmUpSeconds, client, uploads);
  rows.push(...(await measure(language, uploads)));
}
client.close();
await service.stop();
await removeData(service);
const settings = { clients: CLIENTS, 'file bytes': FILE_BYTES, seconds: measuredSeconds };
await printReport('Issue a document', { ...settings, 'seconds before': warmUpSeconds }, rows);

async function measure(language: Language, uploads: readonly Call[]): Promise<Row[]> {
  const { rate, done } = await rateOf(service, () => issueFor(measuredSeconds, client, uploads));
  const { latencies } = done;
  const { name, goal } = STAMPS[language];
  return [
    { figure: `${name} stamp: documents issued`, result: shownRate(rate), goal: `≥ ${goal}/s` },
    { figure: `${name} stamp: p50`, result: milliseconds(percentile(latencies, 0.5)) },
    { figure: `${name} stamp: p99`, result: milliseconds(percentile(latencies, 0.99)), goal: '≤ 300 ms' },
  ];
}

interface Issued {
  readonly times: number;
  readonly seconds: number;
  /** Ms. */
  readonly latencies: readonly number[];
}

/** Each client sends its next document when the last one is acknowledged. */
async function issueFor(duration: number, to: Client, uploads: readonly Call[]): Promise<Issued> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + duration * 1000;
  const clients = Array.from({ length: CLIENTS }, async (_, number) => {
    for (let turn = number; performance.now() < end; turn += 1) {
      const upload = uploads[turn % uploads.length];
      if (!upload) throw new Error('There is nothing to issue');
      const begun = performance.now();
      await to.json(upload);
      latencies.push(performance.now() - begun);
    }
  });
  await Promise.all(clients);
  return { times: latencies.length, seconds: (performance.now() - start) / 1000, latencies };
}
