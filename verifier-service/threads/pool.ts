import { Worker, type ResourceLimits, type Transferable } from 'node:worker_threads';
import { ServiceError, type ServiceErrorCode } from '../error.js';

/**
 * A few threads for work on hostile files: what hangs, crashes or eats memory there costs one job and one thread,
 * never the service. The module at the other end calls `serveJobs` (serve.ts).
 *
 * - Threads start when first needed; an idle one never keeps the process alive, and ends after `idleMs`.
 * - `run` resolves with the handler's result and rejects with the handler's own `ServiceError`, or with
 *   `OVERLOADED` (queue full; nothing was done), `PROCESSING_TIMEOUT` (thread ended and replaced),
 *   `PROCESSING_FAILED` (crash, out of memory, unexpected error: thread ended and replaced) or `SHUTTING_DOWN`.
 * - The time limit counts from the moment a thread takes the job, its own start included. Waiting in the queue is
 *   bounded by `maxQueue` instead.
 */
export interface ThreadPool<Job, Result> {
  run(job: Job, transfer?: readonly Transferable[]): Promise<Result>;
  /** Refuses new jobs, finishes accepted ones, ends the threads. */
  close(): Promise<void>;
}

export interface ThreadPoolOptions {
  /** Compiled module that calls `serveJobs`. */
  readonly module: URL;
  readonly threads: number;
  /** Jobs that may wait while every thread is busy. */
  readonly maxQueue: number;
  readonly timeoutMs: number;
  /** Bounds V8's heap only: a module that uses WebAssembly bounds that memory itself. */
  readonly resourceLimits?: ResourceLimits;
  /** An unused thread ends after this time, giving its memory back. Default one minute. */
  readonly idleMs?: number;
  /** Handed to the module as `workerData`. */
  readonly data?: unknown;
}

/** What a thread answers: `serve.ts` is the other side. */
export type Reply<Result> =
  | { readonly result: Result }
  | {
      readonly refusal: {
        readonly code: ServiceErrorCode;
        readonly message: string;
        readonly details: unknown;
      };
    };

interface Task<Job, Result> {
  readonly job: Job;
  readonly transfer: readonly Transferable[];
  readonly resolve: (result: Result) => void;
  readonly reject: (error: ServiceError) => void;
}

interface Thread<Job, Result> {
  readonly worker: Worker;
  task: Task<Job, Result> | undefined;
  timer: NodeJS.Timeout | undefined;
}

export function createThreadPool<Job, Result>(options: ThreadPoolOptions): ThreadPool<Job, Result> {
  const { module, maxQueue, timeoutMs, idleMs = 60_000 } = options;
  const threads = new Set<Thread<Job, Result>>();
  const queue: Task<Job, Result>[] = [];
  const ending = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;
  let drained: (() => void) | undefined;

  function start(): Thread<Job, Result> {
    const worker = new Worker(module, {
      // The threads parse what strangers send: they get no environment, so no master key, and no way to the log.
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
      workerData: options.data,
      ...(options.resourceLimits && { resourceLimits: options.resourceLimits }),
    });
    worker.stdout.resume();
    worker.stderr.resume();
    worker.unref();
    const thread: Thread<Job, Result> = { worker, task: undefined, timer: undefined };
    worker.on('message', (reply: Reply<Result>) => finish(thread, reply));
    worker.on('messageerror', (error) => retire(thread, failed(error)));
    worker.on('error', (error) => retire(thread, failed(error)));
    worker.on('exit', () => retire(thread, failed(undefined)));
    threads.add(thread);
    return thread;
  }

  function assign(thread: Thread<Job, Result>, task: Task<Job, Result>): void {
    clearTimeout(thread.timer);
    thread.task = task;
    thread.worker.ref();
    thread.timer = setTimeout(() => retire(thread, timedOut(timeoutMs)), timeoutMs);
    try {
      thread.worker.postMessage(task.job, task.transfer);
    } catch (error) {
      // Not cloneable: a fault of the caller's, and the thread has seen nothing.
      release(thread);
      task.reject(failed(error));
    }
  }

  function finish(thread: Thread<Job, Result>, reply: Reply<Result>): void {
    const { task } = thread;
    if (!task) return;
    release(thread);
    if ('result' in reply) task.resolve(reply.result);
    else task.reject(refused(reply.refusal));
    next();
  }

  function release(thread: Thread<Job, Result>): void {
    clearTimeout(thread.timer);
    thread.task = undefined;
    thread.worker.unref();
    thread.timer = setTimeout(() => retire(thread, failed(undefined)), idleMs).unref();
  }

  /** Ends a thread, and with it the job that it had; called again by its own exit, which then does nothing. */
  function retire(thread: Thread<Job, Result>, error: ServiceError): void {
    if (!threads.delete(thread)) return;
    clearTimeout(thread.timer);
    const ended = thread.worker.terminate().finally(() => ending.delete(ended));
    ending.add(ended);
    thread.task?.reject(error);
    next();
  }

  function next(): void {
    for (;;) {
      const idle = [...threads].find((thread) => !thread.task);
      if (!idle && threads.size >= options.threads) return;
      const task = queue.shift();
      if (!task) break;
      assign(idle ?? start(), task);
    }
    if ([...threads].every((thread) => !thread.task)) drained?.();
  }

  async function end(): Promise<void> {
    const idle = new Promise<void>((resolve) => (drained = resolve));
    next();
    await idle;
    for (const thread of threads) retire(thread, failed(undefined));
    await Promise.all(ending);
  }

  return {
    run(job, transfer = []) {
      if (closing) return Promise.reject(new ServiceError('SHUTTING_DOWN', 'The service is shutting down.'));
      const busy = [...threads].filter((thread) => thread.task).length;
      if (busy >= options.threads && queue.length >= maxQueue)
        return Promise.reject(new ServiceError('OVERLOADED', 'Too much is being worked on: try again.'));
      return new Promise((resolve, reject) => {
        queue.push({ job, transfer, resolve, reject });
        next();
      });
    },
    close: () => (closing ??= end()),
  };
}

function refused({ code, message, details }: { code: ServiceErrorCode; message: string; details: unknown }) {
  return new ServiceError(code, message, { details });
}

function timedOut(timeoutMs: number): ServiceError {
  return new ServiceError('PROCESSING_TIMEOUT', `Processing this took longer than ${timeoutMs / 1000} s.`);
}

function failed(error: unknown): ServiceError {
  return new ServiceError('PROCESSING_FAILED', 'This could not be processed.', {
    cause: placeOf(error),
  });
}

/** Where it went wrong, without the message: a parser's message may quote the document. */
function placeOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  const place = new Error(`${error.name}${code}`);
  place.stack = [
    place.message,
    ...(error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)),
  ].join('\n');
  return place;
}
