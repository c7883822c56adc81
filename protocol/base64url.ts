import { fromAscii, fromUtf8 } from './bytes.js';
import { ProtocolError } from './error.js';

/** Base64url (RFC 4648 §5) without padding, as JOSE uses it (RFC 7515 §2), one spelling per byte string. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const INVALID = 255;

const codeOfSextet = Uint8Array.from(ALPHABET, (symbol) => symbol.charCodeAt(0));
const sextetOfCode = new Uint8Array(256).fill(INVALID);
for (let sextet = 0; sextet < 64; sextet++) sextetOfCode[codeOfSextet[sextet] ?? 0] = sextet;

/** Characters that `length` bytes take. */
export function base64urlLength(length: number): number {
  return Math.ceil((length * 4) / 3);
}

/** Writes `from[start, end)` as base64url ASCII into `to` at `offset`; returns the offset after it. */
export function writeBase64url(
  from: Uint8Array,
  start: number,
  end: number,
  to: Uint8Array,
  offset: number,
): number {
  const whole = end - ((end - start) % 3);
  let at = offset;
  let i = start;
  for (; i < whole; i += 3) {
    const group = ((from[i] ?? 0) << 16) | ((from[i + 1] ?? 0) << 8) | (from[i + 2] ?? 0);
    to[at++] = codeOfSextet[group >> 18] ?? 0;
    to[at++] = codeOfSextet[(group >> 12) & 63] ?? 0;
    to[at++] = codeOfSextet[(group >> 6) & 63] ?? 0;
    to[at++] = codeOfSextet[group & 63] ?? 0;
  }
  if (i < end) {
    const group = ((from[i] ?? 0) << 16) | (i + 1 < end ? (from[i + 1] ?? 0) << 8 : 0);
    to[at++] = codeOfSextet[group >> 18] ?? 0;
    to[at++] = codeOfSextet[(group >> 12) & 63] ?? 0;
    if (i + 1 < end) to[at++] = codeOfSextet[(group >> 6) & 63] ?? 0;
  }
  return at;
}

/** The one canonical spelling of `bytes`. */
export function encodeBase64url(bytes: Uint8Array): string {
  const codes = new Uint8Array(base64urlLength(bytes.length));
  writeBase64url(bytes, 0, bytes.length, codes, 0);
  return fromAscii(codes);
}

function sextetAt(text: string, index: number): number {
  return sextetOfCode[text.charCodeAt(index)] ?? INVALID;
}

/** Bytes that base64url text of this length stands for. @throws ProtocolError `BASE64URL` when none has it */
function decodedLength(text: string): number {
  if (text.length % 4 === 1) throw new ProtocolError('BASE64URL', 'base64url text cannot have this length');
  return Math.floor((text.length * 3) / 4);
}

/** Writes the bytes of `text` at the beginning of `to`, which has room for them. */
function readBase64url(text: string, to: Uint8Array): void {
  const tail = text.length % 4;
  // Valid sextets have no bit above the sixth, so one test at the end finds any invalid symbol.
  let seen = 0;
  let at = 0;
  let i = 0;
  for (; i + 4 <= text.length; i += 4) {
    const a = sextetAt(text, i);
    const b = sextetAt(text, i + 1);
    const c = sextetAt(text, i + 2);
    const d = sextetAt(text, i + 3);
    seen |= a | b | c | d;
    to[at++] = (a << 2) | (b >> 4);
    to[at++] = (b << 4) | (c >> 2);
    to[at++] = (c << 6) | d;
  }
  let spare = 0;
  if (tail > 0) {
    const a = sextetAt(text, i);
    const b = sextetAt(text, i + 1);
    const c = tail === 3 ? sextetAt(text, i + 2) : 0;
    seen |= a | b | c;
    to[at++] = (a << 2) | (b >> 4);
    if (tail === 3) to[at] = (b << 4) | (c >> 2);
    spare = tail === 3 ? c & 3 : b & 15;
  }
  if (seen > 63) throw new ProtocolError('BASE64URL', 'a character outside the base64url alphabet');
  if (spare !== 0) throw new ProtocolError('BASE64URL', 'non-zero bits after the last byte');
}

/**
 * Bytes of canonical base64url. Padding, white space, the other alphabet and non-zero trailing bits
 * (a second spelling of the same bytes, RFC 4648 §3.5) are refused.
 *
 * @throws ProtocolError `BASE64URL`
 */
export function decodeBase64url(text: string): Uint8Array {
  const bytes = new Uint8Array(decodedLength(text));
  readBase64url(text, bytes);
  return bytes;
}

// Allocating an array outside the engine's heap costs as much as decoding a statement's payload into it.
const textBytes = new Uint8Array(4096);

/** The UTF-8 text that base64url stands for. @throws ProtocolError `BASE64URL`, `UTF8` */
export function decodeBase64urlText(text: string): string {
  const length = decodedLength(text);
  const bytes = length <= textBytes.length ? textBytes.subarray(0, length) : new Uint8Array(length);
  readBase64url(text, bytes);
  return fromUtf8(bytes);
}
