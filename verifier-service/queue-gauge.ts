import { queueLength, type QueueDb } from '@spondon/anchor-worker/queue';
import { ServiceError } from './error.js';

/**
 * How many statements wait to be anchored, as this process knows it without asking the database at every request:
 * never too few, since what is added while counting is added to the count.
 */
export class QueueGauge {
  #length = 0;
  #added = 0;

  constructor(
    private readonly db: QueueDb,
    private readonly most: number,
  ) {}

  get length(): number {
    return this.#length;
  }

  add(count: number): void {
    this.#added += count;
    this.#length += count;
  }

  async recount(): Promise<void> {
    const before = this.#added;
    this.#length = (await queueLength(this.db)) + (this.#added - before);
  }

  assertRoom(): void {
    if (this.#length < this.most) return;
    throw new ServiceError(
      'OVERLOADED',
      'Too much is waiting to be anchored at the moment; try again in a few seconds',
    );
  }
}
