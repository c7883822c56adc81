/**
 * A record of the lookup index, 16 bytes: key (6) ‖ log (2) ‖ index (5) ‖ offset (3), integers big-endian. The key is the
 * beginning of a document's SHA-256 or of its documentId; strangers may share it, so that whoever looks something up
 * compares the entry itself.
 */
export const RECORD_BYTES = 16;
/** 4 KiB: a page of the file system. */
export const PAGE_RECORDS = 256;
const KEY_BYTES = 6;

/** Where an entry stands: which log (by order of first appearance on the ledger), where in it, where in its bundle. */
export interface Location {
  readonly log: number;
  readonly index: number;
  readonly offset: number;
}

/** The number under which `bytes` are looked up: their first 48 bits. */
export function keyOf(bytes: Uint8Array): number {
  const high = ((bytes[0] ?? 0) << 16) | ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
  const low = ((bytes[3] ?? 0) << 16) | ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0);
  return high * 2 ** 24 + low;
}

export function keyAt(records: Buffer, record: number): number {
  const at = record * RECORD_BYTES;
  return records.readUInt32BE(at) * 2 ** 16 + records.readUInt16BE(at + 4);
}

export function writeRecord(into: Buffer, at: number, key: number, { log, index, offset }: Location): void {
  into.writeUIntBE(key, at, KEY_BYTES);
  into.writeUInt16BE(log, at + 6);
  into.writeUIntBE(index, at + 8, 5);
  into.writeUIntBE(offset, at + 13, 3);
}

export function readLocation(from: Buffer, at: number): Location {
  return {
    log: from.readUInt16BE(at + 6),
    index: from.readUIntBE(at + 8, 5),
    offset: from.readUIntBE(at + 13, 3),
  };
}

/** Records in order of their keys; equal keys stay in the order in which they came. */
export function sortRecords(records: Buffer): Buffer {
  const count = records.length / RECORD_BYTES;
  let order = new Uint32Array(count);
  let sorted = order.map((_, record) => record);
  // By one byte of the key after the other, the last one first: each pass keeps the order of the one before.
  for (let byte = KEY_BYTES - 1; byte >= 0; byte -= 1) {
    [order, sorted] = [sorted, order];
    sortByByte(records, byte, order, sorted);
  }
  const copy = Buffer.allocUnsafe(records.length);
  sorted.forEach((record, at) => {
    records.copy(copy, at * RECORD_BYTES, record * RECORD_BYTES, (record + 1) * RECORD_BYTES);
  });
  return copy;
}

/** Writes the records' numbers `order` to `sorted`, in the order of one byte, and where that is equal as they were. */
function sortByByte(records: Buffer, byte: number, order: Uint32Array, sorted: Uint32Array): void {
  const places = new Uint32Array(256);
  for (let at = byte; at < records.length; at += RECORD_BYTES) increment(places, records[at] ?? 0);
  let place = 0;
  places.forEach((many, value) => {
    places[value] = place;
    place += many;
  });
  for (const record of order) sorted[increment(places, records[record * RECORD_BYTES + byte] ?? 0)] = record;
}

/** Returns what was there before. */
function increment(counts: Uint32Array, at: number): number {
  const before = counts[at] ?? 0;
  counts[at] = before + 1;
  return before;
}
