import { decodeEntry } from '@spondon/protocol/entry';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { publicKeyFromJwk } from '@spondon/protocol/crypto';
import { keyOf } from '@spondon/protocol/records';
import { parseStatement, type SignedStatement, verifyStatement } from '@spondon/protocol/statement';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import { queuedByCode, type QueueRow, refusedByCode } from '@spondon/anchor-worker/queue';
import { type Database, queueOf } from '../database/schema.js';
import type { DatabaseView } from '../database/service-database.js';
import { openDocumentFile } from '../documents/file.js';
import { erasureOf, NO_KEY } from '../documents/erasure.js';
import { queueRow } from '../documents/queueing.js';
import { WrappingKeys } from '../facilities/wrapping-keys.js';
import type { DocumentStore } from '../ipfs/store.js';
import type { Vault } from '../vault/seal.js';
import { MSP_ID } from './ledger.js';
import { bundlesOf, documentsIn, queuedIn, refusedIn } from './portions.js';

type Checked = Promise<{ checked: string; result: true }>;

/** Every entry is found under its documentId, and no statement was anchored twice. */
export async function checkEntries(log: LogStore): Checked {
  let count = 0;
  for (const { mspId, first, entries } of bundlesOf(log)) {
    for (const [place, entry] of entries.entries())
      checkEntry(log, mspId, first + place, decodeEntry(entry).text);
    count += entries.length;
    await othersTurn();
  }
  return { checked: `${count} entries, each found by its code, none anchored twice`, result: true };
}

function checkEntry(log: LogStore, mspId: string, index: number, text: string): void {
  const { jti, iss } = parseStatement(text).statement;
  const same = log.findByCode(jti).filter(({ signed }) => signed.text === text);
  const [first, second] = same;
  if (!first) throw new Error(`Entry ${index} of ${mspId} is not found under its document ${jti}`);
  if (second) {
    const places = `${first.mspId} ${first.index} and ${second.mspId} ${second.index}`;
    throw new Error(`A statement about document ${jti} of ${iss} is anchored twice: entries ${places}`);
  }
}

/** What waits, and what was refused, is signed by its issuer and stands in the row that it belongs to. */
export async function checkQueue(log: LogStore, db: Database): Checked {
  const waiting = await checkRows(log, 'queue', queuedIn(db));
  const refused = await checkRows(log, 'refused', refusedIn(db));
  return { checked: `${waiting} statements wait, ${refused} were refused`, result: true };
}

async function checkRows(
  log: LogStore,
  table: string,
  portions: AsyncIterable<readonly StatementRow[]>,
): Promise<number> {
  let count = 0;
  for await (const rows of portions) {
    for (const row of rows) await checkRow(log, row, table);
    count += rows.length;
  }
  return count;
}

type StatementRow = Pick<QueueRow, 'seq' | 'mspId' | 'iss' | 'jti' | 'op' | 'statement' | 'acceptedAt'> & {
  readonly sha256?: string | null;
};

async function checkRow(log: LogStore, row: StatementRow, table: string): Promise<void> {
  const where = `Row ${row.seq} of table ${table}`;
  const signed = parsed(row.statement, where);
  const {
    mspId,
    iss,
    jti,
    op,
    sha256: hash,
  } = queueRow(MSP_ID, signed.statement, signed.text, row.acceptedAt);
  const fits = row.mspId === mspId && row.iss === iss && row.jti === jti && row.op === op;
  if (!fits || (row.sha256 !== undefined && row.sha256 !== hash))
    throw new Error(`${where} is not about its statement`);
  if (!(await isSigned(log, signed))) throw new Error(`${where}: its statement is not signed by ${iss}`);
}

function parsed(text: string, where: string): SignedStatement {
  try {
    return parseStatement(text);
  } catch (cause) {
    throw new Error(`${where} holds no statement`, { cause });
  }
}

async function isSigned(log: LogStore, signed: SignedStatement): Promise<boolean> {
  const issuer = log.issuer(signed.statement.iss);
  const key = issuer && keyOf(issuer, signed.kid);
  return key ? verifyStatement(signed, publicKeyFromJwk(key.jwk), verify) : false;
}

/** Every document opens with its key, has the hash that was signed, and is anchored, queued or refused, once. */
export async function checkDocuments(
  log: LogStore,
  {
    database: { db, now },
    store,
    vault,
  }: { readonly database: DatabaseView; readonly store: DocumentStore; readonly vault: Vault },
): Checked {
  const keys = new WrappingKeys({ db, vault, random: (length) => new Uint8Array(length) });
  const file = { db, store, unwrapKey: keys.unwrap.bind(keys), hash: sha256 };
  let count = 0;
  for await (const rows of documentsIn(db)) {
    for (const row of rows) {
      if (!(await isErased(db, row))) {
        await openDocumentFile(file, row.iss, row.jti).catch(async (error: unknown) => {
          // Meanwhile, by a copy that goes on.
          if (await erasureOf(now, row.iss, row.jti)) return;
          throw new Error(
            `Document ${row.jti} of ${row.iss}: ${error instanceof Error ? error.message : String(error)}`,
          );
        });
      }
      await checkStatement(log, db, row);
    }
    count += rows.length;
  }
  return { checked: `${count} documents opened and compared with their statements`, result: true };
}

/** Exactly those documents have no key of which it is written down that they were erased. */
async function isErased(
  db: Database,
  { iss, jti, wrappedKey }: { iss: string; jti: string; wrappedKey: string },
): Promise<boolean> {
  const erased = (await erasureOf(db, iss, jti)) !== undefined;
  if (erased !== (wrappedKey === NO_KEY))
    throw new Error(
      `Document ${jti} of ${iss} ${erased ? 'was erased and has its key' : 'has lost its key'}`,
    );
  return erased;
}

async function checkStatement(
  log: LogStore,
  db: Database,
  { iss, jti, sha256: hash }: { iss: string; jti: string; sha256: string },
): Promise<void> {
  const rows = [...(await queuedByCode(queueOf(db), jti)), ...(await refusedByCode(queueOf(db), jti))];
  const kept = rows.map(({ statement }) => parseStatement(statement));
  const found = [...log.findByCode(jti).map(({ signed }) => signed), ...kept].filter(
    ({ statement }) => statement.iss === iss && statement.op === 'issue',
  );
  // Anchored, and about to leave the queue when the process ended, is the same statement still.
  const [issue, second] = new Map(found.map((signed) => [signed.text, signed])).values();
  if (!issue) throw new Error(`Document ${jti} of ${iss} is neither on the ledger nor in the queue`);
  if (second) throw new Error(`Document ${jti} of ${iss} is issued twice`);
  if (issue.statement.op !== 'issue' || issue.statement.sha256 !== hash) {
    throw new Error(`Document ${jti} of ${iss} has another hash than its statement`);
  }
  if (!(await isSigned(log, issue)))
    throw new Error(`The statement of document ${jti} of ${iss} is not signed by it`);
}

function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
