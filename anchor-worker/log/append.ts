import { fromUtf8 } from '@spondon/protocol/bytes';
import { unpackStatements } from '@spondon/protocol/pack';
import { type LogHead, logKey, type LogState } from '@spondon/protocol/records';
import type { SignedStatement } from '@spondon/protocol/statement';
import type { Transaction } from '@spondon/ledger/port';
import { WorkerError } from '../error.js';

/** What one transaction added to a log. */
export interface Append {
  /** The log's owner. */
  readonly mspId: string;
  readonly statements: readonly SignedStatement[];
  /** The log's head after it. */
  readonly head: LogHead;
}

/** Reads a valid transaction; null when it appends nothing. @throws WorkerError, ProtocolError when it cannot be read */
export function readAppend({ id, fn, args, writes }: Transaction): Append | null {
  if (fn !== 'Append') return null;
  const packed = args[1];
  const write = writes.find(({ key }) => key.startsWith(logKey('')));
  if (!packed || !write?.value) throw new WorkerError('LOG_DAMAGED', `Transaction ${id} appends to no log`);
  const { n, size, root, at } = JSON.parse(fromUtf8(write.value)) as LogState;
  const mspId = write.key.slice(logKey('').length);
  return { mspId, statements: unpackStatements(packed), head: { n, size, root, at } };
}
