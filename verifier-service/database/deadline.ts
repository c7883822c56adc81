import { setTimeout as delay } from 'node:timers/promises';
import { unavailable } from './postgres-outage.js';

/**
 * For questions that somebody waits for who is better off with half an answer. A server that is silent, and not dead,
 * would keep each of them until the connection gives up; and while one is overdue, the others do not wait for the same.
 */
export class Deadline {
  #overdue = 0;

  constructor(private readonly milliseconds: number) {}

  /**
   * Its answer. Throws `STORAGE_UNAVAILABLE` when it takes longer, or an earlier one still does; a question that was
   * asked goes on by itself, and its answer is dropped.
   */
  async meet<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#overdue > 0) throw unavailable(new Error('an earlier question is still not answered'));
    const answer = ask();
    const timer = new AbortController();
    const late = delay(this.milliseconds, undefined, { signal: timer.signal, ref: false }).then(() => {
      this.#overdue += 1;
      const answered = (): void => void (this.#overdue -= 1);
      answer.then(answered, answered);
      throw unavailable(new Error('not answered in time'));
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([answer, late]);
    } finally {
      timer.abort();
    }
  }
}
