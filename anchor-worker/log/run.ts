import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { WorkerError } from '../error.js';

/** Where an entry stands: which log (by order of first appearance on the ledger), where in it, where in its bundle. */
export interface Location {
  readonly log: number;
  readonly index: number;
  readonly offset: number;
}

/** A record is key (8 bytes) ‖ log (2) ‖ index (5) ‖ offset (3), integers big-endian. */
export const KEY_BYTES = 8;
export const RECORD_BYTES = KEY_BYTES + 10;
const PAGE_RECORDS = 227; // 4,086 bytes: about one page of the file system
/** Runs up to this size are kept in memory; of larger ones only the first key of each page. */
const MEMORY_BYTES = 4 * 1024 * 1024;

export function writeRecord(into: Buffer, at: number, key: Uint8Array, { log, index, offset }: Location): void {
  into.set(key.subarray(0, KEY_BYTES), at);
  into.writeUInt16BE(log, at + KEY_BYTES);
  into.writeUIntBE(index, at + KEY_BYTES + 2, 5);
  into.writeUIntBE(offset, at + KEY_BYTES + 7, 3);
}

export function readLocation(from: Buffer, at: number): Location {
  return {
    log: from.readUInt16BE(at + KEY_BYTES),
    index: from.readUIntBE(at + KEY_BYTES + 2, 5),
    offset: from.readUIntBE(at + KEY_BYTES + 7, 3),
  };
}

/** Records in order of their keys; equal keys stay in the order in which they came. */
export function sortRecords(records: Buffer): Buffer {
  const count = records.length / RECORD_BYTES;
  const high = new Uint32Array(count);
  const low = new Uint32Array(count);
  const order = new Uint32Array(count);
  for (let record = 0; record < count; record += 1) {
    high[record] = records.readUInt32BE(record * RECORD_BYTES);
    low[record] = records.readUInt32BE(record * RECORD_BYTES + 4);
    order[record] = record;
  }
  order.sort((a, b) => (high[a] ?? 0) - (high[b] ?? 0) || (low[a] ?? 0) - (low[b] ?? 0) || a - b);
  const sorted = Buffer.allocUnsafe(records.length);
  order.forEach((record, at) =>
    records.copy(sorted, at * RECORD_BYTES, record * RECORD_BYTES, (record + 1) * RECORD_BYTES),
  );
  return sorted;
}

/** One immutable file of sorted records. Several readers may use it at once; `close` when it is superseded. */
export class Run {
  private constructor(
    readonly path: string,
    readonly count: number,
    private readonly file: number,
    private readonly memory: Buffer | null,
    private readonly fences: Buffer,
  ) {}

  static open(path: string): Run {
    const file = openSync(path, 'r');
    const { size } = fstatSync(file);
    if (size % RECORD_BYTES !== 0) {
      closeSync(file);
      throw new WorkerError('LOG_DAMAGED', `Index run ${path} does not hold whole records`);
    }
    const count = size / RECORD_BYTES;
    const memory = size <= MEMORY_BYTES ? readFileSync(path) : null;
    const fences = Buffer.alloc(Math.ceil(count / PAGE_RECORDS) * KEY_BYTES);
    for (let page = 0; page * PAGE_RECORDS < count; page += 1) {
      const at = page * PAGE_RECORDS * RECORD_BYTES;
      if (memory) memory.copy(fences, page * KEY_BYTES, at, at + KEY_BYTES);
      else readSync(file, fences, page * KEY_BYTES, KEY_BYTES, at);
    }
    return new Run(path, count, file, memory, fences);
  }

  find(key: Buffer): Location[] {
    const found: Location[] = [];
    let page = Math.max(0, lowerBound(this.fences, KEY_BYTES, key) - 1);
    let records = this.page(page);
    // Equal keys may begin at the end of the page before the first fence that is not smaller.
    let at = lowerBound(records, RECORD_BYTES, key) * RECORD_BYTES;
    for (;;) {
      if (at === records.length) {
        records = this.page((page += 1));
        at = 0;
        if (records.length === 0) return found;
      }
      if (records.compare(key, 0, KEY_BYTES, at, at + KEY_BYTES) !== 0) return found;
      found.push(readLocation(records, at));
      at += RECORD_BYTES;
    }
  }

  /** The records of one page, in order; empty past the end. */
  page(page: number): Buffer {
    const from = page * PAGE_RECORDS * RECORD_BYTES;
    const to = Math.min(from + PAGE_RECORDS * RECORD_BYTES, this.count * RECORD_BYTES);
    if (from >= to) return Buffer.alloc(0);
    if (this.memory) return this.memory.subarray(from, to);
    const records = Buffer.allocUnsafe(to - from);
    readSync(this.file, records, 0, records.length, from);
    return records;
  }

  close(): void {
    closeSync(this.file);
  }
}

/** Number of the first of the sorted records of `width` bytes whose key is not smaller. */
function lowerBound(records: Buffer, width: number, key: Buffer): number {
  const high = key.readUInt32BE(0);
  const low = key.readUInt32BE(4);
  let from = 0;
  let to = records.length / width;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const order = records.readUInt32BE(middle * width) - high || records.readUInt32BE(middle * width + 4) - low;
    if (order < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}
