/** Lets any number of readers wait until something is new. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Resolves at the next {@link announce}, or when the signal aborts. */
  next(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  announce(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
