import { anchorInProcess } from './anchor-in-process.js';
import { createClient } from './client.js';
import { perSecond, seconds } from './figures.js';
import { admitHomeSigner, openHomeSigner } from './home-signer.js';
import { readOptions } from './options.js';
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
  const cpu = await service.cpuSeconds();
  const { statements, acknowledged, anchored } = await anchorAll(client, CONNECTIONS, loads);
  const used = (await service.cpuSeconds()) - cpu;
  client.close();
  await service.stop();
  await removeData(service);
  return [
    { figure: 'POST /v1/statements, until anchored', result: perSecond(statements / anchored), goal: '≥ 10,000/s' },
    { figure: 'POST /v1/statements, until acknowledged', result: perSecond(statements / acknowledged) },
    { figure: 'POST /v1/statements: statements a second of processor time', result: perSecond(statements / used) },
  ];
}

async function measureInProcess(): Promise<Row[]> {
  tellProgress('filling a queue');
  const { rate, perCpuSecond, elapsed, batches } = await anchorInProcess({ warmUp, count: inProcess });
  return [
    { figure: 'without HTTP, from the queue until read back', result: perSecond(rate), goal: '≥ 30,000/s' },
    { figure: 'without HTTP: statements a second of processor time', result: perSecond(perCpuSecond) },
    { figure: `without HTTP: ${batches} batches in`, result: seconds(elapsed) },
  ];
}
