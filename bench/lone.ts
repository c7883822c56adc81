import { type Client, createClient, jsonCall, untilAnchored } from './client.js';
import { milliseconds, percentile } from './figures.js';
import { admitHomeSigner, documentHash, openHomeSigner } from './home-signer.js';
import { readOptions } from './options.js';
import { printReport, type Row, tellProgress } from './report.js';
import { sampleUploads } from './sample-upload.js';
import { removeData, startService } from './service.js';

/** From the acknowledgement until a look-up finds the document on the ledger, for one client alone. */

const FILE_BYTES = 200_000;
/** Before these the machine is still compiling. */
const WARM_UP = 50;

const options = readOptions();
const samples = options.quick ? 50 : 1000;
const service = await startService({ profile: options.profile });
const client = createClient(service.url, 1);
const rows: Row[] = [];

tellProgress('one statement after the other');
const signer = openHomeSigner(await admitHomeSigner(service, client));
const texts = await signer.statements(0, WARM_UP + samples);
rows.push(
  ...(await measure('POST /v1/statements', async (number) => {
    await client.json(jsonCall('/v1/statements', signer.apiKey, { statements: [texts[number]] }));
    return documentHash(number).toString('hex');
  })),
);

tellProgress('one document after the other');
const uploads = await sampleUploads('en', FILE_BYTES, await service.hospitalKey());
rows.push(
  ...(await measure('POST /v1/documents', async (number) => {
    const upload = uploads[number % uploads.length];
    if (!upload) throw new Error('There is nothing to issue');
    return ((await client.json(upload)) as { sha256: string }).sha256;
  })),
);
client.close();
await service.stop();
await removeData(service);
const settings = { clients: 1, samples, 'file bytes': FILE_BYTES, 'asked again': 'as soon as answered' };
await printReport('Accepted to anchored, one lone client', settings, rows);

/** `accept` hands in document `number` and resolves with its hash (hex) when it is acknowledged. */
async function measure(route: string, accept: (number: number) => Promise<string>): Promise<Row[]> {
  const waits: number[] = [];
  const whole: number[] = [];
  for (let number = 0; number < WARM_UP + samples; number += 1) {
    const { wait, total } = await anchorOne(client, () => accept(number));
    if (number < WARM_UP) continue;
    waits.push(wait);
    whole.push(total);
  }
  return [
    { figure: `${route}: acknowledged to anchored, p50`, result: milliseconds(percentile(waits, 0.5)) },
    {
      figure: `${route}: acknowledged to anchored, p99`,
      result: milliseconds(percentile(waits, 0.99)),
      goal: '≤ 60 ms',
    },
    { figure: `${route}: acknowledged to anchored, longest`, result: milliseconds(Math.max(...waits)) },
    { figure: `${route}: sent to anchored, p50`, result: milliseconds(percentile(whole, 0.5)) },
    { figure: `${route}: sent to anchored, p99`, result: milliseconds(percentile(whole, 0.99)) },
  ];
}

async function anchorOne(
  to: Client,
  accept: () => Promise<string>,
): Promise<{ wait: number; total: number }> {
  const sent = performance.now();
  const sha256 = await accept();
  const acknowledged = performance.now();
  await untilAnchored(to, sha256);
  const anchored = performance.now();
  return { wait: anchored - acknowledged, total: anchored - sent };
}
