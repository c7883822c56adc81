import type { LogStore } from '@spondon/anchor-worker/log/store';
import type { QueueRow } from '@spondon/anchor-worker/queue';
import { TILE_WIDTH } from '@spondon/protocol/tile';
import { type Database, queueOf } from '../database/schema.js';

/** Walks through everything that is anchored or waits, a few at a time, however much it is. */

const ROWS_AT_ONCE = 500;

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

export async function* queuedIn(db: Database): AsyncGenerator<QueueRow[]> {
  for (let after = 0; ;) {
    const rows = await queueOf(db)
      .selectFrom('queue')
      .selectAll()
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(ROWS_AT_ONCE)
      .execute();
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    after = last.seq;
  }
}
