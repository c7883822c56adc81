import { LedgerError } from '@spondon/ledger/port';
import { WorkerError } from '@spondon/anchor-worker/error';
import { ServiceError } from './error.js';

/** What a log line says of an error. */
export interface Fault {
  readonly type: string;
  readonly code?: string;
  /** Only of messages that are our own and quote nothing. */
  readonly message?: string;
  readonly at?: readonly string[];
  readonly cause?: Fault;
}

const MAX_FRAMES = 8;
const MAX_CAUSES = 4;

/**
 * An error for the log, without what it may quote: a parser's message can repeat a document, a database's a name. Kind,
 * code and place are enough to find the fault. A refusal's message names a document, so its code stands for it.
 */
export function faultOf(error: unknown, depth = 0): Fault {
  if (!(error instanceof Error)) return { type: typeof error };
  const { name: type, cause, stack = '' } = error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const refusal = error instanceof LedgerError ? error.refusal?.code : undefined;
  const speaks = (error instanceof LedgerError || error instanceof WorkerError) && refusal === undefined;
  const at = stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.trim());
  return {
    type,
    ...(code === undefined ? {} : { code: refusal ?? code }),
    ...(speaks ? { message: error.message } : {}),
    // Where it was refused is of no interest.
    ...(at.length === 0 || error instanceof ServiceError ? {} : { at }),
    ...(cause instanceof Error && depth < MAX_CAUSES ? { cause: faultOf(cause, depth + 1) } : {}),
  };
}
