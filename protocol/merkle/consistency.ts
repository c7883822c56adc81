import { equalBytes } from '../bytes.js';
import type { Hash } from '../crypto.js';
import { ProtocolError } from '../error.js';
import { subtreeRoot, type NodeAt } from './subtree.js';
import { HASH_BYTES, nodeHash } from './tree.js';

/** Consistency proofs, RFC 9162 §2.1.4: the larger tree begins with the whole of the smaller one. */

function refuse(what: string): never {
  throw new ProtocolError('CONSISTENCY_PROOF', what);
}

function checkSizes(size1: number, size2: number): void {
  const sound = Number.isSafeInteger(size1) && Number.isSafeInteger(size2) && size1 > 0 && size1 <= size2;
  if (!sound) refuse('sizes are not 0 < first <= second');
}

/**
 * Returns when `proof` shows that the tree (`size2`, `root2`) extends the tree (`size1`, `root1`)
 * (RFC 9162 §2.1.4.2). Of the empty tree there is nothing to prove: `size1` is at least 1.
 *
 * @throws ProtocolError `CONSISTENCY_PROOF`
 */
export function verifyConsistency(
  size1: number,
  size2: number,
  root1: Uint8Array,
  root2: Uint8Array,
  proof: readonly Uint8Array[],
  hash: Hash,
): void {
  checkSizes(size1, size2);
  if (proof.some((item) => item.length !== HASH_BYTES)) refuse('a hash in the proof has not 32 bytes');
  if (size1 === size2) {
    if (proof.length > 0) refuse('trees of one size need no proof');
    if (!equalBytes(root1, root2)) refuse('trees of one size have different roots');
    return;
  }
  let at = size1 - 1;
  let last = size2 - 1;
  while (at % 2 === 1) {
    at = (at - 1) / 2;
    last = Math.floor(last / 2);
  }
  // A first tree that is one perfect subtree is its own first node and left out of the proof.
  const [first, ...rest] = at === 0 ? [root1, ...proof] : proof;
  if (first === undefined) refuse('the proof is empty');
  let [old, now] = [first, first];
  for (const item of rest) {
    if (last === 0) refuse('the proof is too long');
    if (at % 2 === 1 || at === last) {
      old = nodeHash(item, old, hash);
      now = nodeHash(item, now, hash);
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      now = nodeHash(now, item, hash);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) refuse('the proof is too short');
  if (!equalBytes(old, root1)) refuse('the proof does not lead to the first root');
  if (!equalBytes(now, root2)) refuse('the proof does not lead to the second root');
}

/**
 * The proof between two sizes of one tree (RFC 9162 §2.1.4.1).
 *
 * @throws ProtocolError `CONSISTENCY_PROOF` unless 0 < size1 <= size2
 */
export function consistencyPath(size1: number, size2: number, node: NodeAt, hash: Hash): Uint8Array[] {
  checkSizes(size1, size2);
  const descend = (start: number, end: number, whole: boolean): Uint8Array[] => {
    if (size1 === end) return whole ? [] : [subtreeRoot(start, end, node, hash)];
    let width = 1;
    while (width * 2 < end - start) width *= 2;
    const middle = start + width;
    return size1 <= middle
      ? [...descend(start, middle, whole), subtreeRoot(middle, end, node, hash)]
      : [...descend(middle, end, false), subtreeRoot(start, middle, node, hash)];
  };
  return descend(0, size2, true);
}
