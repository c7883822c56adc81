import { keyAt, type Location, readLocation, RECORD_BYTES, writeRecord } from './index-record.js';

/** The newest records of the lookup index, in the order in which they came. */
export class IndexTail {
  readonly #buffer: Buffer;
  #length = 0;
  /** Where the records of a key stand in the buffer. */
  readonly #byKey = new Map<number, number[]>();

  constructor(maxRecords: number) {
    this.#buffer = Buffer.allocUnsafe(maxRecords * RECORD_BYTES);
  }

  /** All records; shares memory with what is added later. */
  get records(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  add(key: number, location: Location): void {
    writeRecord(this.#buffer, this.#length, key, location);
    this.#keep(key);
  }

  /** Takes back what `records` gave. */
  restore(records: Buffer): void {
    records.copy(this.#buffer);
    for (let record = 0; record * RECORD_BYTES < records.length; record += 1)
      this.#keep(keyAt(records, record));
  }

  /** Adds to `found` where the entries under `key` stand, in the order in which they were added. */
  find(key: number, found: Location[]): void {
    for (const at of this.#byKey.get(key) ?? []) found.push(readLocation(this.#buffer, at));
  }

  clear(): void {
    this.#length = 0;
    this.#byKey.clear();
  }

  #keep(key: number): void {
    const known = this.#byKey.get(key);
    if (known) known.push(this.#length);
    else this.#byKey.set(key, [this.#length]);
    this.#length += RECORD_BYTES;
  }
}
