import { decodeBase64url, encodeBase64url } from './base64url.js';
import { fromHex, toHex, utf8 } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { ProtocolError } from './error.js';
import { membersOf } from './members.js';

/** SHA-256: 32 bytes in a new array. Synchronous, because Merkle trees call it millions of times. */
export type Hash = (data: Uint8Array) => Uint8Array;

/**
 * ECDSA P-256 with SHA-256 (ES256, RFC 7518 §3.4).
 *
 * `publicKey` is the 65-byte uncompressed point (0x04 ‖ x ‖ y, SEC 1 §2.3.3), `signature` 64 bytes r ‖ s.
 * Answers false for anything wrong, a malformed key included, and never rejects. High S is *not* refused
 * here, since certificate authorities produce it: formats that need one spelling ask {@link isLowS}.
 */
export type Verify = (publicKey: Uint8Array, signature: Uint8Array, data: Uint8Array) => Promise<boolean>;

/** ES256 with a key the function holds: 64 bytes r ‖ s with low S. */
export type Sign = (data: Uint8Array) => Promise<Uint8Array>;

/** A P-256 public key as JWK (RFC 7517, RFC 7518 §6.2.1), these four members and no others. */
export interface EcPublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

export const SIGNATURE_BYTES = 64;
export const POINT_BYTES = 65;
/** Two integers of at most 33 bytes: the length always fits the short form. */
const MAX_DER_BYTES = 72;

// P-256, FIPS 186-5 / SEC 2 §2.4.2.
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const HALF_N = bytesOf(N >> 1n);

function bytesOf(value: bigint): Uint8Array {
  return fromHex(value.toString(16).padStart(64, '0'));
}

function integerOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

