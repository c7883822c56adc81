import type { Block, Ledger } from '@spondon/ledger/port';
import type { LogStore } from './log/store.js';
import { WorkerError } from './error.js';

/** After a block, how long until what it brought is also on disk: a crash costs reading that much again. */
const CHECKPOINT_DELAY_MS = 1000;

export interface FollowerOptions {
  readonly ledger: Ledger;
  /** Belongs to the follower from its start on: it is closed when the follower stops. */
  readonly store: LogStore;
  /** Called after each block, once reads see it. Must not throw. */
  readonly onBlock?: (block: Block) => void;
  /** The follower stopped and will not go on by itself. */
  readonly onFailure: (error: unknown) => void;
  readonly checkpointDelayMs?: number;
}

/** Reads the ledger's blocks into the log store, in order, for as long as it runs. */
export class Follower {
  readonly #stop = new AbortController();
  readonly #waiting = new Set<{ block: number; resolve: () => void; reject: (error: Error) => void }>();
  #running: Promise<void> = Promise.resolve();
  #failure: Error | undefined;
  #stopped = false;
  /** Set from when a checkpoint is due until it is written. */
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: FollowerOptions) {}

  /** Resolves once all blocks that the ledger has now are applied; following goes on until `stop`. */
  async start(): Promise<void> {
    const height = await this.options.ledger.height();
    this.#running = this.#follow(height).catch((error: unknown) => this.#fail(error));
    await this.applied(height - 1);
  }

  /** Resolves once reads see block `block`. Rejects when the follower stopped before. */
  applied(block: number): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.options.store.nextBlock > block) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.add({ block, resolve, reject }));
  }

  /** How many blocks of the ledger have not been read yet. */
  async lag(): Promise<number> {
    return (await this.options.ledger.height()) - this.options.store.nextBlock;
  }

  get failure(): unknown {
    return this.#failure;
  }

  /**
   * Stops following and leaves the store checkpointed and closed. What goes wrong with that is reported as a failure:
   * nothing is lost, the next start reads the blocks again.
   */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#running;
    await this.options.store.close().catch((error: unknown) => this.#fail(error));
    this.#rejectAll((this.#failure ??= new WorkerError('STOPPED', 'The follower was stopped')));
  }

  async #follow(height: number): Promise<void> {
    const { ledger, store, onBlock } = this.options;
    const { nextBlock } = store;
    if (nextBlock > height) {
      throw new WorkerError(
        'LEDGER_REWRITTEN',
        `The ledger has ${height} blocks, fewer than the ${nextBlock} already read: was it restored from a backup? Reindex`,
      );
    }
    // The last one that was read comes first, once more: is this still the ledger that was followed so far?
    for await (const block of ledger.blocks(Math.max(0, nextBlock - 1), this.#stop.signal)) {
      if (block.number < nextBlock) {
        store.assertLast(block);
        continue;
      }
      store.apply(block);
      onBlock?.(block);
      this.#resolveApplied();
      this.#checkpointSoon();
      await store.settle();
    }
    if (!this.#stop.signal.aborted) throw new WorkerError('STOPPED', 'The ledger gives no more blocks');
  }

  #checkpointSoon(): void {
    const { store, checkpointDelayMs = CHECKPOINT_DELAY_MS } = this.options;
    this.#timer ??= setTimeout(() => {
      const { nextBlock } = store;
      store.checkpoint().then(
        () => {
          this.#timer = undefined;
          if (store.nextBlock > nextBlock && !this.#stopped) this.#checkpointSoon();
        },
        (error: unknown) => this.#fail(error),
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
