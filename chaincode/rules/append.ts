import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import type { Hash } from '@spondon/protocol/crypto';
import { ProtocolError } from '@spondon/protocol/error';
import { appendLeaves, rootOf } from '@spondon/protocol/merkle/compact-range';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { unpackEntries, type EnteredStatement } from '@spondon/protocol/pack';
import type { LogHead, LogState } from '@spondon/protocol/records';
import { Refusal } from '../refusal.js';

/**
 * Compare-and-swap: a batch is made for one size of the log, so a retry whose first try did commit is refused here
 * and nothing is anchored twice.
 */
export function checkSize(expected: number, log: LogState | undefined): void {
  const present = log?.size ?? 0;
  if (expected !== present) {
    throw new Refusal('SIZE_MISMATCH', `expected size ${expected}, present size ${present}`);
  }
}

/**
 * The batch: 1 to 4,096 canonical statements, 2 KiB each and 2 MiB together as they are anchored (`PACK_LIMITS`), as the
 * entries that they will be, all of time `at`.
 *
 * @throws Refusal `PACKED`, `TOO_LARGE`
 */
export function unpackBatch(packed: Uint8Array, at: number): readonly EnteredStatement[] {
  try {
    return unpackEntries(packed, at);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new Refusal(error.code === 'TOO_LARGE' ? 'TOO_LARGE' : 'PACKED', error.message);
  }
}

/** Entry times never run backwards, whatever time clients put on their transactions. */
export function entryTime(time: number, log: LogState | undefined): number {
  return Math.max(time, log?.at ?? 0);
}

/** The log with these statements, of time `at`, as its next entries. Their admission was checked before. */
export function extend(
  log: LogState | undefined,
  statements: readonly EnteredStatement[],
  at: number,
  hash: Hash,
): LogState {
  const size = log?.size ?? 0;
  const leaves = statements.map(({ entry }) => leafHash(entry, hash));
  const frontier = appendLeaves((log?.frontier ?? []).map(decodeBase64url), size, leaves, hash);
  const extended = size + leaves.length;
  return {
    n: (log?.n ?? 0) + 1,
    size: extended,
    root: encodeBase64url(rootOf(frontier, extended, hash)),
    at,
    frontier: frontier.map(encodeBase64url),
  };
}

export function headOf({ n, size, root, at }: LogState): LogHead {
  return { n, size, root, at };
}
