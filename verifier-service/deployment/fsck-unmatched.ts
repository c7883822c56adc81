import { decodeEntry } from '@spondon/protocol/entry';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { parseStatement, type SignedStatement } from '@spondon/protocol/statement';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import type { Database } from '../database/schema.js';
import type { DocumentStore } from '../ipfs/store.js';
import { bundlesOf, queuedIn } from './portions.js';

/** What may be as it should, and somebody should know. */
export interface Note {
  readonly code: 'ISSUED_WITHOUT_ROW' | 'FILE_WITHOUT_ROW' | 'FEW_COPIES' | 'ENGINE_UNCHECKED';
  readonly count: number;
  readonly message: string;
}

/**
 * What has no row where it could have one. A lost row cannot be told from one that never was, so these are notes and no
 * damage: after a restore there are documents that were issued since, and a crash leaves files that nobody was told of.
 * And what has too few copies, which are being made.
 */

const ASKED_AT_ONCE = 500;

interface Count {
  count: number;
  /** Names one of them. */
  first: string;
}

/**
 * Documents that this service issued and has no row of. Its own are those that a key in its keeping signed; what a
 * hospital signed at home never had a row.
 */
export async function issuedWithoutRow(log: LogStore, db: Database): Promise<Note[]> {
  const kept = await db.selectFrom('issuerKeys').select(['iss', 'kid']).execute();
  const own = new Set(kept.map(({ iss, kid }) => `${iss}/${kid}`));
  const found: Count = { count: 0, first: '' };
  for await (const statements of statementsKept(log, db)) {
    const issued = statements.filter(
      ({ kid, statement: { op, iss } }) => op === 'issue' && own.has(`${iss}/${kid}`),
    );
    const ids = issued.map(({ statement }) => statement);
    if (ids.length === 0) continue;
    const rows = await db
      .selectFrom('documents')
      .select(['iss', 'jti'])
      .where('jti', 'in', [...new Set(ids.map(({ jti }) => jti))])
      .execute();
    const present = new Set(rows.map(({ iss, jti }) => `${iss}/${jti}`));
    for (const { iss, jti } of ids) {
      if (!present.has(`${iss}/${jti}`)) tally(found, `${formatDocumentId(jti)} of ${iss}`);
    }
  }
  return told(
    'ISSUED_WITHOUT_ROW',
    found,
    'issued here have no row: lost, or issued after the copy that was restored',
  );
}

/** Anchored statements, then those that wait; a few at a time. */
async function* statementsKept(log: LogStore, db: Database): AsyncGenerator<SignedStatement[]> {
  for (const { entries } of bundlesOf(log))
    yield entries.map((entry) => parseStatement(decodeEntry(entry).text));
  for await (const rows of queuedIn(db)) yield rows.map(({ statement }) => parseStatement(statement));
}

/** Encrypted files that no row names: without its row, and the key in it, nobody can say whose a file is. */
export async function filesWithoutRow(store: DocumentStore, db: Database): Promise<Note[]> {
  const found: Count = { count: 0, first: '' };
  let asked: string[] = [];
  const ask = async (): Promise<void> => {
    const rows = await db.selectFrom('documents').select('cid').where('cid', 'in', asked).execute();
    const named = new Set(rows.map(({ cid }) => cid));
    for (const cid of asked) if (!named.has(cid)) tally(found, cid);
    asked = [];
  };
  for await (const cid of store.list()) if (asked.push(cid) === ASKED_AT_ONCE) await ask();
  if (asked.length > 0) await ask();
  return told(
    'FILE_WITHOUT_ROW',
    found,
    'stored files belong to no row: left by a crash while issuing, or the rows are lost',
  );
}

/** Files of which the document store has fewer copies than it was told to see to. */
export async function withFewCopies(store: DocumentStore): Promise<Note[]> {
  const found: Count = { count: 0, first: '' };
  for await (const { cid, copies, wanted } of store.shortOfCopies())
    tally(found, `${cid}, ${copies} of ${wanted}`);
  return told('FEW_COPIES', found, 'encrypted files are on fewer nodes than they should be');
}

function tally(found: Count, name: string): void {
  if (found.count === 0) found.first = name;
  found.count += 1;
}

function told(code: Note['code'], { count, first }: Count, what: string): Note[] {
  return count === 0 ? [] : [{ code, count, message: `${count} ${what} (first: ${first})` }];
}
