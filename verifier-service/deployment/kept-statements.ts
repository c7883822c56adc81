import type { LogStore } from '@spondon/anchor-worker/log/store';
import type { QueueRow, QueueTables } from '@spondon/anchor-worker/queue';
import { TILE_WIDTH } from '@spondon/protocol/tile';
import { type Database, queueOf } from '../database/schema.js';

/** Walks through everything that is anchored or waits, a few at a time, however much it is. */

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
  return inPortions((seq) => queue.where('seq', '>', seq).execute());
}

/** Statements that the ledger refused, in the order of their acceptance. */
export function refusedIn(db: Database): AsyncGenerator<RefusedRow[]> {
  const refused = queueOf(db).selectFrom('refused').selectAll().orderBy('seq').limit(ROWS_AT_ONCE);
  return inPortions((seq) => refused.where('seq', '>', seq).execute());
}

async function* inPortions<Row extends { readonly seq: number }>(
  rowsAfter: (seq: number) => Promise<Row[]>,
): AsyncGenerator<Row[]> {
  for (let after = 0; ;) {
    const rows = await rowsAfter(after);
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    after = last.seq;
  }
}
