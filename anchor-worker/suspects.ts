import type { LedgerError } from '@spondon/ledger/port';
import type { QueuedStatement } from './queue.js';

/** So many statements refused alone and without a word about which: then it is hardly the statements. */
const MAX_SKIPPED = 64;

/**
 * Finds the statement that spoils its batch where the ledger's words name none: batches are halved until one is refused
 * alone. Then it may be that statement or anything else; refused alone once more, when other batches have passed
 * meanwhile, it is the statement.
 */
export class Suspects {
  #limit: number;
  /** Batches that passed. */
  #passed = 0;
  /** Rows refused alone, and how many batches had passed by then. */
  readonly #refusedAt = new Map<number, number>();
  readonly #skipped = new Map<number, LedgerError>();

  /** `most`: statements in a batch while nothing is suspected. */
  constructor(private readonly most: number) {
    this.#limit = most;
  }

  /** Statements in the next batch, at most. */
  get limit(): number {
    return this.#limit;
  }

  /** Rows that are left out until something has passed, and what was said of them. */
  get skipped(): ReadonlyMap<number, LedgerError> {
    return this.#skipped;
  }

  /** Something is wrong with one of so many. */
  halve(statements: number): void {
    this.#limit = Math.floor(statements / 2);
  }

  /** What a row turns out to be that was refused alone; `unclear` when so many were that it must be something else. */
  judge(seq: number, error: LedgerError): 'guilty' | 'suspect' | 'unclear' {
    const before = this.#refusedAt.get(seq) ?? this.#passed;
    if (before < this.#passed) return 'guilty';
    this.#refusedAt.set(seq, this.#passed);
    this.#skipped.set(seq, error);
    return this.#skipped.size < MAX_SKIPPED ? 'suspect' : 'unclear';
  }

  /** These have passed: those that were left out get their second chance. */
  pass(rows: readonly QueuedStatement[]): void {
    for (const { seq } of rows) this.#refusedAt.delete(seq);
    this.#skipped.clear();
    this.#passed += 1;
    this.#limit = Math.min(this.most, this.#limit * 2);
  }

  /** It has left the queue. */
  forget(seq: number): void {
    this.#refusedAt.delete(seq);
  }

  /** Whatever failed since may have been the reason. */
  retryAll(): void {
    this.#skipped.clear();
  }
}
