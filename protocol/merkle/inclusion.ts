import { equalBytes } from '../bytes.js';
import type { Hash } from '../crypto.js';
import { ProtocolError } from '../error.js';
import { subtreeRoot, type NodeAt } from './subtree.js';
import { HASH_BYTES, nodeHash } from './tree.js';

/** Inclusion proofs, RFC 9162 §2.1.3. Indices and sizes are safe integers; a path has at most 53 hashes. */

function refuse(what: string): never {
  throw new ProtocolError('INCLUSION_PROOF', what);
}

function checkPosition(index: number, size: number): void {
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    refuse('the index is not inside the tree');
  }
}

/**
 * The root of the tree of `size` leaves in which `leafHash` stands at `index`, if `path` is right
 * (RFC 9162 §2.1.3.2). Proves nothing until compared with a root that is trusted.
 * Every argument may be an attacker's.
 *
 * @throws ProtocolError `INCLUSION_PROOF`
 */
export function rootFromInclusionPath(
  leafHash: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  hash: Hash,
): Uint8Array {
  checkPosition(index, size);
  if (leafHash.length !== HASH_BYTES) refuse('the leaf hash has not 32 bytes');
  let node = leafHash;
  let at = index;
  let last = size - 1;
  for (const sibling of path) {
    if (last === 0) refuse('the path is too long');
    if (sibling.length !== HASH_BYTES) refuse('a hash in the path has not 32 bytes');
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node, hash);
      // At the ragged right edge a node has no sibling on some levels: skip these.
      while (at % 2 === 0 && at !== 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      node = nodeHash(node, sibling, hash);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) refuse('the path is too short');
  return node;
}

/** Returns when `leafHash` is at `index` of the tree with `root`. @throws ProtocolError `INCLUSION_PROOF` */
export function verifyInclusion(
  leafHash: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
  root: Uint8Array,
  hash: Hash,
): void {
  if (!equalBytes(rootFromInclusionPath(leafHash, index, size, path, hash), root)) {
    refuse('the path leads to another root');
  }
}

/**
 * The path of leaf `index` in the tree of `size` leaves (RFC 9162 §2.1.3.1), nearest sibling first.
 *
 * @throws ProtocolError `INCLUSION_PROOF` when the index is not inside the tree
 */
export function inclusionPath(index: number, size: number, node: NodeAt, hash: Hash): Uint8Array[] {
  checkPosition(index, size);
  const path: Uint8Array[] = [];
  for (let level = 0, width = 1; ; level += 1, width *= 2) {
    const at = Math.floor(index / width);
    const lastAt = Math.floor((size - 1) / width);
    if (lastAt === 0) return path;
    if (at % 2 === 1) {
      path.push(node(level, at - 1));
    } else if (at < lastAt) {
      const start = (at + 1) * width;
      path.push(subtreeRoot(start, Math.min(start + width, size), node, hash));
    }
  }
}
