import { ProtocolError } from '@spondon/protocol/error';

/**
 * - `LOG_DAMAGED`: what the follower keeps contradicts the ledger, or itself. Reindex.
 * - `UNWRITABLE`: what the follower keeps could not be written. Opened again, it goes on from its last checkpoint.
 * - `LEDGER_REWRITTEN`: the ledger shows another history than the one followed so far. Stop, and ask why.
 * - `ENTRY_UNKNOWN`: no such entry in the log.
 * - `STOPPED`: the follower was stopped, or the ledger's blocks came to an end.
 */
export type WorkerErrorCode = 'LOG_DAMAGED' | 'UNWRITABLE' | 'LEDGER_REWRITTEN' | 'ENTRY_UNKNOWN' | 'STOPPED';

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

/** For files that this worker writes: whatever the file system says. Damage that was met on the way stays damage. */
export function unwritable(error: unknown, what: string): WorkerError {
  if (error instanceof WorkerError) return error;
  return new WorkerError('UNWRITABLE', `${what} could not be written`, { cause: error });
}
