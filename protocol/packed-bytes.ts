import { ProtocolError } from './error.js';

/** Unsigned LEB128 in its shortest form, for safe integers: seven bits a byte, lowest first. */

/** Bytes that the largest safe integer takes. */
export const VARINT_MAX_BYTES = 8;

/** Writes `value` at `offset`; returns the offset after it. */
export function writeVarint(value: number, to: Uint8Array, offset: number): number {
  let rest = value;
  let at = offset;
  // No bit operators: they would cut the value down to 32 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) to[at++] = (rest % 128) | 128;
  to[at++] = rest;
  return at;
}

/** A cursor over packed bytes. Everything it throws is `PACKED`. */
export class PackedReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new ProtocolError('PACKED', 'ends in the middle of a statement');
    return byte;
  }

  /** A view of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new ProtocolError('PACKED', 'ends in the middle of a statement');
    return this.#bytes.subarray(start, this.#at);
  }

  varint(): number {
    let value = 0;
    let unit = 1;
    for (let i = 0; i < VARINT_MAX_BYTES; i++, unit *= 128) {
      const byte = this.byte();
      value += (byte & 127) * unit;
      if (byte < 128) {
        if ((byte === 0 && i > 0) || !Number.isSafeInteger(value)) break;
        return value;
      }
    }
    throw new ProtocolError('PACKED', 'a number in a form that is not its shortest, or too large');
  }
}
