import { sha256 as digest } from '@noble/hashes/sha2.js';
import type { Hash, Verify } from '@spondon/protocol/crypto';

/**
 * The functions that the protocol takes, made of what a browser has. WebCrypto hashes asynchronously and only whole
 * inputs, which neither a Merkle path nor a file of 300 MB allows: hence a library for SHA-256.
 */

export const sha256: Hash = (data) => digest(data);

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SCHEME = { name: 'ECDSA', hash: 'SHA-256' } as const;

async function verifyPoint(point: Uint8Array, signature: Uint8Array, data: Uint8Array): Promise<boolean> {
  const key = await crypto.subtle.importKey('raw', plain(point), CURVE, false, ['verify']);
  return crypto.subtle.verify(SCHEME, key, plain(signature), plain(data));
}

/** Rejecting means a point that is not on the curve: a bad key, hence false. */
export const verify: Verify = (publicKey, signature, data) =>
  verifyPoint(publicKey, signature, data).catch(() => false);

/** WebCrypto takes no view of memory that may be shared. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
