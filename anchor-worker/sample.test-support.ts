import { copyFileSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import Libsql from 'libsql';
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { sha256 } from '@spondon/protocol/crypto-node';
import { newDocumentId } from '@spondon/protocol/document-id';
import {
  type IssueStatement,
  parseStatement,
  type RevokeStatement,
  type SignedStatement,
  signStatement,
  type Statement,
} from '@spondon/protocol/statement';
import { isMissing } from '@spondon/ledger/durable-file';
import { LogStore } from './log/store.js';
import { createQueueTables, type NewQueueRow, type QueueDb, type QueueTables } from './queue.js';

/** A moment for tests, ms. */
export const NOON = Date.UTC(2025, 5, 1, 12);
export const MSP = 'HospitalMSP';
export const ISS = 'bd.dghs.1';
const KID = 'key-1';

/** Bytes that follow from a label: different for different labels, the same in every run. */
export function bytesOf(label: string, length: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let part = 0; part * 32 < length; part += 1) parts.push(sha256(Buffer.from(`${label}/${part}`)));
  return Uint8Array.from(Buffer.concat(parts).subarray(0, length));
}

export function documentIdOf(label: string): string {
  let draw = 0;
  return newDocumentId((length) => bytesOf(`${label}#${(draw += 1)}`, length));
}

/** The follower and the anchorer verify no signature; this one has the right form. */
function signatureOf(data: Uint8Array): Promise<Uint8Array> {
  const half = sha256(data);
  half[0] = 1;
  return Promise.resolve(Uint8Array.from([...half, ...half]));
}

async function sign(statement: Statement, kid: string): Promise<SignedStatement> {
  return parseStatement(await signStatement(statement, kid, signatureOf));
}

/** An issue of a document that `label` names. */
export function issue(
  label: string,
  members: Partial<IssueStatement> & { kid?: string } = {},
): Promise<SignedStatement> {
  const { kid = KID, ...others } = members;
  const defaults = {
    op: 'issue',
    iss: ISS,
    iat: NOON / 1000,
    jti: documentIdOf(label),
    kind: 'report',
  } as const;
  const [hash, claims] = ['hash', 'claims'].map((part) => encodeBase64url(bytesOf(`${label}/${part}`, 32)));
  return sign({ ...defaults, sha256: hash ?? '', claims: claims ?? '', ...others }, kid);
}

export function issues(label: string, count: number): Promise<SignedStatement[]> {
  return Promise.all(Array.from({ length: count }, (_, at) => issue(`${label}-${at}`)));
}

/** The revocation of what {@link issue} makes of the same label. */
export function revoke(label: string, members: Partial<RevokeStatement> = {}): Promise<SignedStatement> {
  const jti = documentIdOf(label);
  return sign({ op: 'revoke', iss: ISS, iat: NOON / 1000, jti, reason: 'error', ...members }, KID);
}

export function queueRow({ text, statement }: SignedStatement, mspId = MSP): NewQueueRow {
  const { iss, jti, op } = statement;
  const hash = statement.op === 'issue' ? statement.sha256 : null;
  return { mspId, iss, jti, op, sha256: hash, statement: text, acceptedAt: NOON };
}

/** What a test does when it is over. */
export interface Test {
  readonly after: (cleanUp: () => unknown) => void;
}

/** A queue in memory. */
export async function openQueue(t: Test): Promise<QueueDb> {
  const database = new Libsql(':memory:') as unknown as SqliteDatabase;
  const db = new Kysely<QueueTables>({ dialect: new SqliteDialect({ database }) });
  t.after(() => db.destroy());
  await createQueueTables(db, 'sqlite');
  return db;
}

/** A folder that is removed after the test. */
export async function temporaryFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-worker-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty log store, closed and removed after the test. */
export async function openStore(t: Test): Promise<LogStore> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-worker-'));
  const store = await LogStore.open(folder, sha256);
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
  return store;
}

/**
 * What a crash at this moment would leave of a folder. Synchronous, so that nothing goes on meanwhile but the system
 * calls that are under way.
 */
export function copyOf(t: Test, folder: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'spondon-worker-'));
  t.after(() => rm(copy, { recursive: true, force: true }));
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const target = join(copy, relative(folder, path));
    mkdirSync(entry.isDirectory() ? target : dirname(target), { recursive: true });
    if (entry.isFile()) copyUnlessGone(path, target);
  }
  return copy;
}

function copyUnlessGone(path: string, target: string): void {
  try {
    copyFileSync(path, target);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Every file below a folder with its contents, hex; two folders with equal answers are the same byte for byte. */
export async function contentsOf(folder: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) contents[relative(folder, path)] = (await readFile(path)).toString('hex');
    else if ((await readdir(path)).length === 0) contents[`${relative(folder, path)}/`] = 'an empty folder';
  }
  return Object.fromEntries(Object.entries(contents).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Numbers from 0 to below 1 that look random and are the same in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A key of the lookup index: 48 bits of them. */
export function randomKey(random: () => number): number {
  return Math.floor(random() * 2 ** 24) * 2 ** 24 + Math.floor(random() * 2 ** 24);
}
