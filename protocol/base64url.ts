import { fromAscii, fromUtf8 } from './bytes.js';
import { ProtocolError } from './error.js';

/** Base64url (RFC 4648 §5) without padding, as JOSE uses it (RFC 7515 §2), one spelling per byte string. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const INVALID = -1;

const codeOfSextet = Uint8Array.from(ALPHABET, (symbol) => symbol.charCodeAt(0));

/** By place in a group of four: what a symbol adds to the 24 bits of the group; negative for what is no symbol. */
const [first24, second24, third24, fourth24] = [18, 12, 6, 0].map((shift) => {
  const bitsOfCode = new Int32Array(256).fill(INVALID);
  codeOfSextet.forEach((code, sextet) => (bitsOfCode[code] = sextet << shift));
  return bitsOfCode;
}) as [Int32Array, Int32Array, Int32Array, Int32Array];

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

/** Bytes that base64url text of this length stands for. @throws ProtocolError `BASE64URL` when none has it */
function decodedLength(text: string): number {
  if (text.length % 4 === 1) throw new ProtocolError('BASE64URL', 'base64url text cannot have this length');
  return Math.floor((text.length * 3) / 4);
}

const encoder = new TextEncoder();
// Taking a text apart as bytes is twice as fast as asking the string for one character after the other.
const scratch = new Uint8Array(4096);

function codesOf(text: string): Uint8Array {
  const codes = text.length <= scratch.length ? scratch : new Uint8Array(text.length);
  const { read, written } = encoder.encodeInto(text, codes);
  // Any character but an ASCII one takes more than one byte.
  if (read !== text.length || written !== text.length) throw strangeSymbol();
  return codes;
}

function strangeSymbol(): ProtocolError {
  return new ProtocolError('BASE64URL', 'a character outside the base64url alphabet');
}

/** Writes the bytes of `text` at the beginning of `to`, which has room for them. */
function readBase64url(text: string, to: Uint8Array): void {
  const codes = codesOf(text);
  const tail = text.length % 4;
  const whole = text.length - tail;
  // Of valid symbols none is negative, so one test at the end finds any that is not.
  let seen = 0;
  let at = 0;
  for (let i = 0; i < whole; i += 4) {
    const group =
      (first24[codes[i] ?? 0] ?? 0) |
      (second24[codes[i + 1] ?? 0] ?? 0) |
      (third24[codes[i + 2] ?? 0] ?? 0) |
      (fourth24[codes[i + 3] ?? 0] ?? 0);
    seen |= group;
    to[at++] = group >> 16;
    to[at++] = group >> 8;
    to[at++] = group;
  }
  let spare = 0;
  if (tail > 0) {
    const group =
      (first24[codes[whole] ?? 0] ?? 0) |
      (second24[codes[whole + 1] ?? 0] ?? 0) |
      (tail === 3 ? (third24[codes[whole + 2] ?? 0] ?? 0) : 0);
    seen |= group;
    to[at++] = group >> 16;
    if (tail === 3) to[at] = group >> 8;
    spare = group & (tail === 3 ? 0xff : 0xffff);
  }
  if (seen < 0) throw strangeSymbol();
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
