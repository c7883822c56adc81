import type { Block, Ledger } from '@spondon/ledger/port';
import type { LogStore } from './log/store.js';
import { WorkerError } from './error.js';

/** After a block, how long until what it brought is also on disk: a crash costs reading that much again. */
const CHECKPOINT_DELAY_MS = 1000;

export interface FollowerOptions {
  readonly ledger: Ledger;
  readonly store: LogStore;
  /** Called after each block, once reads see it. */
  readonly onBlock?: (block: Block) => void;
  /** The follower stopped and will not go on by itself. */
  readonly onFailure: (error: unknown) => void;
}

/** Reads the ledger's blocks into the log store, in order, for as long as it runs. */
export class Follower {
  readonly #stop = new AbortController();
  readonly #waiting = new Set<{ block: number; resolve: () => void; reject: (error: unknown) => void }>();
  #running: Promise<void> = Promise.resolve();
  #failure: unknown;
  #stopping = false;
  #last: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: FollowerOptions) {}

  /** Resolves once all blocks that the ledger has now are applied; following goes on until `stop`. */
  async start(): Promise<void> {
    const { ledger, store } = this.options;
    const height = await ledger.height();
    if (store.nextBlock > height) {
      throw new WorkerError(
        'LEDGER_REWRITTEN',
        `The ledger has ${height} blocks, fewer than the ${store.nextBlock} already read: was it restored from a backup? Reindex`,
      );
    }
    this.#running = this.#follow().catch((error: unknown) => this.#fail(error));
    await this.applied(height - 1);
  }

  /** Resolves once reads see block `block`. Rejects when the follower stopped before. */
  applied(block: number): Promise<void> {
    if (this.options.store.nextBlock > block) return Promise.resolve();
    if (this.#failure !== undefined) return Promise.reject(asError(this.#failure));
    return new Promise((resolve, reject) => this.#waiting.add({ block, resolve, reject }));
  }

  /** How many blocks of the ledger have not been read yet. */
  async lag(): Promise<number> {
    return (await this.options.ledger.height()) - this.options.store.nextBlock;
  }

  get failure(): unknown {
    return this.#failure;
  }

  /** Stops following and leaves the store checkpointed and closed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#running;
    await this.#last;
    this.#fail(new Error('The follower was stopped'));
    await this.options.store.close();
  }

  async #follow(): Promise<void> {
    const { ledger, store, onBlock } = this.options;
    for await (const block of ledger.blocks(store.nextBlock, this.#stop.signal)) {
      await this.#alone(async () => {
        store.apply(block);
        onBlock?.(block);
        this.#wake();
        await store.settle();
      });
      this.#timer ??= setTimeout(() => this.#checkpoint(), CHECKPOINT_DELAY_MS).unref();
    }
  }

  #checkpoint(): void {
    this.#timer = undefined;
    this.#alone(() => this.options.store.checkpoint()).catch((error: unknown) => {
      this.#stop.abort();
      this.#fail(error);
    });
  }

  /** One after another: a checkpoint must not run beside `apply`. */
  #alone(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #wake(): void {
    for (const waiter of this.#waiting) {
      if (this.options.store.nextBlock <= waiter.block) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }

  #fail(error: unknown): void {
    const first = this.#failure === undefined;
    this.#failure ??= error;
    for (const waiter of this.#waiting) waiter.reject(error);
    this.#waiting.clear();
    if (first && !this.#stopping) this.options.onFailure(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
