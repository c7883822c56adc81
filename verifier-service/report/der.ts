import { concatBytes } from '@spondon/protocol/bytes';
import { TAG } from '@spondon/protocol/x509/der';

/** Writer of DER (ITU-T X.690), as far as a certificate and a signature of CMS need it. */

export function element(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...contents);
  return concatBytes(Uint8Array.of(tag), lengthOf(content.length), content);
}

export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => element(TAG.sequence, ...parts);

/** DER wants the parts of a SET OF in the order of their bytes. */
export function setOf(...parts: readonly Uint8Array[]): Uint8Array {
  return element(TAG.set, ...parts.toSorted((a, b) => Buffer.compare(a, b)));
}

/** A number that is not negative, given by its bytes, the first of which is not 0 unless it is the only one. */
export function integer(...bytes: readonly number[]): Uint8Array {
  const [first = 0] = bytes;
  return element(TAG.integer, Uint8Array.from(first >= 0x80 ? [0, ...bytes] : bytes));
}

export const octets = (bytes: Uint8Array): Uint8Array => element(TAG.octetString, bytes);

/** Whole bytes. */
export const bitString = (bytes: Uint8Array): Uint8Array => element(TAG.bitString, Uint8Array.of(0), bytes);

export const NULL = Uint8Array.of(0x05, 0x00);

/** Such as '1.2.840.113549.1.7.2'. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...others.flatMap(base128)];
  return element(TAG.oid, Uint8Array.from(bytes));
}

/** `at`: Unix ms; whole seconds are kept. As RFC 5280 §4.1.2.5 wants it: two digits of the year until 2049. */
export function time(at: number): Uint8Array {
  const digits = `${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  const isShort = digits < '2050';
  return element(
    isShort ? TAG.utcTime : TAG.generalizedTime,
    Buffer.from(isShort ? digits.slice(2) : digits),
  );
}

function lengthOf(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.of(0x80 | bytes.length, ...bytes);
}

function base128(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | (rest % 128));
  }
  return bytes;
}
