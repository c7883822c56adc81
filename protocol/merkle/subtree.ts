import type { Hash } from '../crypto.js';
import { nodeHash } from './tree.js';

/**
 * The hash of the perfect subtree `index` of 2^`level` leaves, that is of leaves
 * [index·2^level, (index+1)·2^level). Only asked for subtrees that are complete.
 */
export type NodeAt = (level: number, index: number) => Uint8Array;

/**
 * MTH(D[start:end]) of RFC 9162 §2.1.1, put together of perfect subtrees. `start` is a multiple of a power
 * of two that is at least `end - start`, as for every subtree that occurs in a tree.
 */
export function subtreeRoot(start: number, end: number, node: NodeAt, hash: Hash): Uint8Array {
  let level = 0;
  let width = 1;
  while (width * 2 <= end - start) {
    level += 1;
    width *= 2;
  }
  const left = node(level, start / width);
  return start + width === end ? left : nodeHash(left, subtreeRoot(start + width, end, node, hash), hash);
}
