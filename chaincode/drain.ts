/** Work under way: whoever wants to end the process finds out when all of it is done, also what came meanwhile. */
export class Drain {
  readonly #work = new Set<Promise<void>>();

  /** `work` must not fail. */
  add(work: Promise<void>): void {
    this.#work.add(work);
    void work.then(() => this.#work.delete(work));
  }

  async idle(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work);
  }
}
