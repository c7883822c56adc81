import { createClient } from './client.js';
import { perSecond, seconds } from './figures.js';
import { admitHomeSigner, openHomeSigner } from './home-signer.js';
import { openInProcess } from './in-process.js';
import { readOptions } from './options.js';
import { rateOf, shownRate } from './rate.js';
import { printReport, type Row, tellProgress } from './report.js';
import { removeData, startService } from './service.js';
import { anchorAll, BATCH, presign } from './statement-load.js';

/** Anchoring alone: statements that were signed before, over HTTP and without it. */

const CONNECTIONS = 4;

const options = readOptions();
const warmUp = options.quick ? 5_000 : 20_000;
const overHttp = options.quick ? 20_000 : 150_000;
const inProcess = options.quick ? 50_000 : 300_000;

const rows = [...(await measureOverHttp()), ...(await measureInProcess())];
const settings = { 'over HTTP': overHttp, connections: CONNECTIONS, batch: BATCH, 'in process': inProcess };
await printReport('Anchoring alone', { ...settings, 'statements before': warmUp }, rows);

async function measureOverHttp(): Promise<Row[]> {
  const service = await startService({ env: { SPONDON_SAMPLES: 'false' }, profile: options.profile });
  const client = createClient(service.url, CONNECTIONS);
  const signer = openHomeSigner(await admitHomeSigner(service, client));
  tellProgress('signing statements');
  const before = await presign(signer, 0, warmUp);
  const loads = await presign(signer, warmUp, overHttp);
  tellProgress('anchoring over HTTP');
  await anchorAll(client, CONNECTIONS, before);
  const { rate, done } = await rateOf(service, () => anchorAll(client, CONNECTIONS, loads));
  client.close();
  await service.stop();
  await removeData(service);
  return [
    { figure: 'POST /v1/statements, until anchored', result: shownRate(rate), goal: '≥ 10,000/s' },
    { figure: 'POST /v1/statements, until acknowledged', result: perSecond(done.times / done.acknowledged) },
  ];
}

async function measureInProcess(): Promise<Row[]> {
  tellProgress('filling a queue');
  const worker = await openInProcess();
  await worker.fill(warmUp);
  await worker.drain(warmUp);
  await worker.fill(inProcess);
  const { rate, elapsed, batches } = await worker.drain(inProcess);
  await worker.close();
  return [
    { figure: 'without HTTP, from the queue until read back', result: shownRate(rate), goal: '≥ 30,000/s' },
    { figure: `without HTTP: ${batches} batches in`, result: seconds(elapsed) },
  ];
}
