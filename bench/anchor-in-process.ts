import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Anchorer } from '@spondon/anchor-worker/anchorer';
import { Follower } from '@spondon/anchor-worker/follower';
import { LogStore } from '@spondon/anchor-worker/log/store';
import { enqueue, type NewQueueRow, type QueueDb } from '@spondon/anchor-worker/queue';
import { Records } from '@spondon/chaincode/records';
import { openEmbeddedLedger } from '@spondon/ledger/embedded/open';
import type { Ledger } from '@spondon/ledger/port';
import { canonicalJson } from '@spondon/protocol/canonical';
import { publicJwkOf, sha256 } from '@spondon/protocol/crypto-node';
import { parseStatement } from '@spondon/protocol/statement';
import { queueOf } from '@spondon/verifier-service/database/schema';
import { openSqlite } from '@spondon/verifier-service/database/sqlite';
import { HOME_ISSUER, signMany } from './home-signer.js';
import type { Rate } from './rate.js';

/** Rows made and queued at a time. */
const CHUNK = 10_000;

export interface InProcessResult {
  /** Statements a second, from the queue until they could be looked up and had left it. */
  readonly rate: Rate;
  readonly elapsed: number;
  readonly batches: number;
}

/** A ledger, and those who decide on it, not started yet. */
export interface Channel {
  readonly ledger: Ledger;
  readonly regulators: readonly Ledger[];
}

/**
 * Anchors `count` statements that wait in a durable queue, with the parts that the service is made of, after `warmUp`
 * others: on `channel`, or on an embedded ledger.
 */
export async function anchorInProcess({
  warmUp,
  count,
  channel,
}: {
  warmUp: number;
  count: number;
  channel?: Channel;
}): Promise<InProcessResult> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-bench-'));
  const database = await openSqlite(join(folder, 'service.db'));
  const db = queueOf(database);
  const { ledger, regulators } = channel ?? (await openEmbedded(join(folder, 'ledger')));
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  await found(ledger, regulators, publicJwkOf(key));
  const store = await LogStore.open(join(folder, 'log'), sha256);
  const follower = new Follower({ ledger, store, onFailure: fail });
  await follower.start();
  const fill = async (first: number, many: number): Promise<void> => {
    for (let from = first; from < first + many; from += CHUNK) {
      await queueTexts(
        db,
        ledger.mspId,
        await signMany(key, HOME_ISSUER, from, Math.min(CHUNK, first + many - from)),
      );
    }
  };
  const drain = (many: number) => drainQueue({ ledger, store, follower, db }, many);

  await fill(0, warmUp);
  await drain(warmUp);
  await fill(warmUp, count);
  const result = await drain(count);

  await follower.stop();
  if (!channel) await ledger.close();
  await database.destroy();
  await rm(folder, { recursive: true, force: true });
  return result;
}

interface Parts {
  readonly ledger: Ledger;
  readonly store: LogStore;
  readonly follower: Follower;
  readonly db: QueueDb;
}

async function drainQueue(parts: Parts, count: number): Promise<InProcessResult> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let batches = 0;
  await new Promise<void>((resolve, reject) => {
    let left = count;
    const anchorer = new Anchorer({
      ...parts,
      now: () => Date.now(),
      onAnchored: (anchored) => {
        left -= anchored;
        batches += 1;
        if (left === 0) void anchorer.stop().then(resolve, reject);
      },
      onSetAside: (code) => reject(new Error(`A statement was refused: ${code}`)),
      onTrouble: reject,
    });
    anchorer.start();
  });
  const elapsed = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rate = { perSecond: count / elapsed, perCpuSecond: (count * 1e6) / (user + system) };
  return { rate, elapsed, batches };
}

async function openEmbedded(folder: string): Promise<Channel> {
  await mkdir(folder, { recursive: true });
  const ledger = await openEmbeddedLedger({
    folder,
    channel: 'records',
    chaincode: { name: 'records', version: '1' },
    contract: new Records(),
    mspId: 'SpondonMSP',
    owner: 'Benchmark',
    // Keys of a ledger that is thrown away.
    keeper: { seal: (plaintext) => Uint8Array.from(plaintext), open: (sealed) => Uint8Array.from(sealed) },
    now: () => Date.now(),
    random: (length) => randomBytes(length),
  });
  return { ledger, regulators: [ledger] };
}

async function found({ mspId }: Ledger, regulators: readonly Ledger[], jwk: object): Promise<void> {
  await regulators[0]?.submit('Init', [JSON.stringify(regulators.map((each) => each.mspId))]);
  const facility = { iss: HOME_ISSUER, name: 'Benchmark Hospital', kind: 'hospital', mspId };
  const contact = { licence: 'B-1', telephone: '+880 2 0000 9999' };
  const admission = canonicalJson({ do: 'admit', ...facility, ...contact, jwk, nonce: 'benchmark' });
  for (const regulator of regulators) await regulator.submit('Decide', [admission]);
}

async function queueTexts(db: QueueDb, mspId: string, texts: readonly string[]): Promise<void> {
  const acceptedAt = Date.now();
  const rows = texts.map((text): NewQueueRow => {
    const { statement } = parseStatement(text);
    const { iss, jti, op } = statement;
    const hash = statement.op === 'issue' ? statement.sha256 : null;
    return { mspId, iss, jti, op, sha256: hash, statement: text, acceptedAt };
  });
  await enqueue(db, rows);
}

function fail(error: unknown): never {
  throw error instanceof Error ? error : new Error(String(error));
}
