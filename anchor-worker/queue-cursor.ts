import { nextInQueue, type QueueDb, type QueuedStatement, removeAnchored } from './queue.js';

/**
 * Deleting rows together costs a fraction of deleting them batch by batch, since they lie scattered in the indexes; this
 * many may stay meanwhile. With the last batch still fewer than a query has parameters.
 */
const MAX_LEAVING = 24_576;

/**
 * One organisation's queue, as the anchorer goes through it. While it is long, rows that were anchored are passed over
 * and deleted many at a time; after a crash they are found anchored once more.
 */
export class QueueCursor {
  #after = 0;
  #sawTheEnd = true;
  readonly #leaving = new Set<number>();

  constructor(
    private readonly db: QueueDb,
    private readonly mspId: string,
    private readonly maxLeaving: number = MAX_LEAVING,
    /** Written together with the leaving of rows. */
    private readonly note?: (trx: QueueDb) => Promise<void>,
  ) {}

  /** The oldest rows that were not passed over. */
  next(limit: number): Promise<QueuedStatement[]> {
    return this.following(this.#after, limit);
  }

  /** The oldest rows after the one with this number, whether it was passed over or not. */
  async following(seq: number, limit: number): Promise<QueuedStatement[]> {
    const rows = await nextInQueue(this.db, this.mspId, seq, limit);
    this.#sawTheEnd = rows.length < limit;
    return rows;
  }

  /** Of the rows that were `given` together, these have been read back from the ledger. True when rows left the queue. */
  async pass(given: readonly QueuedStatement[], anchored: readonly QueuedStatement[]): Promise<boolean> {
    const last = anchored.at(-1);
    if (!last) return false;
    for (const { seq } of anchored) this.#leaving.add(seq);
    const noneWaitsBefore = given[anchored.length - 1]?.seq === last.seq;
    if (!noneWaitsBefore || this.#sawTheEnd || this.#leaving.size >= this.maxLeaving) return this.flush();
    this.#after = last.seq;
    return false;
  }

  /** Deletes the rows that were passed over. True when there were any. */
  async flush(): Promise<boolean> {
    if (this.#leaving.size === 0) return false;
    await removeAnchored(this.db, [...this.#leaving], this.note);
    this.#leaving.clear();
    // From the start: numbers may become visible out of order where several processes queue.
    this.#after = 0;
    return true;
  }
}
