import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Anchorer } from '@spondon/anchor-worker/anchorer';
import { Follower } from '@spondon/anchor-worker/follower';
import { LogStore } from '@spondon/anchor-worker/log/store';
import { enqueue, type NewQueueRow, type QueueDb } from '@spondon/anchor-worker/queue';
import { Records } from '@spondon/chaincode/records';
import { openEmbeddedLedger } from '@spondon/ledger/embedded/open';
import { type Ledger, LedgerError } from '@spondon/ledger/port';
import { canonicalJson } from '@spondon/protocol/canonical';
import { generatePrivateKey, publicJwkOf, sha256 } from '@spondon/protocol/crypto-node';
import { parseStatement } from '@spondon/protocol/statement';
import { queueOf } from '@spondon/verifier-service/database/schema';
import { openSqlite } from '@spondon/verifier-service/database/sqlite';
import { HOME_ISSUER, signMany } from './home-signer.js';
import type { Rate } from './rate.js';
import { tellProgress } from './report.js';

/** Rows made and queued at a time. */
const CHUNK = 10_000;

/** A ledger, and those who decide on it, not started yet. */
export interface Channel {
  readonly ledger: Ledger;
  readonly regulators: readonly Ledger[];
}

export interface Drained {
  /** Statements a second, from the queue until they could be looked up and had left it. */
  readonly rate: Rate;
  readonly elapsed: number;
  readonly batches: number;
}

/** The parts that the service anchors with, in this process, over a durable queue. */
export interface InProcess {
  readonly ledger: Ledger;
  readonly store: LogStore;
  /** Signs and queues so many new statements. */
  readonly fill: (count: number) => Promise<void>;
  /** Anchors the `count` statements that wait. */
  readonly drain: (count: number) => Promise<Drained>;
  /**
   * Queues `perSecond` statements, evenly, for so many seconds, and anchors them meanwhile. How long each took from when
   * it was durable until it could be looked up, ms.
   */
  readonly trickle: (perSecond: number, seconds: number) => Promise<number[]>;
  readonly close: () => Promise<void>;
}

/** On `channel`, or on an embedded ledger of its own, where a facility is admitted first. */
export async function openInProcess(channel?: Channel): Promise<InProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-bench-'));
  const database = await openSqlite(join(folder, 'service.db'));
  const db = queueOf(database);
  const { ledger, regulators } = channel ?? (await openEmbedded(join(folder, 'ledger')));
  const key = generatePrivateKey('P-256');
  await found(ledger, regulators, publicJwkOf(key));
  const store = await LogStore.open(join(folder, 'log'), sha256);
  const follower = new Follower({ ledger, store, onFailure: fail });
  await follower.start();

  let made = 0;
  const sign = (count: number) => {
    made += count;
    return signMany(key, HOME_ISSUER, made - count, count);
  };
  const parts: Parts = { ledger, store, follower, db };
  return {
    ledger,
    store,
    fill: async (count) => {
      for (let left = count; left > 0; left -= CHUNK) {
        await queueTexts(db, ledger.mspId, await sign(Math.min(CHUNK, left)));
      }
    },
    drain: (count) => drain(parts, count),
    trickle: async (perSecond, seconds) => trickle(parts, await sign(perSecond * seconds), perSecond),
    close: async () => {
      await follower.stop();
      if (!channel) await ledger.close();
      await database.destroy();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Parts {
  readonly ledger: Ledger;
  readonly store: LogStore;
  readonly follower: Follower;
  readonly db: QueueDb;
}

async function drain(parts: Parts, count: number): Promise<Drained> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  let batches = 0;
  let left = count;
  await anchorUntil(parts, (anchored) => {
    left -= anchored;
    batches += 1;
    return left === 0;
  }).done;
  const elapsed = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const rate = { perSecond: count / elapsed, perCpuSecond: (count * 1e6) / (user + system) };
  return { rate, elapsed, batches };
}

/** So often a group is queued: many clients together, each with little. */
const GROUP_MS = 20;

async function trickle(parts: Parts, texts: readonly string[], perSecond: number): Promise<number[]> {
  const accepted: number[] = [];
  const took: number[] = [];
  const { wake, done } = anchorUntil(parts, (anchored) => {
    const now = performance.now();
    // The queue is anchored in its order.
    for (const at of accepted.splice(0, anchored)) took.push(now - at);
    return took.length === texts.length;
  });
  const begun = performance.now();
  for (let next = 0; next < texts.length;) {
    const due = Math.min(texts.length, Math.ceil(((performance.now() - begun) * perSecond) / 1000));
    if (due > next) {
      await queueTexts(parts.db, parts.ledger.mspId, texts.slice(next, due));
      const now = performance.now();
      accepted.push(...Array.from({ length: due - next }, () => now));
      wake();
      next = due;
    }
    await Promise.race([wait(GROUP_MS), done]);
  }
  await done;
  return took;
}

/** `onAnchored` is told how many more, and says whether that was the last. */
function anchorUntil(parts: Parts, onAnchored: (count: number) => boolean) {
  let wake = (): void => undefined;
  const done = new Promise<void>((resolve, reject) => {
    const anchorer = new Anchorer({
      ...parts,
      now: () => Date.now(),
      onAnchored: (count) => {
        if (onAnchored(count)) void anchorer.stop().then(resolve, reject);
      },
      onSetAside: (code) => reject(new Error(`A statement was refused: ${code}`)),
      onTrouble: (error) => {
        // It is tried again, and costs the time that it costs; but nobody counts what is found to be anchored later.
        if (error instanceof LedgerError && error.code === 'UNKNOWN') reject(error);
        else tellProgress(`trouble: ${String(error)}`);
      },
    });
    wake = () => anchorer.wake();
    anchorer.start();
  });
  return { wake: () => wake(), done };
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
