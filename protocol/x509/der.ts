import { ProtocolError } from '../error.js';

/**
 * Reader of DER (ITU-T X.690) as far as RFC 5280 uses it: one-byte tags, definite lengths in their shortest
 * form. Everything handed in is attacker-controlled; whatever is not DER throws ProtocolError 'DER'.
 */

/** One element: `content` is its value, `raw` the whole element with tag and length. Both are views. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
  context3: 0xa3,
} as const;

const MAX_LENGTH_BYTES = 4;

function damaged(what: string): ProtocolError {
  return new ProtocolError('DER', what);
}

/** Reads the elements of a constructed value in order. */
export class DerCursor {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(content: Uint8Array) {
    this.#bytes = content;
  }

  /** The next element, of whatever tag. */
  next(): DerElement {
    const start = this.#offset;
    const tag = this.#byte(start);
    if ((tag & 0x1f) === 0x1f) throw damaged('tags above 30 are not used here');
    const { length, contentAt } = this.#lengthAt(start + 1);
    const end = contentAt + length;
    if (end > this.#bytes.length) throw damaged('an element is longer than what holds it');
    this.#offset = end;
    return { tag, content: this.#bytes.subarray(contentAt, end), raw: this.#bytes.subarray(start, end) };
  }

  take(tag: number): DerElement {
    const element = this.next();
    if (element.tag !== tag) throw damaged(`expected tag ${tag}, found ${element.tag}`);
    return element;
  }

  optional(tag: number): DerElement | null {
    return this.#bytes[this.#offset] === tag ? this.next() : null;
  }

  /** A cursor over the next element's content. */
  enter(tag: number): DerCursor {
    return new DerCursor(this.take(tag).content);
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }

  end(): void {
    if (!this.done) throw damaged('more elements than the structure has');
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw damaged('cut short');
    return byte;
  }

  #lengthAt(at: number): { length: number; contentAt: number } {
    const first = this.#byte(at);
    if (first < 0x80) return { length: first, contentAt: at + 1 };
    const count = first - 0x80;
    if (count === 0 || count > MAX_LENGTH_BYTES) throw damaged('indefinite or absurd length');
    let length = 0;
    for (let i = 1; i <= count; i += 1) length = length * 256 + this.#byte(at + i);
    if (length < 0x80 || length < 256 ** (count - 1)) throw damaged('a length is not in its shortest form');
    return { length, contentAt: at + 1 + count };
  }
}

/** The one SEQUENCE that `bytes` is, nothing after it. */
export function derSequence(bytes: Uint8Array): DerCursor {
  const outer = new DerCursor(bytes);
  const sequence = outer.enter(TAG.sequence);
  outer.end();
  return sequence;
}

/** Content of an INTEGER that is not negative, as big-endian bytes without a sign byte. */
export function derUnsigned(element: DerElement): Uint8Array {
  const [first, second] = element.content;
  if (first === undefined || first >= 0x80) throw damaged('expected a number that is not negative');
  if (first === 0 && second !== undefined) {
    if (second < 0x80) throw damaged('an integer is not in its shortest form');
    return element.content.subarray(1);
  }
  return element.content;
}

/** A small INTEGER, at most 2^24 - 1. */
export function derSmallInteger(element: DerElement): number {
  const bytes = derUnsigned(element);
  if (bytes.length > 3) throw damaged('a number is too large');
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** DER knows one spelling of TRUE, and leaves a FALSE that is the default out. */
export function derTrue(element: DerElement | null): boolean {
  if (element === null) return false;
  if (element.content.length !== 1 || element.content[0] !== 0xff)
    throw damaged('a boolean that DER does not have');
  return true;
}

/** Content of a BIT STRING that is a whole number of bytes. */
export function derBytesOfBitString(element: DerElement): Uint8Array {
  if (element.content[0] !== 0) throw damaged('a bit string that should be whole bytes is not');
  return element.content.subarray(1);
}

/** A named bit list (X.690 11.2.2): the bits set, bit 0 first; trailing zero bits are left out. */
export function derNamedBits(element: DerElement): ReadonlySet<number> {
  const [unused, ...bytes] = element.content;
  if (unused === undefined || unused > 7 || bytes.length > 4)
    throw damaged('a named bit list that DER does not have');
  const bits = bytes.flatMap((byte, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte & (0x80 >> bit)) !== 0).map((bit) => index * 8 + bit),
  );
  const expectedLast = bytes.length * 8 - unused - 1;
  if ((bits.at(-1) ?? -1) !== expectedLast) throw damaged('a named bit list with trailing zero bits');
  return new Set(bits);
}
