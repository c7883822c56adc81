import { MVCC_READ_CONFLICT, VALID, encodeBlock } from '../block.js';
import { LedgerError } from '../port.js';
import type { ReadWriteSet, Version } from '../rwset.js';
import type { BlockFile } from './block-file.js';
import type { SnapshotLock } from './snapshot-lock.js';
import type { BlockEffects, State } from './state.js';

/** An endorsed transaction that waits for its block. */
export interface Endorsed {
  readonly id: string;
  /** `common.Envelope`. */
  readonly envelope: Uint8Array;
  readonly set: ReadWriteSet;
}

export interface Committed {
  readonly transactionId: string;
  readonly block: number;
}

interface Waiting extends Endorsed {
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: LedgerError) => void;
}

export interface CommitterParts {
  readonly file: BlockFile;
  readonly state: State;
  readonly lock: SnapshotLock;
  /** Called when a block is durable and applied. */
  readonly onCommit: () => void;
  /** Opens the block file again and finds out what is in it, as a start does. */
  readonly reopen: () => Promise<void>;
}

/** A block takes whatever waits, up to about this much, so that memory and the time of one flush stay bounded. */
const BLOCK_BYTES = 16 * 1024 * 1024;
const BLOCK_TRANSACTIONS = 1024;
/** Beyond this nothing more is taken in. */
const WAITING_BYTES = 64 * 1024 * 1024;

/**
 * Orders, validates and commits. One block at a time: whatever came while the last one was being flushed goes into the
 * next, so concurrent submits share a flush and a lone one waits for nothing.
 */
export class Committer {
  readonly #parts: CommitterParts;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | null = null;
  #failure: Error | null = null;
  #mending: Promise<void> | null = null;

  constructor(parts: CommitterParts) {
    this.#parts = parts;
  }

  /** Why it takes no more until it is mended; null while it works. */
  get failure(): Error | null {
    return this.#failure;
  }

  /**
   * After a failed write opens the block file again; rejects while that fails too. To be called before a transaction is
   * simulated. Those who come at once wait for one attempt together.
   */
  async mend(): Promise<void> {
    if (!this.#failure) return;
    this.#mending ??= this.#mend().finally(() => (this.#mending = null));
    await this.#mending;
  }

  /** Resolves when the transaction is durable and valid. */
  commit(transaction: Endorsed): Promise<Committed> {
    if (this.#failure) return Promise.reject(unavailable(this.#failure));
    if (this.#waitingBytes + transaction.envelope.length > WAITING_BYTES) {
      return Promise.reject(new LedgerError('UNAVAILABLE', 'too much waits to be written'));
    }
    this.#waitingBytes += transaction.envelope.length;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...transaction, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  async #run(): Promise<void> {
    // Transactions that were simulated in the same turn of the event loop come into the first block together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) await this.#commitBlock(this.#takeBlock());
    this.#running = null;
  }

  #takeBlock(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { envelope } of this.#waiting) {
      bytes += envelope.length;
      if (count > 0 && (bytes > BLOCK_BYTES || count === BLOCK_TRANSACTIONS)) break;
      count += 1;
    }
    const taken = this.#waiting.splice(0, count);
    for (const { envelope } of taken) this.#waitingBytes -= envelope.length;
    return taken;
  }

  async #commitBlock(transactions: readonly Waiting[]): Promise<void> {
    const { file, state, lock, onCommit } = this.#parts;
    let written = false;
    try {
      const { height, hash: previousHash } = state.position;
      const flags = validate(transactions, (key) => state.get(key)?.version ?? null);
      const envelopes = transactions.map(({ envelope }) => envelope);
      const { bytes, hash } = encodeBlock(height, previousHash, envelopes, flags);
      written = true;
      const { offset, end } = await file.append(height, bytes);
      // Durable. A crash from here on loses nothing: the state is brought up from the file at the next start.
      const effects = effectsOf(transactions, flags);
      await lock.exclusive(() => state.apply([{ number: height, hash, offset, end, effects }]));
      onCommit();
      answer(transactions, flags, height);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)), transactions, written);
    }
  }

  async #mend(): Promise<void> {
    const { reopen, onCommit } = this.#parts;
    await this.#running;
    try {
      await reopen();
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      throw error instanceof LedgerError ? error : unavailable(this.#failure);
    }
    this.#failure = null;
    // What was written after all is committed from here on.
    onCommit();
  }

  /** After a failed write nobody knows what is in the file, and after a failed apply the state is behind it. */
  #fail(cause: Error, transactions: readonly Waiting[], written: boolean): void {
    this.#failure = cause;
    const unknown = new LedgerError('UNKNOWN', 'writing the block failed', undefined, { cause });
    for (const { reject } of transactions) reject(written ? unknown : unavailable(cause));
    for (const { reject } of this.#waiting.splice(0)) reject(unavailable(cause));
    this.#waitingBytes = 0;
  }
}

function unavailable(cause: Error): LedgerError {
  const message = 'a write failed, and the block file has to be opened again first';
  return new LedgerError('UNAVAILABLE', message, undefined, { cause });
}

function answer(transactions: readonly Waiting[], flags: Uint8Array, block: number): void {
  for (const [index, { id, resolve, reject }] of transactions.entries()) {
    if (flags[index] === VALID) resolve({ transactionId: id, block });
    else reject(new LedgerError('CONFLICT', `transaction ${id} read what another one changed meanwhile`));
  }
}

/**
 * Fabric's MVCC validation: a transaction is valid when everything it read is still of the version that it read, and
 * nothing of it was written by a valid transaction before it in the same block.
 */
export function validate(
  transactions: readonly { readonly set: ReadWriteSet }[],
  committed: (key: string) => Version | null,
): Uint8Array {
  const written = new Set<string>();
  const flags = new Uint8Array(transactions.length);
  for (const [index, { set }] of transactions.entries()) {
    const stale = set.reads.some(({ key, version }) => written.has(key) || !same(version, committed(key)));
    flags[index] = stale ? MVCC_READ_CONFLICT : VALID;
    if (stale) continue;
    for (const { key } of [...set.writes, ...set.policies]) written.add(key);
  }
  return flags;
}

function same(a: Version | null, b: Version | null): boolean {
  return a?.block === b?.block && a?.transaction === b?.transaction;
}

/** What the valid ones of a block's transactions change. */
export function effectsOf(
  transactions: readonly { readonly set: ReadWriteSet }[],
  flags: Uint8Array,
): BlockEffects['effects'] {
  return transactions.flatMap(({ set }, transaction) =>
    flags[transaction] === VALID ? [{ transaction, set }] : [],
  );
}
