import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { startTrial, type TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import { trialTrustText } from '@spondon/ledger/fabric/trust.test-support';
import { files, native } from '@spondon/network/layout';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { startTestServer, type TestServer, whyNoPostgres } from '../database/postgres.test-support.js';
import { type Copy, startCopy } from './copy-process.test-support.js';
import {
  type Body,
  facility,
  HOME_HOSPITAL,
  issueStatement,
  newHomeKey,
  scratchFolders,
  signed,
  until,
} from './deployment.test-support.js';
import { foldersOf } from './folders.js';
import { operatorCredentials } from './samples.js';

const newFolder = scratchFolders();
const STATEMENTS_AT_ONCE = 20;

/** One copy of the service, asked by its own address. */
interface AskedCopy extends Copy {
  readonly ask: (method: string, path: string, key?: string, json?: unknown) => Promise<Body>;
  readonly metric: (name: string) => Promise<number>;
  readonly operatorKey: string;
}

async function startAskedCopy(env: Readonly<Record<string, string>>): Promise<AskedCopy> {
  const dataDir = await newFolder();
  const copy = await startCopy({ ...env, SPONDON_DATA_DIR: dataDir, SPONDON_PORT: '0' });
  const { url } = copy;
  const text = async (path: string): Promise<string> => (await fetch(url + path)).text();
  const credentials = await readFile(operatorCredentials(foldersOf(dataDir).credentials), 'utf8');
  const { apiKey } = JSON.parse(credentials) as { apiKey: string };
  return {
    ...copy,
    operatorKey: apiKey,
    ask: async (method, path, key, json) => {
      const headers = {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const answer = await fetch(url + path, {
        method,
        headers,
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
      return (await answer.json()) as Body;
    },
    metric: async (name) =>
      Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await text('/metrics'))?.[1] ?? NaN),
  };
}

const why = (await whyNoTrial()) || (await whyNoPostgres());

describe('two copies of the service on one Fabric network', { skip: why, timeout: 8 * 60_000 }, () => {
  let trial: TrialNetwork;
  let server: TestServer;
  let copies: AskedCopy[] = [];

  before(async () => {
    server = await startTestServer();
    trial = await startTrial();
    // One regulator, whose deployment decides alone, is enough here; peers still endorse in pairs.
    const ledger = await trial.open('dghs');
    await ledger.submit('Init', [JSON.stringify([ledger.mspId])]);
    const organisation = trial.topology.organisations.find(({ name }) => name === 'dghs');
    assert.ok(organisation);
    const folder = await newFolder();
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'trust.json'), await trialTrustText(trial, 'records'));
    const env = {
      SPONDON_SAMPLES: 'false',
      SPONDON_PORTAL_URL: 'https://verify.example.gov.bd',
      SPONDON_MASTER_KEY: 'A'.repeat(43),
      SPONDON_RATE_LIMIT: '0',
      SPONDON_LOG_LEVEL: 'error',
      SPONDON_LEDGER: 'fabric',
      SPONDON_FABRIC: files.connection(native(trial.folder), organisation),
      SPONDON_TRUST_BUNDLE: join(folder, 'trust.json'),
      SPONDON_DATABASE_URL: await server.newDatabase(),
    };
    copies = await Promise.all([startAskedCopy(env), startAskedCopy(env)]);
  });
  after(async () => {
    for (const { child } of copies) child.kill('SIGKILL');
    try {
      await trial.stop();
    } finally {
      await server.stop();
    }
  });

  test('the leader is killed under load: another follows, nothing is lost and nothing anchored twice', async (t: TestContext) => {
    const home = newHomeKey();
    const [first] = copies;
    assert.ok(first);
    const admission = { issuerId: HOME_HOSPITAL, ...facility('Hospital Two'), jwk: home.jwk };
    await first.ask('POST', '/v1/issuers', first.operatorKey, admission);
    const { apiKey = '' } = await first.ask(
      'POST',
      `/v1/issuers/${HOME_HOSPITAL}/api-keys`,
      first.operatorKey,
    );

    /** Codes of what was told to be accepted. */
    const accepted: string[] = [];
    let isOver = false as boolean;
    const load = async (copy: AskedCopy): Promise<void> => {
      while (!isOver) {
        const statements = await Promise.all(
          Array.from({ length: STATEMENTS_AT_ONCE }, () => signed(issueStatement(), home)),
        );
        const answer = await copy
          .ask('POST', '/v1/statements', apiKey, { statements })
          .catch((): Body => ({}));
        for (const { state, documentId } of answer.results ?? [])
          if (state === 'pending' && documentId !== undefined) accepted.push(documentId);
        if (!answer.results && copy.child.killed) return;
        // Whoever is told to be accepted by one copy is known to the other at once.
        const [asked] = answer.results ?? [];
        const other = copies.find((each) => each !== copy && !each.child.killed);
        if (!asked || !other) continue;
        const seen = await other
          .ask('GET', `/v1/verify?code=${asked.documentId ?? ''}`)
          .catch((error: unknown) => {
            if (!other.child.killed) throw error;
            return null;
          });
        if (seen === null) continue;
        const { verdict } = seen;
        assert.ok(verdict === 'pending' || verdict === 'valid', `${verdict ?? 'nothing'} at the other copy`);
      }
    };
    const leads = await Promise.all(copies.map(({ metric }) => metric('spondon_leader')));
    assert.deepEqual([...leads].sort(), [0, 1]);
    const leader = copies[leads.indexOf(1)];
    const follower = copies[leads.indexOf(0)];
    assert.ok(leader && follower);

    const loads = copies.map(load);
    await until(() => accepted.length > 400);
    leader.child.kill('SIGKILL');
    const killed = performance.now();
    await until(async () => (await follower.metric('spondon_leader')) === 1);
    t.diagnostic(`another leads after ${Math.round(performance.now() - killed)} ms`);
    const before = accepted.length;
    await until(() => accepted.length > before + 400);
    isOver = true;
    await Promise.all(loads);

    await until(async () => (await follower.metric('spondon_queue_statements')) === 0);
    for (const code of accepted) {
      const { verdict } = await follower.ask('GET', `/v1/verify?code=${code}`);
      assert.equal(verdict, 'valid');
    }
    t.diagnostic(`${accepted.length} statements were accepted and are anchored`);
    // What was accepted, and of requests whose answer the kill cut off, at most one each.
    const entries = await follower.metric('spondon_log_entries');
    assert.ok(entries >= accepted.length && entries <= accepted.length + copies.length * STATEMENTS_AT_ONCE);
  });
});
