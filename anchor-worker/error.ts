import { ProtocolError } from '@spondon/protocol/error';

/**
 * - `LOG_DAMAGED`: what the follower keeps contradicts the ledger, or itself, or cannot be written. Reindex.
 * - `LEDGER_REWRITTEN`: the ledger shows another history than the one followed so far. Stop, and ask why.
 * - `ENTRY_UNKNOWN`: no such entry in the log.
 * - `STOPPED`: the follower was stopped, or the ledger's blocks came to an end.
 */
export type WorkerErrorCode = 'LOG_DAMAGED' | 'LEDGER_REWRITTEN' | 'ENTRY_UNKNOWN' | 'STOPPED';

export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  constructor(
    readonly code: WorkerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** For bytes that the ledger or this worker wrote: whatever their reader trips over is damage. */
export function damagedBy(error: unknown, what: string): WorkerError {
  if (error instanceof WorkerError && error.code !== 'ENTRY_UNKNOWN') return error;
  const why = error instanceof WorkerError || error instanceof ProtocolError ? `: ${error.message}` : '';
  return new WorkerError('LOG_DAMAGED', `${what}${why}`, { cause: error });
}
