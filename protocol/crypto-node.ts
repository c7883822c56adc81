/* eslint-disable no-restricted-imports -- the one file of this workspace that knows which runtime it is in */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash as digest,
  sign as signSync,
  verify as verifySync,
  type KeyObject,
} from 'node:crypto';
import {
  POINT_BYTES,
  SIGNATURE_BYTES,
  jwkFromPublicKey,
  publicKeyFromJwk,
  signatureFromDer,
  signatureToDer,
  toLowS,
} from './crypto.js';
import type { EcPublicJwk, Hash, Sign, Verify } from './crypto.js';
import { toHex } from './bytes.js';
import { decodeBase64url, encodeBase64url } from './base64url.js';
import type { SignNote, VerifyNote } from './note.js';

/**
 * The functions that the protocol takes, made of Node's own cryptography (OpenSSL). Signatures go to it in DER and keys
 * bare, without options: asked for r ‖ s (`dsaEncoding`), Node 24 takes 1.7 times as long to verify and 2.7 times to sign.
 */

export const sha256: Hash = (data) => {
  // By way of a string: three times as fast as asking for a Buffer, which is allocated outside the heap.
  const characters = digest('sha256', data, 'binary');
  const bytes = new Uint8Array(32);
  for (let i = 0; i < 32; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
};

const publicKeyEncoding = { type: 'spki', format: 'der' } as const;
const privateKeyEncoding = { type: 'pkcs8', format: 'der' } as const;

const generators = {
  'P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256', publicKeyEncoding, privateKeyEncoding }),
  x25519: () => generateKeyPairSync('x25519', { publicKeyEncoding, privateKeyEncoding }),
};

/**
 * A new private key. By way of its encoding: on Node 20 the object that generated a key locks that key once more when it
 * is collected as garbage, and the process stands still for ever if that happens while the key is being exported.
 */
export function generatePrivateKey(type: keyof typeof generators): KeyObject {
  const { privateKey } = generators[type]();
  return createPrivateKey({ key: privateKey, type: 'pkcs8', format: 'der' });
}

/** Importing a key costs as much as verifying with it, and the same few keys sign nearly everything. */
const CACHED_KEYS = 512;
const imported = new Map<string, KeyObject>();

function importPoint(point: Uint8Array): KeyObject {
  const name = toHex(point);
  const known = imported.get(name);
  if (known !== undefined) return known;
  // Twice as fast as importing the same key as DER on Node 20, though OpenSSL checks more; the same on Node 24.
  const key = createPublicKey({ key: { ...jwkFromPublicKey(point) }, format: 'jwk' });
  // A Map keeps insertion order: the first key is the oldest.
  const oldest = imported.size < CACHED_KEYS ? undefined : imported.keys().next().value;
  if (oldest !== undefined) imported.delete(oldest);
  imported.set(name, key);
  return key;
}

// eslint-disable-next-line @typescript-eslint/require-await -- async turns whatever OpenSSL throws into a rejection
async function verifyPoint(point: Uint8Array, signature: Uint8Array, data: Uint8Array): Promise<boolean> {
  if (point.length !== POINT_BYTES || point[0] !== 4 || signature.length !== SIGNATURE_BYTES) return false;
  return verifySync('sha256', data, importPoint(point), signatureToDer(signature));
}

/** Runs on the calling thread: 60 µs of work are less than a trip to the thread pool and back. */
export const verify: Verify = (publicKey, signature, data) =>
  // OpenSSL throws for a point that is not on the curve: a bad key, hence false.
  verifyPoint(publicKey, signature, data).catch(() => false);

/** A signer over a P-256 private key. */
export function signWith(privateKey: KeyObject): Sign {
  return (data) => Promise.resolve(toLowS(signatureFromDer(signSync('sha256', data, privateKey))));
}

/** The public JWK of a P-256 key, private or public. @throws ProtocolError `PUBLIC_KEY` for any other key */
export function publicJwkOf(key: KeyObject): EcPublicJwk {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });
  return jwkFromPublicKey(publicKeyFromJwk({ kty, crv, x, y }));
}

/** A signer over an Ed25519 private key, for checkpoints. */
export function signEd25519With(privateKey: KeyObject): SignNote {
  return (data) => Promise.resolve(plain(signSync(null, data, privateKey)));
}

/** The 32 bytes of an Ed25519 public key, of a private or public key object. */
export function ed25519PublicKeyOf(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return decodeBase64url(publicKey.export({ format: 'jwk' }).x ?? '');
}

// eslint-disable-next-line @typescript-eslint/require-await -- async turns whatever OpenSSL throws into a rejection
async function verifyEdwards(
  publicKey: Uint8Array,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(publicKey) };
  return verifySync(null, data, createPublicKey({ key: jwk, format: 'jwk' }), signature);
}

/** Ed25519, for checkpoints. */
export const verifyEd25519: VerifyNote = (publicKey, signature, data) =>
  verifyEdwards(publicKey, signature, data).catch(() => false);

/** The same memory without Buffer's own behaviour (and prototype). */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
