import { documentKinds, sampleDocument } from '@spondon/fixtures/documents';
import { readBanglaFont } from '@spondon/fixtures/bangla-font';
import { seededRandom } from '@spondon/fixtures/random';
import { type Call, type Client, createClient } from './client.js';
import { readOptions } from './options.js';
import { milliseconds, percentile, perSecond, printReport, type Row, tellProgress } from './report.js';
import { removeData, type Service, startService } from './service.js';

/** Issue documents of 200 KB: stamp, hash, sign, encrypt, IPFS, queue; acknowledged once durable. */

const CLIENTS = 8;
const FILE_BYTES = 200_000;
const GOALS = { en: 60, bn: 35 } as const;
const LANGUAGES = { en: 'English', bn: 'Bangla' } as const;
type Language = keyof typeof LANGUAGES;

const options = readOptions();
const measured = options.quick ? 5 : 30;
const warmUp = options.quick ? 2 : 8;
const service = await startService({ profile: options.profile });
const client = createClient(service.url, CLIENTS);
const rows: Row[] = [];
for (const language of ['en', 'bn'] as const) {
  const calls = await issueCalls(language, await service.hospitalKey());
  tellProgress(`issuing with a stamp in ${LANGUAGES[language]}`);
  await issueFor(warmUp, client, calls);
  rows.push(...(await measure(language, calls)));
}
client.close();
await service.stop();
await removeData(service);
const settings = { clients: CLIENTS, 'file bytes': FILE_BYTES, seconds: measured, 'warm-up seconds': warmUp };
await printReport('Issue', { ...settings, kinds: documentKinds.join(' ') }, rows);

async function measure(language: Language, calls: readonly Call[]): Promise<Row[]> {
  const before = await usage(service);
  const latencies = await issueFor(measured, client, calls);
  const after = await usage(service);
  const cpu = ((after.cpu - before.cpu) * 1000) / latencies.length;
  const stamp = `${LANGUAGES[language]} stamp`;
  const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
  return [
    { figure: `issued, ${stamp}`, result: perSecond((latencies.length * 1000) / (after.at - before.at)), goal: `≥ ${GOALS[language]}/s` },
    { figure: `p50, ${stamp}`, result: milliseconds(p50) },
    { figure: `p99, ${stamp}`, result: milliseconds(p99), goal: '≤ 300 ms' },
    { figure: `processor time a document, ${stamp}`, result: milliseconds(cpu) },
  ];
}

async function usage({ cpuSeconds }: Service): Promise<{ at: number; cpu: number }> {
  return { at: performance.now(), cpu: await cpuSeconds() };
}

/** One document of each kind, ready to be sent again and again: every issue makes another document of it. */
async function issueCalls(language: Language, apiKey: string): Promise<Call[]> {
  const banglaFont = await readBanglaFont();
  const calls: Call[] = [];
  for (const [seed, kind] of documentKinds.entries()) {
    const order = { kind, language, random: seededRandom(seed), issuedAt: new Date(), banglaFont, bytes: FILE_BYTES };
    const { file, fileName, details } = await sampleDocument(order);
    const form = new FormData();
    form.append('file', new Blob([Buffer.from(file)], { type: 'application/pdf' }), fileName);
    form.append('details', JSON.stringify({ ...details, language }));
    const encoded = new Response(form);
    const headers = { authorization: `Bearer ${apiKey}`, 'content-type': encoded.headers.get('content-type') ?? '' };
    calls.push({ method: 'POST', path: '/v1/documents', headers, body: Buffer.from(await encoded.arrayBuffer()) });
  }
  return calls;
}

/** Each client sends its next document when the last one is acknowledged. Gives the latencies, ms. */
async function issueFor(duration: number, to: Client, calls: readonly Call[]): Promise<number[]> {
  const latencies: number[] = [];
  const end = performance.now() + duration * 1000;
  const clients = Array.from({ length: CLIENTS }, async (_, number) => {
    for (let turn = number; performance.now() < end; turn += 1) {
      const call = calls[turn % calls.length];
      if (!call) throw new Error('There is nothing to issue');
      const begun = performance.now();
      await to.json(call);
      latencies.push(performance.now() - begun);
    }
  });
  await Promise.all(clients);
  return latencies;
}
