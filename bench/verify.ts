import { megabytes, milliseconds, percent } from './figures.js';
import { readOptions } from './options.js';
import { openPrefilledLog } from './prefilled-log.js';
import { rateOf, shownRate } from './rate.js';
import { printReport, type Row, tellProgress } from './report.js';
import { lookUp, wrkVersion } from './wrk.js';

/** Verify by hash over HTTP, on a log of a million entries, the service on one core. */

const CONNECTIONS = 32;
const SERVER_CORE = '0';
const WRK_CORE = '1';

const options = readOptions();
const wrk = await wrkVersion();
const entries = options.quick ? 100_000 : 1_000_000;
const seconds = options.quick ? 5 : 30;
const warmUpSeconds = options.quick ? 2 : 10;

const log = await openPrefilledLog(options.data);
const filling = await log.start();
await filling.fill(entries);
const documents = await filling.entries();
await filling.stop();
// Started again: what filling left in memory must not help.
const running = await log.start({ pin: SERVER_CORE, profile: options.profile });
const load = { url: running.service.url, documents, connections: CONNECTIONS, pin: WRK_CORE };
tellProgress('looking up');
await lookUp({ ...load, unknown: options.unknown, seconds: warmUpSeconds });
const { rate, done: found } = await rateOf(running.service, () =>
  lookUp({ ...load, unknown: options.unknown, seconds }),
);
const memory = await running.service.memory();
await running.stop();
await log.dispose();

const answers = `${percent(found.valid)} valid, ${percent(found.notFound)} not found`;
const rows: Row[] = [
  { figure: 'look-ups', result: shownRate(rate), goal: '≥ 6,000/s' },
  { figure: 'p50', result: milliseconds(found.p50) },
  { figure: 'p99', result: milliseconds(found.p99), goal: '≤ 10 ms' },
  { figure: 'longest', result: milliseconds(found.longest) },
  { figure: 'answers', result: answers },
  { figure: 'memory of the service', result: megabytes(memory) },
];
const settings = {
  entries: documents,
  connections: CONNECTIONS,
  'unknown hashes': percent(options.unknown),
  seconds,
};
await printReport(
  'Verify by hash over HTTP',
  {
    ...settings,
    'seconds before': warmUpSeconds,
    wrk,
    'service on core': SERVER_CORE,
    'wrk on core': WRK_CORE,
  },
  rows,
);
