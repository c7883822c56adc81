import { startTrial, type TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import { files, native } from '@spondon/network/layout';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { organisationNamed } from '@spondon/network/topology';
import { makeTrust } from '@spondon/network/trust/make';
import { whyNoPostgres } from '../database/postgres.test-support.js';
import { startKubo, whyNoKubo } from '../ipfs/kubo.test-support.js';
import { whyNoBalancer } from './balancer.test-support.js';

/** What the tests of the API share when a whole run of them is on a consortium. */
export interface Consortium {
  /** For the processes of test files, which find it in their environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

const SETTINGS = 'TESTS_SETTINGS';

/** Why there can be none on this machine; false when there can. */
export async function whyNoConsortium(): Promise<string | false> {
  return (await whyNoTrial()) || (await whyNoPostgres()) || whyNoKubo() || whyNoBalancer();
}

/** The trial network and a private Kubo. PostgreSQL is each test file's own. */
export async function startConsortium(): Promise<Consortium> {
  const trial = await startTrial();
  const kubo = await startKubo();
  const stop = async (): Promise<void> => {
    try {
      await kubo.remove();
    } finally {
      await trial.stop();
    }
  };
  try {
    const settings = { ...(await settingsOn(trial)), SPONDON_KUBO: kubo.url };
    return { env: { [SETTINGS]: JSON.stringify(settings) }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Starts the channel `records` of a network, with one regulator who decides alone, and returns what puts its deployment on
 * it. Peers of both regulators endorse all the same; what the two decide together has a test of its own (fabric.test.ts).
 */
export async function settingsOn(trial: TrialNetwork): Promise<Readonly<Record<string, string>>> {
  const ledger = await trial.open('dghs');
  await ledger.submit('Init', [JSON.stringify([ledger.mspId])]);
  const place = native(trial.folder);
  const subject = { channel: 'records', hosts: ['verify.example.gov.bd'] };
  const { file } = await makeTrust(trial.topology, place, subject, Date.now());
  return {
    SPONDON_LEDGER: 'fabric',
    SPONDON_FABRIC: files.connection(place, organisationNamed(trial.topology, 'dghs')),
    SPONDON_TRUST_BUNDLE: file,
  };
}

/** Settings that put a service on the consortium of this run. */
export function settingsOfRun(): Readonly<Record<string, string>> {
  const text = process.env[SETTINGS];
  if (text === undefined)
    throw new Error('tests run on a consortium by `scripts/run-tests.mjs --on consortium`');
  return JSON.parse(text) as Record<string, string>;
}
