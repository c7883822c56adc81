import { fromAscii } from './bytes.js';
import { ProtocolError } from './error.js';

/**
 * A document's public name (`jti`): 80 random bits as 16 Crockford base-32 symbols and a check symbol.
 * It locates and never authorises.
 *
 * Canonical, in everything signed or stored: 17 symbols, upper case, no hyphens. People see groups of four.
 * https://www.crockford.com/base32.html
 */

const SYMBOLS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Crockford's check is the number modulo 37; ids whose remainder has no ordinary symbol are not used. */
const CHECK_MODULUS = 37;

export const DOCUMENT_ID_BYTES = 10;
const CANONICAL = /^[0-9A-HJKMNP-TV-Z]{17}$/;
/** Longer input is not looked at: 17 symbols and as many separators as anybody would type. */
const MAX_TYPED = 64;

const NO_SYMBOL = 255;
const valueOfCode = new Uint8Array(128).fill(NO_SYMBOL);
for (let value = 0; value < SYMBOLS.length; value++) valueOfCode[SYMBOLS.charCodeAt(value)] = value;

function valueAt(id: string, index: number): number {
  return valueOfCode[id.charCodeAt(index)] ?? NO_SYMBOL;
}

/** Whether `value` is a document id in its canonical spelling, check symbol included. */
export function isDocumentId(value: unknown): value is string {
  if (typeof value !== 'string' || !CANONICAL.test(value)) return false;
  let remainder = 0;
  for (let i = 0; i < 16; i++) remainder = (remainder * 32 + valueAt(value, i)) % CHECK_MODULUS;
  return remainder === valueAt(value, 16);
}

/**
 * Writes the 17 ASCII symbols of the id whose ten bytes begin at `from[start]`. Returns false, having
 * written something meaningless, when these bytes are no document id (their check symbol would not be one
 * of the 32).
 */
export function writeDocumentId(from: Uint8Array, start: number, to: Uint8Array, offset: number): boolean {
  let remainder = 0;
  // Five bytes are eight symbols; a 40-bit group is more than a shift can hold, so two of 20 bits.
  for (let half = 0; half < 4; half++) {
    const at = start + Math.floor(half / 2) * 5;
    const bits =
      half % 2 === 0
        ? ((from[at] ?? 0) << 12) | ((from[at + 1] ?? 0) << 4) | ((from[at + 2] ?? 0) >> 4)
        : (((from[at + 2] ?? 0) & 15) << 16) | ((from[at + 3] ?? 0) << 8) | (from[at + 4] ?? 0);
    for (let symbol = 0; symbol < 4; symbol++) {
      const value = (bits >> (15 - 5 * symbol)) & 31;
      remainder = (remainder * 32 + value) % CHECK_MODULUS;
      to[offset + half * 4 + symbol] = SYMBOLS.charCodeAt(value);
    }
  }
  to[offset + 16] = SYMBOLS.charCodeAt(remainder);
  return remainder < SYMBOLS.length;
}

/** The canonical id of ten bytes. @throws ProtocolError `DOCUMENT_ID` when they are none */
export function documentIdFromBytes(bytes: Uint8Array): string {
  const codes = new Uint8Array(17);
  if (bytes.length !== DOCUMENT_ID_BYTES || !writeDocumentId(bytes, 0, codes, 0)) {
    throw new ProtocolError('DOCUMENT_ID', 'these bytes are not a document id');
  }
  return fromAscii(codes);
}

/** The ten bytes of a canonical id. @throws ProtocolError `DOCUMENT_ID` */
export function documentIdBytes(id: string): Uint8Array {
  if (!isDocumentId(id)) throw new ProtocolError('DOCUMENT_ID', 'not a document id in canonical form');
  const bytes = new Uint8Array(DOCUMENT_ID_BYTES);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < 16; i++) {
    bits = ((bits << 5) | valueAt(id, i)) & 0xfff;
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = bits >> held;
    }
  }
  return bytes;
}

/** A fresh id. `random(n)` gives n unpredictable bytes; drawn again for about one draw in seven. */
export function newDocumentId(random: (length: number) => Uint8Array): string {
  const codes = new Uint8Array(17);
  for (;;) {
    const bytes = random(DOCUMENT_ID_BYTES);
    if (bytes.length !== DOCUMENT_ID_BYTES)
      throw new ProtocolError('DOCUMENT_ID', 'random() gave too few bytes');
    if (writeDocumentId(bytes, 0, codes, 0)) return fromAscii(codes);
  }
}

/**
 * The canonical id that somebody typed: hyphens and spaces anywhere, either case, O for 0, I or L for 1.
 *
 * @throws ProtocolError `DOCUMENT_ID`, also when the check symbol shows a mistyped one
 */
export function parseDocumentId(text: string): string {
  if (text.length > MAX_TYPED) throw new ProtocolError('DOCUMENT_ID', 'too long for a document id');
  const id = text.replace(/[- ]/g, '').toUpperCase().replace(/O/g, '0').replace(/[IL]/g, '1');
  if (!CANONICAL.test(id)) {
    throw new ProtocolError('DOCUMENT_ID', 'not 17 letters and digits, such as 7K3M-Q2XD-9FHT-W4ZB-8');
  }
  if (!isDocumentId(id)) throw new ProtocolError('DOCUMENT_ID', 'the last symbol does not match: mistyped?');
  return id;
}

/** In groups of four, as people see it: `7K3M-Q2XD-9FHT-W4ZB-8`. Takes the canonical form. */
export function formatDocumentId(id: string): string {
  return `${id.slice(0, 4)}-${id.slice(4, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16)}`;
}
