import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { startTrial, type TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import {
  startTestServer,
  type TestServer,
  whyNoPostgres,
} from '@spondon/verifier-service/database/postgres.test-support';
import { settingsOn } from '@spondon/verifier-service/deployment/consortium.test-support';
import { createClient } from './client.js';
import { lagOfLookUps, type Lag } from './fabric/lag.js';
import { milliseconds, percent, percentile, perSecond } from './figures.js';
import { admitHomeSigner, HOME_ISSUER, type KeptSigner, newApiKey, openHomeSigner } from './home-signer.js';
import { interruption } from './interruption.js';
import { readOptions } from './options.js';
import { type Rate, rateOf, shownRate } from './rate.js';
import { printReport, type Row, tellProgress } from './report.js';
import { startService } from './service.js';
import { anchorAll, anchorSteadily, presign } from './statement-load.js';
import { lookUp, type LookUpResult, wrkVersion } from './wrk.js';

/**
 * Verify by hash over HTTP on the embedded ledger and on the native trial network, in turns, at rest and while statements
 * are anchored; and how long after the peer has a block look-ups show it.
 */

const CONNECTIONS = 32;
const ROUNDS = 3;
const PER_SECOND = 500;

const options = readOptions();
const entries = options.quick ? 2_000 : 100_000;
const seconds = options.quick ? 2 : 20;
const warmUpSeconds = options.quick ? 1 : 5;

/** Documents on one ledger, and their signer once it is admitted there. */
interface Filled {
  signer: KeptSigner | null;
  documents: number;
}

interface Side {
  readonly name: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly filled: Filled;
  readonly turns: Turn[];
}

interface Measured {
  readonly rate: Rate;
  readonly done: LookUpResult;
}

interface Turn {
  readonly atRest: Measured;
  readonly underLoad: Measured;
  readonly lag: Lag | null;
}

const without = await whyNoTrial();
if (without !== false) {
  process.stderr.write(`Nothing is measured: ${without}\n`);
} else {
  const wrk = await wrkVersion();
  const folder = await mkdtemp(join(tmpdir(), 'spondon-bench-'));
  const interrupted = interruption();
  tellProgress('starting the trial network');
  const trial = await startTrial();
  const server = (await whyNoPostgres()) === false ? await startTestServer() : null;
  try {
    const sides = await sidesOf(folder, trial, server);
    for (let round = 1; round <= ROUNDS; round += 1) {
      for (const side of sides) {
        interrupted.throwIfAborted();
        tellProgress(`round ${round}: ${side.name}`);
        side.turns.push(await turn(side, trial));
      }
    }
    const settings = {
      entries,
      connections: CONNECTIONS,
      'unknown hashes': percent(options.unknown),
      rounds: ROUNDS,
      'seconds of a measurement': seconds,
      'seconds before': warmUpSeconds,
      load: `${PER_SECOND} statements/s`,
      wrk,
      PostgreSQL: server ? 'on this machine' : 'not installed',
    };
    await printReport('Verify by hash on Fabric', settings, sides.flatMap(rowsOf));
  } finally {
    await server?.stop();
    await trial.stop();
    await rm(folder, { recursive: true });
  }
}

/** The last two are deployments of one organisation, and run one at a time. */
async function sidesOf(folder: string, trial: TrialNetwork, server: TestServer | null): Promise<Side[]> {
  const fabric = await settingsOn(trial);
  const onFabric: Filled = { signer: null, documents: 0 };
  const side = (name: string, env: Side['env'], filled: Filled): Side => ({
    name,
    dataDir: join(folder, name.replaceAll(' ', '-')),
    env: { SPONDON_SAMPLES: 'false', ...env },
    filled,
    turns: [],
  });
  return [
    side('embedded', {}, { signer: null, documents: 0 }),
    side('Fabric', fabric, onFabric),
    ...(server
      ? [
          side(
            'Fabric and PostgreSQL',
            { ...fabric, SPONDON_DATABASE_URL: await server.newDatabase() },
            onFabric,
          ),
        ]
      : []),
  ];
}

async function turn({ dataDir, env, filled }: Side, trial: TrialNetwork): Promise<Turn> {
  const service = await startService({ dataDir, env });
  const client = createClient(service.url, CONNECTIONS);
  try {
    filled.signer ??= await admitHomeSigner(service, client);
    const signer = openHomeSigner({
      ...filled.signer,
      apiKey: await newApiKey(service, client, HOME_ISSUER),
    });
    if (filled.documents === 0) {
      await anchorAll(client, 4, await presign(signer, 0, entries));
      filled.documents = entries;
    }
    const load = { url: service.url, documents: entries, connections: CONNECTIONS, unknown: options.unknown };
    await lookUp({ ...load, seconds: warmUpSeconds });
    const atRest = await rateOf(service, () => lookUp({ ...load, seconds }));

    const over = new AbortController();
    const count = PER_SECOND * (seconds + warmUpSeconds);
    const steady = await anchorSteadily(client, signer, filled.documents, count, PER_SECOND);
    filled.documents += count;
    const lag = env.SPONDON_LEDGER === 'fabric' ? lagOfLookUps(trial, client, over.signal) : null;
    const underLoad = await rateOf(service, () => lookUp({ ...load, seconds }));
    await steady.done;
    over.abort();
    return { atRest, underLoad, lag: await lag };
  } finally {
    client.close();
    await service.stop();
  }
}

function rowsOf({ name, turns }: Side): Row[] {
  const of = (when: string, measured: readonly Measured[]): Row[] => {
    const median = (value: (each: Measured) => number): number => percentile(measured.map(value), 0.5);
    const rate = {
      perSecond: median(({ rate: each }) => each.perSecond),
      perCpuSecond: median(({ rate: each }) => each.perCpuSecond),
    };
    const p50 = milliseconds(median(({ done }) => done.p50));
    const p99 = milliseconds(median(({ done }) => done.p99));
    return [
      { figure: `${name}, ${when}: look-ups, median of rounds`, result: shownRate(rate) },
      {
        figure: 'each round',
        result: measured.map(({ rate: each }) => perSecond(each.perSecond)).join(', '),
      },
      { figure: 'p50 and p99, medians of rounds', result: `${p50}, ${p99}` },
    ];
  };
  const lags = turns.flatMap(({ lag }) => (lag ? [lag] : []));
  const seen = lags.flatMap(({ seen: each }) => each);
  return [
    ...of(
      'at rest',
      turns.map(({ atRest }) => atRest),
    ),
    ...of(
      'under load',
      turns.map(({ underLoad }) => underLoad),
    ),
    ...(lags.length === 0
      ? []
      : [
          {
            figure: `${name}: from a block at the peer until a look-up shows it, p50, p99, longest of ${seen.length}`,
            result: [0.5, 0.99, 1].map((share) => milliseconds(percentile(seen, share))).join(', '),
            goal: '≤ 2 s',
          },
          {
            figure: 'the most that the service itself told (spondon_follower_lag_seconds)',
            result: milliseconds(Math.max(...lags.map(({ told }) => told))),
            goal: '≤ 2 s',
          },
        ]),
  ];
}
