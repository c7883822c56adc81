import { type Block, type Ledger, LedgerError } from '@spondon/ledger/port';
import type { LogStore } from './log/store.js';
import { WorkerError } from './error.js';
import { Backoff, type Wait } from './backoff.js';

/** After a block, how long until what it brought is also on disk: a crash costs reading that much again. */
const CHECKPOINT_DELAY_MS = 1000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;

export interface FollowerOptions {
  readonly ledger: Ledger;
  /** Belongs to the follower from its start on: it is closed when the follower stops. */
  readonly store: LogStore;
  /** Called after each block, once reads see it. Must not throw. */
  readonly onBlock?: (block: Block) => void;
  /** Something failed that is tried again, see {@link Follower.trouble}. Must not throw. */
  readonly onTrouble?: (error: unknown) => void;
  /** The follower stopped and will not go on by itself. */
  readonly onFailure: (error: unknown) => void;
  readonly checkpointDelayMs?: number;
  /** Before another attempt. */
  readonly wait?: Wait;
}

/**
 * Reads the ledger's blocks into the log store, in order, for as long as it runs. When files cannot be written, or
 * blocks cannot be read at the moment, it tries again; contradictions end it.
 */
export class Follower {
  readonly #stop = new AbortController();
  readonly #waiting = new Set<{ block: number; resolve: () => void; reject: (error: Error) => void }>();
  #running: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #trouble: Error | undefined;
  readonly #backoff: Backoff;
  #stopping: Promise<void> | undefined;
  /** Ends the reading under way, when a checkpoint failed. */
  #reading = new AbortController();
  /** Set from when a checkpoint is due until it is written. */
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: FollowerOptions) {
    this.#backoff = new Backoff(FIRST_RETRY_MS, LAST_RETRY_MS, options.wait);
  }

  /** Resolves once all blocks that the ledger has now are applied; following goes on until `stop`. */
  async start(): Promise<void> {
    const height = await this.options.ledger.height();
    try {
      await this.#assertSameLedger(height);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    this.#running = this.#run().catch((error: unknown) => this.#fail(error));
    await this.applied(height - 1);
  }

  /** Resolves once reads see block `block`. Rejects when the follower stopped before, or trouble keeps it from that. */
  applied(block: number): Promise<void> {
    if (this.options.store.nextBlock > block) return Promise.resolve();
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiting.add({ block, resolve, reject }));
  }

  /** How many blocks of the ledger have not been read yet. */
  async lag(): Promise<number> {
    return (await this.options.ledger.height()) - this.options.store.nextBlock;
  }

  /** Whether reads may be taken for the ledger's state: in trouble too, while nothing has come that was not read. */
  async isCurrent(): Promise<boolean> {
    if (this.#failure) return false;
    return this.#trouble === undefined || (await this.lag().catch(() => Infinity)) === 0;
  }

  /** Why it stopped. */
  get failure(): unknown {
    return this.#failure;
  }

  /** What failed last and is being tried again; undefined when all is well. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /**
   * Stops following and leaves the store checkpointed and closed. What goes wrong with that is reported as a failure:
   * nothing is lost, the next start reads the blocks again.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAndClose();
    return this.#stopping;
  }

  async #stopAndClose(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#running;
    await this.options.store.close().catch((error: unknown) => this.#fail(error));
    this.#failure ??= new WorkerError('STOPPED', 'The follower was stopped');
    this.#rejectAll(this.#failure);
  }

  /** A ledger restored from a backup, or founded anew, is not the one that was followed so far. */
  async #assertSameLedger(height: number): Promise<void> {
    const { ledger, store } = this.options;
    if (store.nextBlock === 0) return;
    if (store.nextBlock > height) {
      const missing = `The ledger has ${height} blocks, and ${store.nextBlock} were read already`;
      throw new WorkerError('LEDGER_REWRITTEN', `${missing}: was it restored from a backup? Reindex`);
    }
    for await (const block of ledger.blocks(store.nextBlock - 1, this.#stop.signal)) {
      store.assertLast(block);
      break;
    }
  }

  async #run(): Promise<void> {
    const { ledger, store, onTrouble } = this.options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#trouble) await this.#pause(this.#trouble);
        if (store.failure) {
          await store.reopen(ledger, signal);
          this.#allIsWell();
        }
        await this.#follow();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (!mayPass(error)) throw error;
        this.#trouble = error;
        onTrouble?.(error);
      }
    }
  }

  #allIsWell(): void {
    this.#trouble = undefined;
    this.#backoff.reset();
  }

  async #follow(): Promise<void> {
    const { store } = this.options;
    this.#reading = new AbortController();
    for await (const block of this.#blocks(this.#reading.signal)) {
      this.#apply(block);
      this.#checkpointSoon();
      await store.settle();
      this.#allIsWell();
    }
    this.#reading.signal.throwIfAborted();
    if (!this.#stop.signal.aborted) throw new WorkerError('STOPPED', 'The ledger gives no more blocks');
  }

  /** Before another attempt. When it is files that cannot be written, reads keep up with the ledger all the same. */
  async #pause(trouble: Error): Promise<void> {
    const over = new AbortController();
    const waited = this.#backoff.pause(this.#stop.signal).then(() => over.abort());
    try {
      if (this.options.store.failure) await this.#keepUp(over.signal);
    } finally {
      await waited;
      this.#rejectAll(trouble);
    }
  }

  /** In memory alone, as far as there is room for it. */
  async #keepUp(signal: AbortSignal): Promise<void> {
    for await (const block of this.#blocks(signal)) {
      if (this.options.store.isCrowded) return;
      this.#apply(block);
    }
  }

  /** Those that have not been read yet, until the follower stops or `signal` aborts. */
  #blocks(signal: AbortSignal): AsyncIterable<Block> {
    const { ledger, store } = this.options;
    return ledger.blocks(store.nextBlock, AbortSignal.any([this.#stop.signal, signal]));
  }

  #apply(block: Block): void {
    const { store, onBlock } = this.options;
    store.apply(block);
    onBlock?.(block);
    this.#resolveApplied();
  }

  #checkpointSoon(): void {
    const { store, checkpointDelayMs = CHECKPOINT_DELAY_MS } = this.options;
    this.#timer ??= setTimeout(() => {
      const { nextBlock } = store;
      store.checkpoint().then(
        () => {
          this.#timer = undefined;
          if (store.nextBlock > nextBlock && !this.#stopping) this.#checkpointSoon();
        },
        (error: unknown) => {
          this.#timer = undefined;
          this.#reading.abort(error);
        },
      );
    }, checkpointDelayMs).unref();
  }

  #resolveApplied(): void {
    for (const waiter of this.#waiting) {
      if (this.options.store.nextBlock <= waiter.block) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  #fail(error: unknown): void {
    this.#stop.abort();
    if (this.#failure) return;
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#rejectAll(this.#failure);
    this.options.onFailure(error);
  }

  #rejectAll(error: Error): void {
    for (const waiter of this.#waiting) waiter.reject(error);
    this.#waiting.clear();
  }
}

/** Says nothing about what was read or written. */
function mayPass(error: unknown): error is Error {
  if (error instanceof WorkerError) return error.code === 'UNWRITABLE';
  return error instanceof LedgerError && error.code === 'UNAVAILABLE';
}
