import type { LogStore } from '@spondon/anchor-worker/log/store';
import type { QueueRow, QueueTables } from '@spondon/anchor-worker/queue';
import { TILE_WIDTH } from '@spondon/protocol/tile';
import { type Database, queueOf } from '../database/schema.js';

/** What is anchored, waits, was refused or issued: a few at a time, however much it is. */

const ROWS_AT_ONCE = 500;

type RefusedRow = QueueTables['refused'];

export interface Bundle {
  readonly mspId: string;
  /** Index of the first entry in its log. */
  readonly first: number;
  readonly entries: readonly Uint8Array[];
}

export function* bundlesOf(log: LogStore): Generator<Bundle> {
  for (const [mspId, { size }] of log.heads()) {
    for (let number = 0; number * TILE_WIDTH < size; number += 1)
      yield { mspId, first: number * TILE_WIDTH, entries: log.bundle(mspId, number) };
  }
}

/** Statements that wait, in their order. */
export function queuedIn(db: Database): AsyncGenerator<QueueRow[]> {
  const queue = queueOf(db).selectFrom('queue').selectAll().orderBy('seq').limit(ROWS_AT_ONCE);
  return inPortions((last) => queue.where('seq', '>', last?.seq ?? 0).execute());
}

/** Statements that the ledger refused, in the order of their acceptance. */
export function refusedIn(db: Database): AsyncGenerator<RefusedRow[]> {
  const refused = queueOf(db).selectFrom('refused').selectAll().orderBy('seq').limit(ROWS_AT_ONCE);
  return inPortions((last) => refused.where('seq', '>', last?.seq ?? 0).execute());
}

/** Documents in the order of their issuers and codes. */
export function documentsIn(db: Database) {
  const documents = db
    .selectFrom('documents')
    .select(['iss', 'jti', 'sha256', 'wrappedKey'])
    .orderBy('iss')
    .orderBy('jti')
    .limit(ROWS_AT_ONCE);
  return inPortions((last?: { readonly iss: string; readonly jti: string }) =>
    documents
      .where((where) =>
        where(where.refTuple('iss', 'jti'), '>', where.tuple(last?.iss ?? '', last?.jti ?? '')),
      )
      .execute(),
  );
}

/** Each portion is asked for by the last row of the one before, and not by counting past those before. */
async function* inPortions<Row>(rowsAfter: (last?: Row) => Promise<Row[]>): AsyncGenerator<Row[]> {
  for (let last: Row | undefined; ;) {
    const rows = await rowsAfter(last);
    last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
  }
}
