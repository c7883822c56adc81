/** Bits for each key, of which it sets two: about one stranger in twenty passes. */
const BITS_PER_KEY = 8;

/**
 * Says of most keys that are not in a set that they are not, at the cost of two reads of memory: a look-up asks every
 * run, and all but one of them in vain. Keys are 48 bits, hashes or random, so their own bits serve.
 */
export class KeyFilter {
  readonly #bits: Uint8Array;
  readonly #mask: number;

  constructor(keys: number) {
    const bits = 2 ** Math.ceil(Math.log2(Math.max(1, keys) * BITS_PER_KEY));
    this.#bits = new Uint8Array(bits / 8);
    this.#mask = bits - 1;
  }

  add(key: number): void {
    this.#set(lowBits(key) & this.#mask);
    this.#set(highBits(key) & this.#mask);
  }

  /** False when `key` was certainly not added. */
  mayHold(key: number): boolean {
    return this.#isSet(lowBits(key) & this.#mask) && this.#isSet(highBits(key) & this.#mask);
  }

  #set(bit: number): void {
    this.#bits[bit >>> 3] = (this.#bits[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }

  #isSet(bit: number): boolean {
    return ((this.#bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }
}

/** The last 32 bits of a key. */
function lowBits(key: number): number {
  return key | 0;
}

/** The first 32 bits of a key. */
function highBits(key: number): number {
  return (key / 2 ** 16) | 0;
}
