/** Calls back after so many milliseconds, unless what it returns is called before. */
export type After = (milliseconds: number, callBack: () => void) => () => void;

/** Lends threads to one job each: started when they are needed, kept for the next job, never more than a few. */
export interface WorkerPool<Thread> {
  /** Waits until one is free; who asked first is served first. Rejects with the signal's reason. */
  borrow(signal: AbortSignal): Promise<Thread>;
  /** A thread that hangs, or that something broke, is not `usable`: it is ended, and another may take its place. */
  giveBack(thread: Thread, usable: boolean): void;
}

export interface WorkerPoolOptions<Thread> {
  readonly start: () => Thread;
  readonly size: number;
  /** So long without work, and a thread is ended: decoders give no memory back while they live. */
  readonly idleMs: number;
  readonly after: After;
}

export function createWorkerPool<Thread extends { terminate(): void }>(
  options: WorkerPoolOptions<Thread>,
): WorkerPool<Thread> {
  const { start, size, idleMs, after } = options;
  const waiting: ((thread: Thread) => void)[] = [];
  const idle: { readonly thread: Thread; readonly keep: () => void }[] = [];
  let lent = 0;

  const rest = (thread: Thread): void => {
    const end = after(idleMs, () => {
      idle.splice(idle.indexOf(resting), 1);
      thread.terminate();
    });
    const resting = { thread, keep: end };
    idle.push(resting);
  };

  return {
    async borrow(signal) {
      signal.throwIfAborted();
      const resting = idle.pop();
      resting?.keep();
      if (resting || lent < size) {
        const thread = resting?.thread ?? start();
        lent++;
        return thread;
      }
      return new Promise((resolve, reject) => {
        const take = (thread: Thread): void => {
          signal.removeEventListener('abort', leave);
          resolve(thread);
        };
        const leave = (): void => {
          waiting.splice(waiting.indexOf(take), 1);
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', leave);
        waiting.push(take);
      });
    },
    giveBack(thread, usable) {
      if (!usable) thread.terminate();
      const next = waiting.shift();
      if (next) {
        next(usable ? thread : start());
        return;
      }
      lent--;
      if (usable) rest(thread);
    },
  };
}
