/**
 * - `LOG_DAMAGED`: what the follower keeps contradicts the ledger, or itself. Delete it and reindex.
 * - `LEDGER_REWRITTEN`: the ledger shows another history than the one followed so far. Stop, and ask why.
 * - `ENTRY_UNKNOWN`: no such entry in the log.
 */
export type WorkerErrorCode = 'LOG_DAMAGED' | 'LEDGER_REWRITTEN' | 'ENTRY_UNKNOWN';

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
