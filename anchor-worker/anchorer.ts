import { type Ledger, LedgerError, type Refusal } from '@spondon/ledger/port';
import { type Batch, type LogView, MAX_STATEMENTS, planBatch } from './batch.js';
import type { Follower } from './follower.js';
import type { LogStore } from './log/store.js';
import { QueueCursor } from './queue-cursor.js';
import { type QueueDb, type QueuedStatement, setAside } from './queue.js';
import { Backoff, type Wait } from './backoff.js';

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5000;
/** Somebody else's transaction came first: so many times in a row that is nothing to wait or to worry about. */
const USUAL_LOSSES = 3;
/** Refusals that say nothing about the statements: the same batch may pass later. */
const PASSING_REFUSALS = new Set(['SIZE_MISMATCH', 'CLOCK_SKEW', 'NOT_INITIALISED']);
/** Refusals that hold for every statement of the same issuer, or under the same one of its keys. */
const ISSUER_REFUSALS = new Set(['ISSUER_UNKNOWN', 'ISSUER_SUSPENDED', 'WRONG_MSP']);
const KEY_REFUSALS = new Set(['KEY_UNKNOWN', 'KEY_NOT_VALID']);
/** So many statements refused alone and without a word about which: then it is hardly the statements. */
const MAX_SKIPPED = 64;

export interface AnchorerOptions {
  readonly ledger: Ledger;
  readonly store: LogView & Pick<LogStore, 'expect'>;
  readonly follower: Pick<Follower, 'applied'>;
  readonly db: QueueDb;
  readonly now: () => number;
  /** Asked before each batch is sent: false once another process does this work, and then it ends. */
  readonly leads?: () => boolean;
  /** Where others read the queue too: written together with the leaving of rows. */
  readonly onLeaving?: (trx: QueueDb) => Promise<void>;
  /** Where others remove rows too: the block up to which what has left the queue is found. */
  readonly anchoredTo?: () => Promise<number>;
  /** Told of each outcome, for logs and metrics. None of these may throw. */
  readonly onAnchored?: (count: number) => void;
  readonly onSetAside?: (code: string) => void;
  /** Rows left the queue: not always as soon as they were anchored. */
  readonly onQueueShrunk?: () => Promise<void>;
  readonly onTrouble?: (error: unknown) => void;
  /** Before another attempt. */
  readonly wait?: Wait;
}

/**
 * Takes queued statements to the organisation's own log, exactly once. Nothing waits for a timer: a lone statement
 * goes at once, and what arrives while a batch is on its way makes the next one.
 *
 * Why nothing is anchored twice: see `planBatch`. Why nothing is lost: a row leaves the queue only after its entry was
 * read back from the ledger, or together with its way into `refused`.
 */
export class Anchorer {
  readonly #stop = new AbortController();
  readonly #queue: QueueCursor;
  #wakeUp: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  /** Whether the ledger may hold more of our log than was read: at start, and after whatever went wrong. */
  #behind = true;
  /** At most this many statements to a batch: halved to find a statement that spoils its batch. */
  #limit = MAX_STATEMENTS;
  /** Batches that were anchored. */
  #anchored = 0;
  /**
   * Rows refused alone in words that name no statement, and `#anchored` at that time. It may be the statement or
   * anything else; refused once more, when other batches have passed meanwhile, it is the statement.
   */
  readonly #suspects = new Map<number, number>();
  /** Suspects that are left out until something has passed. */
  readonly #skipped = new Map<number, LedgerError>();
  #losses = 0;
  #trouble: unknown;
  readonly #backoff: Backoff;

  constructor(private readonly options: AnchorerOptions) {
    this.#backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS, options.wait);
    this.#queue = new QueueCursor(options.db, options.ledger.mspId, undefined, options.onLeaving);
  }

  /** What failed last, until a batch was anchored or nothing waits any more; undefined when all is well. */
  get trouble(): unknown {
    return this.#trouble;
  }

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
    while (!this.#stop.signal.aborted && this.#leads()) {
      try {
        // Before looking, so that what is queued meanwhile wakes the next turn.
        const woken = new Promise<void>((resolve) => (this.#wakeUp = resolve));
        if (await this.#anchorNext()) continue;
        this.#allIsWell();
        await woken;
      } catch (error) {
        await this.#recover(error);
      }
    }
    await this.#shrinkQueue(() => this.#queue.flush()).catch((error: unknown) =>
      this.options.onTrouble?.(error),
    );
  }

  #leads(): boolean {
    return this.options.leads?.() ?? true;
  }

