import pg from 'pg';
import { ServiceError } from '../error.js';

/**
 * Of the server and not of the statement: connection (08), authorisation (28), deadlock (40), no room (53), locks (55),
 * somebody ended it or it took too long (57), the system (58), a server that only reads (25006), a transaction that was
 * ended since we stood still in it (25P03), no database (3D).
 */
const OUTAGES = /^(?:08|28|3D|40|53|55|57|58|25006|25P03)/;

/** Whatever does not come from the server means that it was not reached, but for what cannot be sent at all. */
export function isOutage(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return OUTAGES.test(error.code ?? '');
  return error instanceof Error && !(error instanceof TypeError) && !(error instanceof RangeError);
}

/** The server ended the statement, as it was told. */
export function tookTooLong(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '57014';
}

/** The connection is as good as before. */
export function isRolledBack(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(?:40|55|57014)/.test(error.code ?? '');
}

/** Repeats nothing that the driver said: it may quote a row, or the address with its password. */
export function unavailable(error: unknown): ServiceError {
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  const message = isRolledBack(error)
    ? `The database was busy with others about the same${code}: nothing was done, try again`
    : `The database does not answer at the moment${code}: what was asked may not have been done, try again`;
  return new ServiceError('STORAGE_UNAVAILABLE', message, { cause: error });
}

/** It answers, and does not let us. */
export function unavailableFor(reason: string): ServiceError {
  return new ServiceError('STORAGE_UNAVAILABLE', `The database cannot be used: ${reason}. Nothing was done.`);
}