/** Whether the s of r ‖ s is at most half the group's order: of the two valid s, the one we accept. */
export function isLowS(signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  // In place: asked of every statement, and a view of s would cost more than the comparison.
  for (let i = 0; i < 32; i++) {
    const difference = (signature[32 + i] ?? 0) - (HALF_N[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return true;
}

/** The same signature with low S, for signers. @throws ProtocolError `SIGNATURE_FORMAT` */
export function toLowS(signature: Uint8Array): Uint8Array {
  if (signature.length !== SIGNATURE_BYTES) {
    throw new ProtocolError('SIGNATURE_FORMAT', 'an ES256 signature has 64 bytes');
  }
  if (isLowS(signature)) return signature;
  const s = integerOf(signature.subarray(32));
  if (s >= N) throw new ProtocolError('SIGNATURE_FORMAT', 's is not below the order of P-256');
  const low = signature.slice();
  low.set(bytesOf(N - s), 32);
  return low;
}

/** One DER INTEGER of 1 to 32 significant bytes at `start`, written right-aligned into `out`. */
function readDerInteger(der: Uint8Array, start: number, out: Uint8Array): number {
  const length = der[start + 1] ?? 0;
  const end = start + 2 + length;
  const first = der[start + 2] ?? 0;
  const padded = first === 0 && length > 1;
  const malformed =
    der[start] !== 0x02 ||
    length === 0 ||
    end > der.length ||
    first > 0x7f ||
    // A leading zero is allowed only where the next byte would otherwise read as a sign.
    (padded && (der[start + 3] ?? 0) < 0x80) ||
    length - (padded ? 1 : 0) > out.length;
  if (malformed) throw new ProtocolError('SIGNATURE_FORMAT', 'not a DER integer of 256 bits');
  const digits = der.subarray(padded ? start + 3 : start + 2, end);
  out.set(digits, out.length - digits.length);
  return end;
}

/**
 * r ‖ s of an ECDSA signature in strict DER (`SEQUENCE { INTEGER r, INTEGER s }`, RFC 3279 §2.2.3):
 * minimal lengths and integers, nothing after it. Range and low S are not checked here.
 *
 * @throws ProtocolError `SIGNATURE_FORMAT`
 */
export function signatureFromDer(der: Uint8Array): Uint8Array {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > MAX_DER_BYTES) {
    throw new ProtocolError('SIGNATURE_FORMAT', 'not a DER sequence of this length');
  }
  const signature = new Uint8Array(SIGNATURE_BYTES);
  const middle = readDerInteger(der, 2, signature.subarray(0, 32));
  if (readDerInteger(der, middle, signature.subarray(32)) !== der.length) {
    throw new ProtocolError('SIGNATURE_FORMAT', 'bytes after the signature');
  }
  return signature;
}

/** Writes one DER INTEGER into `der`, which is zeroed, at `start`. */
function writeDerInteger(integer: Uint8Array, der: Uint8Array, start: number): number {
  const firstDigit = integer.findIndex((byte) => byte !== 0);
  const digits = integer.subarray(firstDigit === -1 ? integer.length - 1 : firstDigit);
  const length = digits.length + ((digits[0] ?? 0) > 0x7f ? 1 : 0);
  const end = start + 2 + length;
  der[start] = 0x02;
  der[start + 1] = length;
  der.set(digits, end - digits.length);
  return end;
}

/** The one DER of r ‖ s, which {@link signatureFromDer} reads. @throws ProtocolError `SIGNATURE_FORMAT` */
export function signatureToDer(signature: Uint8Array): Uint8Array {
  if (signature.length !== SIGNATURE_BYTES) {
    throw new ProtocolError('SIGNATURE_FORMAT', 'an ES256 signature has 64 bytes');
  }
  const der = new Uint8Array(MAX_DER_BYTES);
  const middle = writeDerInteger(signature.subarray(0, 32), der, 2);
  const end = writeDerInteger(signature.subarray(32), der, middle);
  der[0] = 0x30;
  der[1] = end - 2;
  return der.subarray(0, end);
}

function coordinate(value: unknown): Uint8Array {
  if (typeof value !== 'string' || value.length !== 43) {
    throw new ProtocolError('PUBLIC_KEY', 'a P-256 coordinate is 43 characters of base64url');
  }
  return decodeBase64url(value);
}

/**
 * The 65-byte point of a public JWK. Accepts exactly `kty`, `crv`, `x`, `y` (so never a private key) and
 * only points on the curve.
 *
 * @throws ProtocolError `PUBLIC_KEY`, or `BASE64URL` for a coordinate that is not canonical
 */
export function publicKeyFromJwk(jwk: unknown): Uint8Array {
  const { kty, crv, x, y } = membersOf(jwk, ['kty', 'crv', 'x', 'y'], [], 'PUBLIC_KEY');
  if (kty !== 'EC' || crv !== 'P-256') throw new ProtocolError('PUBLIC_KEY', 'not a P-256 key');
  const point = new Uint8Array(POINT_BYTES);
  point[0] = 4;
  point.set(coordinate(x), 1);
  point.set(coordinate(y), 33);
  const [px, py] = [integerOf(point.subarray(1, 33)), integerOf(point.subarray(33))];
  if (px >= P || py >= P || (py * py - (px * px * px - 3n * px + B)) % P !== 0n) {
    throw new ProtocolError('PUBLIC_KEY', 'the point is not on P-256');
  }
  return point;
}

/** The JWK of a 65-byte uncompressed point. @throws ProtocolError `PUBLIC_KEY` */
export function jwkFromPublicKey(point: Uint8Array): EcPublicJwk {
  if (point.length !== POINT_BYTES || point[0] !== 4) {
    throw new ProtocolError('PUBLIC_KEY', 'not an uncompressed P-256 point');
  }
  return {
    kty: 'EC',
    crv: 'P-256',
    x: encodeBase64url(point.subarray(1, 33)),
    y: encodeBase64url(point.subarray(33)),
  };
}

const KID_CHARACTERS = 8;

/**
 * The key id this project gives a key: the first 8 characters (48 bits) of its JWK thumbprint (RFC 7638
 * §3). Short because it is printed in every QR code; a `kid` only has to be unique within one issuer, and
 * the registry refuses a second key with the same one.
 */
export function kidOf(jwk: EcPublicJwk, hash: Hash): string {
  // RFC 7638 §3.2: the required members in lexicographic order, which canonical JSON gives.
  const thumbprint = hash(utf8(canonicalJson({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y })));
  return encodeBase64url(thumbprint).slice(0, KID_CHARACTERS);
}
