import { type Ledger, LedgerError, type Refusal } from '@spondon/ledger/port';
import { type Batch, isPlain, type LogView, MAX_STATEMENTS, planBatch, planNext } from './batch.js';
import type { Follower } from './follower.js';
import type { LogStore } from './log/store.js';
import { QueueCursor } from './queue-cursor.js';
import { type QueueDb, type QueuedStatement, setAside } from './queue.js';
import { Backoff, type Wait } from './backoff.js';
import { Suspects } from './suspects.js';

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 5000;
/** Somebody else's transaction came first: so many times in a row that is nothing to wait or to worry about. */
const USUAL_LOSSES = 3;
/** Refusals that say nothing about the statements: the same batch may pass later. */
const PASSING_REFUSALS = new Set(['SIZE_MISMATCH', 'CLOCK_SKEW', 'NOT_INITIALISED']);
/** Refusals that hold for every statement of the same issuer, or under the same one of its keys. */
const ISSUER_REFUSALS = new Set(['ISSUER_UNKNOWN', 'ISSUER_SUSPENDED', 'WRONG_MSP']);
const KEY_REFUSALS = new Set(['KEY_UNKNOWN', 'KEY_NOT_VALID']);

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
  /** Of a batch, at most; as many as the contract takes unless said otherwise. */
  readonly mostStatements?: number;
}

/** Rows as they were read, and what is to become of them. */
interface Turn {
  readonly queued: readonly QueuedStatement[];
  readonly batch: Batch;
}

/**
 * Takes queued statements to the organisation's own log, exactly once. Nothing waits for a timer: a lone statement
 * goes at once, and what arrives while a batch is on its way makes the next one. Under a long queue the next batch is
 * planned while one is on its way, and sent while that one is read back.
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
  readonly #most: number;
  readonly #suspects: Suspects;
  /** Planned while the batch before it was under way. */
  #next: Turn | undefined;
  /** Settles once the last batch that was committed was read back and has left the queue. */
  #settled: Promise<void> = Promise.resolve();
  #losses = 0;
  #trouble: unknown;
  readonly #backoff: Backoff;

  constructor(private readonly options: AnchorerOptions) {
    this.#most = options.mostStatements ?? MAX_STATEMENTS;
    this.#suspects = new Suspects(this.#most);
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
    await this.#settled
      .then(() => this.#shrinkQueue(() => this.#queue.flush()))
      .catch((error: unknown) => this.options.onTrouble?.(error));
  }

  #leads(): boolean {
    return this.options.leads?.() ?? true;
  }

  /** One batch. False when there was nothing to do. */
  async #anchorNext(): Promise<boolean> {
    const next = this.#next;
    this.#next = undefined;
    if (next) {
      await this.#append(next);
      return true;
    }
    const queued = await this.#queue.next(this.#most + this.#suspects.skipped.size);
    if (queued.length === 0) return this.#shrinkQueue(() => this.#queue.flush());
    const batch = await this.#plan(queued);
    // Where several processes queue, the issue that a revocation waits for may have become visible before those that
    // were passed over.
    if (batch.hopeless.length > 0 && (await this.#shrinkQueue(() => this.#queue.flush()))) return true;
    await this.#shrinkQueue(() => this.#queue.pass(queued, batch.alreadyAnchored));
    for (const { row, ...refusal } of batch.hopeless) await this.#setAside([row], refusal);
    if (batch.append) await this.#append({ queued, batch });
    else if (batch.alreadyAnchored.length + batch.hopeless.length === 0) this.#failOnSkipped();
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
    const { limit: most, skipped: skip } = this.#suspects;
    const plan = () => planBatch(store, ledger.mspId, queued, { most, skip });
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

  /** Sends a batch. Meanwhile the one before it is read back, and the one after it planned. */
  async #append(turn: Turn): Promise<void> {
    if (!this.#leads()) return;
    const [block, next] = await allOf(this.#send(turn.batch), this.#planNext(turn), this.#settled);
    if (block === null) return;
    this.#settled = this.#settle(turn, block);
    this.#next = next;
    // The next turn waits for it, and hears of its failure.
    this.#settled.catch(() => undefined);
    if (!next) await this.#settled;
  }

  /** Its block; null when it was refused, and something was done about that. */
  async #send(batch: Batch): Promise<number | null> {
    const { ledger, store } = this.options;
    if (!batch.append) return null;
    const { size, packed, proofs } = batch.append;
    store.expect(packed, batch.statements);
    try {
      return (await ledger.submit('Append', [String(size), packed, proofs])).block;
    } catch (error) {
      if (!(await this.#settleRefusal(batch, error))) throw error;
      return null;
    }
  }

  async #planNext({ queued, batch }: Turn): Promise<Turn | undefined> {
    const { ledger, store } = this.options;
    const last = batch.rows.at(-1);
    if (!last || !isPlain(batch, queued, this.#most)) return undefined;
    const following = await this.#queue.following(last.seq, this.#most);
    const next = planNext(store, ledger.mspId, batch, following, this.#most);
    return next ? { queued: following, batch: next } : undefined;
  }

  /** The entries are on the ledger; a crash before this is done leaves their rows, which the next start finds anchored. */
  async #settle({ queued, batch: { rows } }: Turn, block: number): Promise<void> {
    const { follower, onAnchored } = this.options;
    await follower.applied(block);
    this.#suspects.pass(rows);
    this.#allIsWell();
    onAnchored?.(rows.length);
    await this.#shrinkQueue(() => this.#queue.pass(queued, rows));
  }

  /** Deals with a refusal that is about the statements. False when it is not one. */
  async #settleRefusal(batch: Batch, error: unknown): Promise<boolean> {
    if (!(error instanceof LedgerError) || error.code !== 'REFUSED' || !error.refusal) return false;
    const { refusal } = error;
    if (PASSING_REFUSALS.has(refusal.code)) return false;
    const [first, ...others] = batch.rows;
    const guilty = refusedAlike(batch, refusal);
    if (guilty.length > 0) await this.#setAside(guilty, refusal);
    else if (others.length > 0) this.#suspects.halve(batch.rows.length);
    else if (first) return this.#suspect(first, refusal, error);
    return true;
  }

  /** A batch of one was refused without a word about it. False when that says nothing about the statement. */
  async #suspect(row: QueuedStatement, refusal: Refusal, error: LedgerError): Promise<boolean> {
    const verdict = this.#suspects.judge(row.seq, error);
    if (verdict === 'guilty') await this.#setAside([row], refusal);
    return verdict !== 'unclear';
  }

  /** Nothing is left that could show whether it is the statements. They stay queued, and somebody should look. */
  #failOnSkipped(): never {
    const [error] = this.#suspects.skipped.values();
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
      this.#suspects.forget(seq);
      onSetAside?.(code);
    }
    await onQueueShrunk?.();
  }

  async #recover(error: unknown): Promise<void> {
    const { onTrouble } = this.options;
    await this.#settled.catch(() => undefined);
    this.#settled = Promise.resolve();
    this.#behind = true;
    this.#suspects.retryAll();
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

/** Like `Promise.all`, but rejects only once nothing is under way any more. */
async function allOf<A, B, C>(a: Promise<A>, b: Promise<B>, c: Promise<C>): Promise<[A, B, C]> {
  await Promise.allSettled([a, b, c]);
  return Promise.all([a, b, c]);
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
