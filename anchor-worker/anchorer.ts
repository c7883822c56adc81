import { setTimeout as delay } from 'node:timers/promises';
import { type Ledger, LedgerError } from '@spondon/ledger/port';
import { type Batch, MAX_STATEMENTS, planBatch } from './batch.js';
import type { Follower } from './follower.js';
import type { LogStore } from './log/store.js';
import { lastInQueue, nextInQueue, type QueueDb, removeAnchored, setAside } from './queue.js';

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5000;
/** Refusals that say nothing about the statements: the same batch may pass later. */
const PASSING_REFUSALS = new Set(['SIZE_MISMATCH', 'CLOCK_SKEW', 'NOT_INITIALISED']);

export interface AnchorerOptions {
  readonly ledger: Ledger;
  readonly store: LogStore;
  readonly follower: Pick<Follower, 'applied'>;
  readonly db: QueueDb;
  readonly now: () => number;
  /** Told of each outcome, for logs and metrics. */
  readonly onAnchored?: (count: number) => void;
  readonly onSetAside?: (code: string) => void;
  /** Rows left the queue. */
  readonly onQueueShrunk?: () => Promise<void>;
  readonly onTrouble?: (error: unknown) => void;
}

/**
 * Takes queued statements to the organisation's own log, exactly once. Nothing waits for a timer: a lone statement
 * goes at once, and what arrives while a batch is on its way makes the next one.
 *
 * Why nothing is anchored twice: a row leaves the queue only after its entry was read back from the ledger; `Append`
 * names the log's size and so succeeds once; and after an outcome that is not known (also at start) rows are looked
 * up in the log, which has by then been read to its end, before they are sent again.
 */
export class Anchorer {
  readonly #stop = new AbortController();
  #wakeUp: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  /** Whether the outcome of an earlier attempt, perhaps of an earlier process, is not known. */
  #unsure = true;
  /** Rows up to this number may be on the ledger already. */
  #unsureUpTo = 0;
  /** At most this many statements to a batch: halved to find a statement that spoils its batch. */
  #limit = MAX_STATEMENTS;
  #retryMs = FIRST_RETRY_MS;

  constructor(private readonly options: AnchorerOptions) {}

  start(): void {
    this.#running = this.#run();
  }

  /** Something was queued. */
  wake(): void {
    this.#wakeUp();
  }

  /** Finishes the batch under way and stops; what is queued stays queued. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        // Before looking, so that what is queued meanwhile wakes the next turn.
        const woken = new Promise<void>((resolve) => (this.#wakeUp = resolve));
        const progress = await this.#anchorNext();
        this.#retryMs = FIRST_RETRY_MS;
        if (!progress) await woken;
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  /** One batch. False when there was nothing to do. */
  async #anchorNext(): Promise<boolean> {
    const { db, ledger, store } = this.options;
    if (this.#unsure) await this.#readToTheEnd();
    const queued = await nextInQueue(db, ledger.mspId, 0, this.#limit);
    if (queued.length === 0) return false;
    const batch = planBatch(store, ledger.mspId, queued, this.#unsureUpTo);
    await removeAnchored(db, batch.alreadyAnchored.map(({ seq }) => seq));
    for (const { row, code, message } of batch.hopeless) await this.#setAside(row, code, message);
    if (batch.rows.length > 0) await this.#append(batch);
    await this.options.onQueueShrunk?.();
    return true;
  }

  async #append(batch: Batch): Promise<void> {
    const { db, ledger, follower, onAnchored } = this.options;
    let block: number;
    try {
      ({ block } = await ledger.submit('Append', batch.args));
    } catch (error) {
      if (!(await this.#settleRefusal(batch, error))) throw error;
      return;
    }
    // The entries are on the ledger; a crash here leaves their rows, which the next start finds anchored.
    await follower.applied(block);
    await removeAnchored(db, batch.rows.map(({ seq }) => seq));
    this.#limit = MAX_STATEMENTS;
    onAnchored?.(batch.rows.length);
  }

  /** Deals with a refusal that is about the statements. False when it is not one. */
  async #settleRefusal(batch: Batch, error: unknown): Promise<boolean> {
    if (!(error instanceof LedgerError) || error.code !== 'REFUSED' || !error.refusal) return false;
    const { code, position, message } = error.refusal;
    if (PASSING_REFUSALS.has(code)) return false;
    const guilty = position === undefined ? undefined : batch.rows[position];
    const [only, ...others] = batch.rows;
    if (guilty) await this.#setAside(guilty, code, message);
    else if (only && others.length === 0) await this.#setAside(only, code, message);
    else this.#limit = Math.max(1, Math.floor(batch.rows.length / 2));
    return true;
  }

  async #setAside(row: Batch['rows'][number], code: string, message: string): Promise<void> {
    await setAside(this.options.db, row, { code, message, at: this.options.now() });
    this.options.onSetAside?.(code);
  }

  async #recover(error: unknown): Promise<void> {
    const { onTrouble } = this.options;
    const conflict = error instanceof LedgerError && error.code === 'CONFLICT';
    if (conflict) return;
    this.#unsure = true;
    onTrouble?.(error);
    await delay(this.#retryMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
  }

  /** Reads the ledger to its end and takes every row queued by now for possibly anchored. */
  async #readToTheEnd(): Promise<void> {
    const { ledger, follower, db } = this.options;
    await follower.applied((await ledger.height()) - 1);
    this.#unsureUpTo = await lastInQueue(db, ledger.mspId);
    this.#unsure = false;
  }
}
