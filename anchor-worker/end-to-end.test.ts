import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Records } from '@spondon/chaincode/records';
import { openEmbeddedLedger } from '@spondon/ledger/embedded/open';
import type { Ledger } from '@spondon/ledger/port';
import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import { fromUtf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import { type EcPublicJwk, kidOf, type Sign } from '@spondon/protocol/crypto';
import { generatePrivateKey, publicJwkOf, sha256, signWith } from '@spondon/protocol/crypto-node';
import { verifyInclusion } from '@spondon/protocol/merkle/inclusion';
import { leafHash } from '@spondon/protocol/merkle/tree';
import type { LogHead, Status } from '@spondon/protocol/records';
import {
  parseStatement,
  type SignedStatement,
  signStatement,
  type Statement,
} from '@spondon/protocol/statement';
import { Anchorer } from './anchorer.js';
import { until } from './anchoring.test-support.js';
import { Follower } from './follower.js';
import { rebuildLog } from './log/rebuild.js';
import { LogStore } from './log/store.js';
import { enqueue, type QueueDb, queueLength, refusedByCode } from './queue.js';
import {
  bytesOf,
  contentsOf,
  documentIdOf,
  openQueue,
  queueRow,
  temporaryFolder,
} from './sample.test-support.js';
import { startTicker } from './ticker.js';

const MSP = 'SpondonMSP';
const ISS = 'bd.dghs.1';

interface Facility {
  readonly iss: string;
  readonly jwk: EcPublicJwk;
  readonly kid: string;
  readonly sign: Sign;
}

function newFacility(iss: string): Facility {
  const privateKey = generatePrivateKey('P-256');
  const jwk = publicJwkOf(privateKey);
  return { iss, jwk, kid: kidOf(jwk, sha256), sign: signWith(privateKey) };
}

async function signed({ kid, sign }: Facility, statement: Statement): Promise<SignedStatement> {
  return parseStatement(await signStatement(statement, kid, sign));
}

function issue(facility: Facility, label: string): Promise<SignedStatement> {
  const [hash, claims] = ['hash', 'claims'].map((part) => encodeBase64url(bytesOf(`${label}/${part}`, 32)));
  const iat = Math.floor(Date.now() / 1000);
  const document = {
    jti: documentIdOf(label),
    kind: 'report',
    sha256: hash ?? '',
    claims: claims ?? '',
  } as const;
  return signed(facility, { op: 'issue', iss: facility.iss, iat, ...document });
}

function revoke(facility: Facility, label: string): Promise<SignedStatement> {
  const iat = Math.floor(Date.now() / 1000);
  return signed(facility, {
    op: 'revoke',
    iss: facility.iss,
    iat,
    jti: documentIdOf(label),
    reason: 'withdrawn',
  });
}

async function openLedger(folder: string): Promise<Ledger> {
  await mkdir(folder, { recursive: true });
  return openEmbeddedLedger({
    folder,
    channel: 'records',
    chaincode: { name: 'records', version: '1' },
    contract: new Records(),
    mspId: MSP,
    owner: 'Sample Owner',
    keeper: { seal: (key) => Uint8Array.from(key), open: (key) => Uint8Array.from(key) },
    now: Date.now,
    random: (length) => randomBytes(length),
  });
}

async function decide(ledger: Ledger, action: object): Promise<number> {
  return (await ledger.submit('Decide', [canonicalJson(action)])).block;
}

async function admit(ledger: Ledger, { iss, jwk }: Facility): Promise<void> {
  const named = {
    name: 'Sample Hospital',
    kind: 'hospital',
    mspId: MSP,
    licence: 'L-1',
    telephone: '+88021234567',
  };
  await decide(ledger, { do: 'admit', iss, ...named, jwk, nonce: '1' });
}

async function read<T>(ledger: Ledger, fn: string, ...args: string[]): Promise<T> {
  return JSON.parse(fromUtf8(await ledger.evaluate(fn, args))) as T;
}

interface Worker {
  readonly ledger: Ledger;
  readonly store: LogStore;
  readonly follower: Follower;
  readonly troubles: unknown[];
  readonly accept: (statements: readonly SignedStatement[]) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Everything that the service runs, over folders and a queue that outlive it. */
async function startWorker(folder: string, db: QueueDb): Promise<Worker> {
  const ledger = await openLedger(join(folder, 'ledger'));
  if ((await ledger.height()) === 0) await ledger.submit('Init', [JSON.stringify([MSP])]);
  const troubles: unknown[] = [];
  const onTrouble = (error: unknown): void => void troubles.push(error);
  const store = await LogStore.open(join(folder, 'log'), sha256);
  const follower = new Follower({ ledger, store, onFailure: onTrouble });
  await follower.start();
  const anchorer = new Anchorer({ ledger, store, follower, db, now: Date.now, onTrouble });
  anchorer.start();
  const ticker = startTicker(ledger, onTrouble);
  return {
    ledger,
    store,
    follower,
    troubles,
    accept: async (statements) => {
      await enqueue(
        db,
        statements.map((statement) => queueRow(statement, MSP)),
      );
      anchorer.wake();
    },
    stop: async () => {
      ticker.stop();
      await anchorer.stop();
      await follower.stop();
      await ledger.close();
    },
  };
}

function isDrained(db: QueueDb): () => Promise<boolean> {
  return async () => (await queueLength(db)) === 0;
}

async function assertProven({ ledger, store }: Worker, statement: SignedStatement): Promise<void> {
  const [found, ...others] = store
    .findByCode(statement.statement.jti)
    .filter((entry) => entry.signed.text === statement.text);
  assert.ok(found);
  assert.deepEqual(others, []);
  const head = await read<LogHead>(ledger, 'Head', MSP);
  assert.deepEqual(store.head(MSP), head);
  const path = store.inclusionPath(MSP, found.index, head.size);
  const leaf = leafHash(store.entry(MSP, found.index), sha256);
  verifyInclusion(leaf, found.index, head.size, path, decodeBase64url(head.root), sha256);
}

async function begin(t: TestContext): Promise<{ folder: string; db: QueueDb; hospital: Facility }> {
  return { folder: await temporaryFolder(t), db: await openQueue(t), hospital: newFacility(ISS) };
}

test('on the embedded ledger with the real contract: queued, anchored, proven, revoked', async (t) => {
  const { folder, db, hospital } = await begin(t);
  const worker = await startWorker(folder, db);
  await admit(worker.ledger, hospital);
  const statements = await Promise.all(
    Array.from({ length: 300 }, (_, at) => issue(hospital, `document ${at}`)),
  );
  await worker.accept(statements.slice(0, 1));
  await worker.accept(statements);
  await until(isDrained(db));
  for (const statement of statements.slice(0, 20)) await assertProven(worker, statement);
  const revocations = [await revoke(hospital, 'document 7'), await revoke(hospital, 'document 299')];
  // A document and its revocation in one go.
  const last = [await issue(hospital, 'last'), await revoke(hospital, 'last')];
  await worker.accept([...revocations, ...last]);
  await until(isDrained(db));
  for (const statement of [...revocations, ...last]) await assertProven(worker, statement);
  const status = await read<Status>(worker.ledger, 'Status', ISS, documentIdOf('document 7'));
  assert.deepEqual([status.reason, status.index], ['withdrawn', 300]);
  assert.deepEqual(worker.store.issuer(ISS), await read(worker.ledger, 'Issuer', ISS));
  assert.equal(worker.store.clock, (await read<{ at: number }>(worker.ledger, 'Clock')).at);
  assert.deepEqual(worker.troubles, []);
  assert.equal(worker.store.head(MSP)?.size, 304);
  await worker.stop();
});

test('what the contract refuses is set aside with its code, and nothing else suffers', async (t) => {
  const { folder, db, hospital } = await begin(t);
  const clinic = newFacility('bd.dghs.2');
  const worker = await startWorker(folder, db);
  for (const facility of [hospital, clinic]) await admit(worker.ledger, facility);
  await worker.accept([await issue(clinic, 'before')]);
  await until(isDrained(db));
  await worker.follower.applied(await decide(worker.ledger, { do: 'suspend', iss: clinic.iss, nonce: '2' }));
  const good = await Promise.all(Array.from({ length: 20 }, (_, at) => issue(hospital, `good ${at}`)));
  const forged = { ...hospital, sign: newFacility('bd.dghs.3').sign };
  const bad: [string, SignedStatement][] = [
    ['ISSUER_SUSPENDED', await issue(clinic, 'a')],
    ['ISSUER_SUSPENDED', await revoke(clinic, 'before')],
    ['ISSUER_UNKNOWN', await issue(newFacility('bd.dghs.4'), 'b')],
    ['KEY_UNKNOWN', await issue({ ...hospital, kid: 'no-such-key' }, 'c')],
    ['ISSUE_UNKNOWN', await revoke(hospital, 'never issued')],
    ['REVOKE_SIGNATURE', await revoke(forged, 'good 0')],
  ];
  await worker.accept(good.slice(0, 10));
  await until(isDrained(db));
  await worker.accept([...bad.map(([, statement]) => statement), ...good.slice(10)]);
  await until(isDrained(db));
  for (const statement of good) await assertProven(worker, statement);
  for (const [code, { text, statement }] of bad) {
    const refused = await refusedByCode(db, statement.jti);
    assert.deepEqual([refused.map((row) => row.code), refused[0]?.statement], [[code], text]);
  }
  assert.deepEqual(worker.troubles, []);
  assert.equal(worker.store.head(MSP)?.size, 21);
  await worker.stop();
});

test('after a restart it goes on where it was: rows that were anchored are recognised, files are those of the blocks', async (t) => {
  const { folder, db, hospital } = await begin(t);
  const first = await startWorker(folder, db);
  await admit(first.ledger, hospital);
  const statements = await Promise.all(
    Array.from({ length: 700 }, (_, at) => issue(hospital, `document ${at}`)),
  );
  await first.accept(statements.slice(0, 400));
  await until(isDrained(db));
  await first.stop();
  // As if it had been killed before the rows left the queue; meanwhile more were accepted.
  await enqueue(
    db,
    statements.map((statement) => queueRow(statement, MSP)),
  );
  const second = await startWorker(folder, db);
  await until(isDrained(db));
  assert.equal(second.store.head(MSP)?.size, 700);
  for (const statement of statements.slice(390, 410)) await assertProven(second, statement);
  assert.deepEqual(second.troubles, []);
  const height = await second.ledger.height();
  await second.stop();
  const ledger = await openLedger(join(folder, 'ledger'));
  await rebuildLog(ledger, join(folder, 'again'), sha256, height);
  await ledger.close();
  assert.deepEqual(await contentsOf(join(folder, 'again')), await contentsOf(join(folder, 'log')));
});
