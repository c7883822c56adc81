/**
 * Lets simulations run side by side and keeps commits out while any of them runs, so that all reads of one see the same
 * committed state. A waiting commit goes before simulations that come after it.
 */
export class SnapshotLock {
  #readers = 0;
  #allLeft: (() => void) | null = null;
  /** Settles when the commit that waits is done. */
  #commit: Promise<unknown> | null = null;

  async shared<T>(read: () => Promise<T>): Promise<T> {
    while (this.#commit) await this.#commit;
    this.#readers += 1;
    try {
      return await read();
    } finally {
      this.#readers -= 1;
      if (this.#readers === 0) this.#allLeft?.();
    }
  }

  /** Runs `commit` as soon as no reader is left. One at a time: there is one committer. */
  async exclusive<T>(commit: () => T): Promise<T> {
    if (this.#readers === 0) return commit();
    const left = new Promise<void>((resolve) => {
      this.#allLeft = resolve;
    });
    const run = left.then(commit);
    this.#commit = Promise.allSettled([run]);
    try {
      return await run;
    } finally {
      this.#commit = null;
      this.#allLeft = null;
    }
  }
}