  /** One batch. False when there was nothing to do. */
  async #anchorNext(): Promise<boolean> {
    const queued = await this.#queue.next(MAX_STATEMENTS + this.#skipped.size);
    if (queued.length === 0) return this.#shrinkQueue(() => this.#queue.flush());
    const batch = await this.#plan(queued);
    // Where several processes queue, the issue that a revocation waits for may have become visible before those that
    // were passed over.
    if (batch.hopeless.length > 0 && (await this.#shrinkQueue(() => this.#queue.flush()))) return true;
    await this.#shrinkQueue(() => this.#queue.pass(queued, batch.alreadyAnchored));
    for (const { row, ...refusal } of batch.hopeless) await this.#setAside([row], refusal);
    if (batch.append) {
      if (await this.#append(batch, batch.append))
        await this.#shrinkQueue(() => this.#queue.pass(queued, batch.rows));
    } else if (batch.alreadyAnchored.length + batch.hopeless.length === 0) {
      this.#failOnSkipped();
    }
    return true;
  }

  async #shrinkQueue(shrink: () => Promise<boolean>): Promise<boolean> {
    const shrunk = await shrink();
    if (shrunk) await this.options.onQueueShrunk?.();
    return shrunk;
  }

  /** Whatever left the queue before `queued` was read from it stands in the log that is looked at when it matters. */
  async #plan(queued: readonly QueuedStatement[]): Promise<Batch> {
    const { ledger, store } = this.options;
    const plan = () => planBatch(store, ledger.mspId, queued, { most: this.#limit, skip: this.#skipped });
    if (!this.#behind) {
      const batch = plan();
      if (batch.hopeless.length === 0) return batch;
    }
    await this.#readToTheEnd();
    return plan();
  }

  #allIsWell(): void {
    this.#trouble = undefined;
    this.#losses = 0;
    this.#backoff.reset();
  }

  /** False when it was refused, and something was done about that. */
  async #append(batch: Batch, { size, packed, proofs }: NonNullable<Batch['append']>): Promise<boolean> {
    const { ledger, store, follower, onAnchored } = this.options;
    if (!this.#leads()) return false;
    store.expect(packed, batch.statements);
    let block: number;
    try {
      ({ block } = await ledger.submit('Append', [String(size), packed, proofs]));
    } catch (error) {
      if (!(await this.#settleRefusal(batch, error))) throw error;
      return false;
    }
    // The entries are on the ledger; a crash from here on leaves their rows, which the next start finds anchored.
    await follower.applied(block);
    for (const { seq } of batch.rows) this.#suspects.delete(seq);
    this.#skipped.clear();
    this.#anchored += 1;
    this.#allIsWell();
    this.#limit = Math.min(MAX_STATEMENTS, this.#limit * 2);
    onAnchored?.(batch.rows.length);
    return true;
  }

  /** Deals with a refusal that is about the statements. False when it is not one. */
  async #settleRefusal(batch: Batch, error: unknown): Promise<boolean> {
    if (!(error instanceof LedgerError) || error.code !== 'REFUSED' || !error.refusal) return false;
    const { refusal } = error;
    if (PASSING_REFUSALS.has(refusal.code)) return false;
    const [first, ...others] = batch.rows;
    const guilty = refusedAlike(batch, refusal);
    if (guilty.length > 0) await this.#setAside(guilty, refusal);
    else if (others.length > 0) this.#limit = Math.floor(batch.rows.length / 2);
    else if (first) return this.#suspect(first, refusal, error);
    return true;
  }

  /** A batch of one was refused without a word about it. False when so many were that it must be something else. */
  async #suspect(row: QueuedStatement, refusal: Refusal, error: LedgerError): Promise<boolean> {
    const before = this.#suspects.get(row.seq) ?? this.#anchored;
    if (before < this.#anchored) {
      await this.#setAside([row], refusal);
      return true;
    }
    this.#suspects.set(row.seq, this.#anchored);
    this.#skipped.set(row.seq, error);
    return this.#skipped.size < MAX_SKIPPED;
  }

  /** Nothing is left that could show whether it is the statements. They stay queued, and somebody should look. */
  #failOnSkipped(): never {
    const [error] = this.#skipped.values();
    throw error ?? new Error('Nothing of what is queued can be sent, and nobody knows why');
  }

  async #setAside(
    rows: readonly QueuedStatement[],
    { code, message }: Pick<Refusal, 'code' | 'message'>,
  ): Promise<void> {
    const { db, now, onSetAside, onQueueShrunk } = this.options;
    const seqs = rows.map(({ seq }) => seq);
    await setAside(db, seqs, { code, message, at: now() });
    for (const seq of seqs) {
      this.#suspects.delete(seq);
      onSetAside?.(code);
    }
    await onQueueShrunk?.();
  }

  async #recover(error: unknown): Promise<void> {
    const { onTrouble } = this.options;
    this.#behind = true;
    this.#skipped.clear();
    if (cameSecond(error) && this.#losses < USUAL_LOSSES) {
      this.#losses += 1;
      return;
    }
    this.#trouble = error;
    onTrouble?.(error);
    // What is anchored need not wait for what is not.
    await this.#shrinkQueue(() => this.#queue.flush()).catch((second: unknown) => onTrouble?.(second));
    await this.#backoff.pause(this.#stop.signal);
  }

  async #readToTheEnd(): Promise<void> {
    const { ledger, follower, anchoredTo } = this.options;
    const [height, left] = await Promise.all([ledger.height(), anchoredTo?.() ?? -1]);
    await follower.applied(Math.max(height - 1, left));
    this.#behind = false;
  }
}

/** The transaction changed nothing, because another one was faster. */
function cameSecond(error: unknown): boolean {
  return (
    error instanceof LedgerError && (error.code === 'CONFLICT' || error.refusal?.code === 'SIZE_MISMATCH')
  );
}

/** The rows of a batch that a refusal is about: the one that it names, and those that the same words hold for. */
function refusedAlike(
  { rows, statements }: Batch,
  { code, position = -1 }: Refusal,
): readonly QueuedStatement[] {
  const named = statements[position];
  if (!named) return [];
  return rows.filter((_, at) => {
    if (at === position) return true;
    const other = statements[at];
    if (other?.statement.iss !== named.statement.iss) return false;
    return ISSUER_REFUSALS.has(code) || (KEY_REFUSALS.has(code) && other.kid === named.kid);
  });
}
