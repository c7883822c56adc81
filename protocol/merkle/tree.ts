import type { Hash } from '../crypto.js';

/** Merkle tree hash, RFC 9162 §2.1.1. Hashes are 32 bytes. */

export const HASH_BYTES = 32;

// Hashing is synchronous and keeps nothing, so one array serves every call; allocating would cost as much
// again as the hash.
const nodeData = new Uint8Array(1 + 2 * HASH_BYTES);
nodeData[0] = 1;
const leafData = new Uint8Array(4096);

/** SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array, hash: Hash): Uint8Array {
  const length = 1 + entry.length;
  const data = length <= leafData.length ? leafData.subarray(0, length) : new Uint8Array(length);
  data.set(entry, 1);
  return hash(data);
}

/** SHA-256(0x01 ‖ left ‖ right), both 32 bytes: the caller checks what comes from outside. */
export function nodeHash(left: Uint8Array, right: Uint8Array, hash: Hash): Uint8Array {
  nodeData.set(left, 1);
  nodeData.set(right, 1 + HASH_BYTES);
  return hash(nodeData);
}

/** Root of the tree without leaves: the hash of nothing. */
export function emptyRoot(hash: Hash): Uint8Array {
  return hash(new Uint8Array(0));
}
