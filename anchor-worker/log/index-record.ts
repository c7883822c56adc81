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
  const keys = Float64Array.from({ length: count }, (_, record) => keyAt(records, record));
  const order = Uint32Array.from({ length: count }, (_, record) => record);
  order.sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0) || a - b);
  const sorted = Buffer.allocUnsafe(records.length);
  order.forEach((record, at) => {
    records.copy(sorted, at * RECORD_BYTES, record * RECORD_BYTES, (record + 1) * RECORD_BYTES);
  });
  return sorted;
}
