import { setTimeout as delay } from 'node:timers/promises';
import { megabytes, percent, seconds } from './figures.js';
import { readOptions } from './options.js';
import { CONNECTIONS, openPrefilledLog, type RunningLog } from './prefilled-log.js';
import { type Rate, rateOf, shownRate } from './rate.js';
import { printReport, type Row, tellProgress } from './report.js';
import { anchorAll, presign } from './statement-load.js';
import { lookUp, wrkVersion } from './wrk.js';

/** What a log's growth costs: the same work at the beginning and at the end. */

const LOOK_UP_CONNECTIONS = 32;

const options = readOptions();
const wrk = await wrkVersion();
const sizes = options.quick ? { first: 2_000, last: 50_000 } : { first: 10_000, last: 1_000_000 };
const accepted = options.quick ? 5_000 : 50_000;
const lookUpSeconds = options.quick ? 3 : 15;
/** Some way into the work that is killed. */
const MIDDLE_MS = 500;
/** Equally many documents are asked for at both sizes, so that what is kept in memory helps both alike. */
const askedFor = sizes.first;

interface Measured {
  readonly entries: number;
  /** Of statements, until anchored. */
  readonly accept: Rate;
  readonly lookUps: Rate;
  readonly lookUpsOfAll: Rate;
  /** Seconds. */
  readonly startUp: number;
  readonly startUpAfterKill: number;
  readonly memory: number;
}

const log = await openPrefilledLog(options.data);
const first = await measureAt(sizes.first);
const last = await measureAt(sizes.last);
await log.dispose();

const rows: Row[] = [
  ...compare('statements accepted and anchored', (at) => at.accept, '≥ 80 %'),
  ...compare(`look-ups of the same ${askedFor} documents`, (at) => at.lookUps, '≥ 80 %'),
  ...compare('look-ups of all documents', (at) => at.lookUpsOfAll),
  ...both('start-up after an orderly end', (at) => seconds(at.startUp), '≤ 2 s'),
  ...both('start-up after SIGKILL under load', (at) => seconds(at.startUpAfterKill), '≤ 2 s'),
  ...both('memory after start-up', (at) => megabytes(at.memory)),
];
const settings = { statements: accepted, connections: CONNECTIONS, 'look-up seconds': lookUpSeconds };
await printReport('Growth', { ...settings, 'look-up connections': LOOK_UP_CONNECTIONS, wrk }, rows);

async function measureAt(size: number): Promise<Measured> {
  const filling = await log.start();
  await filling.fill(size);
  const entries = await filling.entries();
  if (entries > size + 4 * accepted)
    throw new Error(`The log has ${entries} entries already: use a new folder`);
  await filling.stop();

  const running = await log.start();
  const startUp = running.service.startedInMs / 1000;
  const memory = await running.service.memory();
  const lookUps = await lookUpsOf(running, Math.min(askedFor, entries));
  const lookUpsOfAll = await lookUpsOf(running, entries);
  const accept = await acceptRate(running, entries);
  const startUpAfterKill = await killUnderLoad(running);
  return { entries, accept, lookUps, lookUpsOfAll, startUp, startUpAfterKill, memory };
}

async function lookUpsOf({ service }: RunningLog, documents: number): Promise<Rate> {
  tellProgress(`looking up ${documents} documents`);
  const load = { url: service.url, documents, unknown: 0.1, connections: LOOK_UP_CONNECTIONS };
  await lookUp({ ...load, seconds: Math.ceil(lookUpSeconds / 2) });
  return (await rateOf(service, () => lookUp({ ...load, seconds: lookUpSeconds }))).rate;
}

async function acceptRate({ service, client, signer }: RunningLog, from: number): Promise<Rate> {
  tellProgress('accepting statements');
  const warmUp = accepted / 5;
  await anchorAll(client, CONNECTIONS, await presign(signer, from, warmUp));
  const loads = await presign(signer, from + warmUp, accepted);
  return (await rateOf(service, () => anchorAll(client, CONNECTIONS, loads))).rate;
}

/** Seconds that the next start takes after the process died in the middle of its work. */
async function killUnderLoad({ service, client, signer, entries }: RunningLog): Promise<number> {
  tellProgress('killing it under load');
  const loads = await presign(signer, await entries(), accepted / 5);
  // One connection: what was accepted is then a run of numbers, and the next ones go on from there.
  const sending = anchorAll(client, 1, loads).catch(() => undefined);
  await delay(MIDDLE_MS);
  await service.kill();
  await sending;
  client.close();
  const again = await log.start();
  // What was accepted before is anchored now.
  await again.entries();
  await again.stop();
  return again.service.startedInMs / 1000;
}

function compare(what: string, of: (at: Measured) => Rate, goal?: string): Row[] {
  const byTime = percent(of(last).perSecond / of(first).perSecond);
  const byCpu = percent(of(last).perCpuSecond / of(first).perCpuSecond);
  const ratio = { figure: `${what}: last to first`, result: `${byTime} (${byCpu} of processor time)` };
  return [...both(what, (at) => shownRate(of(at))), goal === undefined ? ratio : { ...ratio, goal }];
}

function both(what: string, shown: (at: Measured) => string, goal?: string): Row[] {
  return [first, last].map((at) => {
    const row = { figure: `${what}, ${at.entries.toLocaleString('en')} entries`, result: shown(at) };
    return goal === undefined ? row : { ...row, goal };
  });
}
