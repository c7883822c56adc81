import { fromUtf8 } from '@spondon/protocol/bytes';
import { encodeEntries } from '@spondon/protocol/entry';
import { unpackEntries, type EnteredStatement } from '@spondon/protocol/pack';
import { isMspId, type LogHead, logKey, type LogState } from '@spondon/protocol/records';
import type { SignedStatement } from '@spondon/protocol/statement';
import type { Transaction } from '@spondon/ledger/port';
import { WorkerError } from '../error.js';

/** What one transaction added to a log. */
export interface Append {
  /** The log's owner. */
  readonly mspId: string;
  readonly entries: readonly Entered[];
  /** The log's head after it. */
  readonly head: LogHead;
  /** Which of those that were expected it is. */
  readonly expectation: Unpacked | undefined;
}

/** A statement, and its entry in the log. */
export type Entered = Pick<EnteredStatement, 'entry' | 'statement'>;

/** Statements, and the packed form from which they were read. */
export interface Unpacked {
  readonly packed: Uint8Array;
  readonly statements: readonly SignedStatement[];
}

/**
 * Reads a valid transaction; null when it appends nothing. What one of `expected` was read from is not read again.
 *
 * @throws WorkerError, ProtocolError when it cannot be read
 */
export function readAppend(
  { id, fn, args, writes }: Transaction,
  expected: readonly Unpacked[],
): Append | null {
  if (fn !== 'Append') return null;
  const packed = args[1];
  const write = writes.find(({ key }) => key.startsWith(logKey('')));
  const mspId = write?.key.slice(logKey('').length);
  // Names a folder.
  if (!packed || !write?.value || !isMspId(mspId)) {
    throw new WorkerError('LOG_DAMAGED', `Transaction ${id} appends to no log`);
  }
  const { n, size, root, at } = JSON.parse(fromUtf8(write.value)) as LogState;
  const expectation = expected.find((each) => Buffer.compare(each.packed, packed) === 0);
  const entries = expectation ? enter(expectation.statements, at) : unpackEntries(packed, at);
  return { mspId, entries, head: { n, size, root, at }, expectation };
}

function enter(statements: readonly SignedStatement[], at: number): readonly Entered[] {
  return encodeEntries(at, statements).map(({ entry, signed: { statement } }) => ({ entry, statement }));
}
