import type { Hash } from '../crypto.js';
import { ProtocolError } from '../error.js';
import { HASH_BYTES, emptyRoot, nodeHash } from './tree.js';

/**
 * The compact range of a tree: roots of its perfect subtrees, largest (leftmost) first, one for each 1 in
 * the binary form of its size. All that appending needs; at most 53 hashes.
 */
export type Frontier = readonly Uint8Array[];

/** Told of each perfect subtree as it is completed, leaves (level 0) included: what tiles are made of. */
export type OnNode = (level: number, index: number, hash: Uint8Array) => void;

/** Ones in the binary form of `size`. Sizes exceed 32 bits, so no bit operators. */
function subtreesOf(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}

function checkFrontier(frontier: Frontier, size: number): void {
  const sound =
    Number.isSafeInteger(size) &&
    size >= 0 &&
    frontier.length === subtreesOf(size) &&
    frontier.every((subtree) => subtree.length === HASH_BYTES);
  if (!sound) throw new ProtocolError('FRONTIER', 'the frontier does not belong to a tree of this size');
}

/**
 * The frontier after `leaves` (leaf hashes) have been appended to a tree of `size`: one hash per completed
 * subtree, thus fewer than one per leaf. `frontier` itself is left as it was.
 *
 * @throws ProtocolError `FRONTIER`
 */
export function appendLeaves(
  frontier: Frontier,
  size: number,
  leaves: readonly Uint8Array[],
  hash: Hash,
  onNode?: OnNode,
): Frontier {
  checkFrontier(frontier, size);
  if (!Number.isSafeInteger(size + leaves.length)) throw new ProtocolError('FRONTIER', 'the log is full');
  const stack = [...frontier];
  let count = size;
  for (const leaf of leaves) {
    let node = leaf;
    let level = 0;
    let index = count;
    onNode?.(level, index, node);
    // A carry in binary addition: each trailing 1 of the count is a left sibling to merge with.
    while (index % 2 === 1) {
      const left = stack.pop();
      if (left === undefined) throw new ProtocolError('FRONTIER', 'the frontier is too short');
      node = nodeHash(left, node, hash);
      level += 1;
      index = (index - 1) / 2;
      onNode?.(level, index, node);
    }
    stack.push(node);
    count += 1;
  }
  return stack;
}

/** {@link appendLeaves} of one. */
export function appendLeaf(frontier: Frontier, size: number, leaf: Uint8Array, hash: Hash): Frontier {
  return appendLeaves(frontier, size, [leaf], hash);
}

/** The tree's root (RFC 9162 §2.1.1). @throws ProtocolError `FRONTIER` */
export function rootOf(frontier: Frontier, size: number, hash: Hash): Uint8Array {
  checkFrontier(frontier, size);
  // Smaller subtrees hang to the right of larger ones, so fold from the right.
  return frontier.length === 0
    ? emptyRoot(hash)
    : frontier.reduceRight((right, left) => nodeHash(left, right, hash));
}
