import { LedgerError } from './port.js';

/** Arguments, and the whole transaction with its envelope, may be this large. Orderers of our networks take more. */
const MAX_TRANSACTION_BYTES = 8 * 1024 * 1024;

/** @throws LedgerError `REFUSED` with `TOO_LARGE` when the parts together are larger than a transaction may be */
export function checkTransactionSize(parts: readonly Uint8Array[]): void {
  if (parts.reduce((sum, { length }) => sum + length, 0) <= MAX_TRANSACTION_BYTES) return;
  const message = `a transaction may have ${MAX_TRANSACTION_BYTES} bytes`;
  throw new LedgerError('REFUSED', message, { code: 'TOO_LARGE', message });
}
