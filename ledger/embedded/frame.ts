import { crc32 } from 'node:zlib';

/**
 * How one block lies in the block file, all integers big-endian:
 *
 *     "SPBK" ‖ length of the block (4) ‖ block number (8) ‖ CRC-32 of these 16 bytes (4) ‖ block ‖ CRC-32 of the block (4)
 *
 * The checksums tell an interrupted write, and any flipped byte, from a block; what the block itself says is checked by
 * its hashes and signatures.
 */
export const FRAME_HEADER_BYTES = 20;
const FRAME_BYTES = FRAME_HEADER_BYTES + 4;
const MAGIC = Buffer.from('SPBK');
/** A disk writes no less than this at once: what a power cut leaves unwritten is whole sectors. */
const SECTOR_BYTES = 512;

export function frameLength(blockLength: number): number {
  return FRAME_BYTES + blockLength;
}

export function encodeFrame(number: number, block: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(frameLength(block.length));
  MAGIC.copy(frame);
  frame.writeUInt32BE(block.length, 4);
  frame.writeBigUInt64BE(BigInt(number), 8);
  frame.writeUInt32BE(crc32(frame.subarray(0, 16)), 16);
  frame.set(block, FRAME_HEADER_BYTES);
  frame.writeUInt32BE(crc32(block), FRAME_HEADER_BYTES + block.length);
  return frame;
}

/** Number of the block and length of its whole frame; null unless `bytes` begins with an intact header. */
export function decodeFrameHeader(bytes: Uint8Array): { number: number; length: number } | null {
  if (bytes.length < FRAME_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, FRAME_HEADER_BYTES);
  const intact = MAGIC.equals(bytes.subarray(0, 4)) && crc32(bytes.subarray(0, 16)) === view.getUint32(16);
  return intact ? { number: Number(view.getBigUint64(8)), length: frameLength(view.getUint32(4)) } : null;
}

/** The block in a whole frame whose header was read; null when its checksum differs. */
export function decodeFrame(frame: Uint8Array): Uint8Array | null {
  const block = frame.subarray(FRAME_HEADER_BYTES, -4);
  const checksum = new DataView(frame.buffer, frame.byteOffset + frame.length - 4, 4).getUint32(0);
  return crc32(block) === checksum ? block : null;
}

/**
 * Whether `bytes`, the file's last ones from `offset`, could be a frame whose write was cut short: they end before the
 * frame does, or hold a sector that the disk never received. A changed byte in a complete frame is neither.
 */
export function isInterrupted(bytes: Uint8Array, offset: number): boolean {
  const header = decodeFrameHeader(bytes);
  if (header)
    return bytes.length < header.length || (bytes.length === header.length && hasGap(bytes, offset));
  if (bytes.length < FRAME_HEADER_BYTES && startsLikeFrame(bytes)) return true;
  // Without its header nobody knows where the frame ends; a later intact one shows that this one was complete.
  return hasGap(bytes, offset, FRAME_HEADER_BYTES) && !holdsFrame(bytes);
}

function startsLikeFrame(bytes: Uint8Array): boolean {
  const begun = Math.min(bytes.length, MAGIC.length);
  return MAGIC.subarray(0, begun).equals(bytes.subarray(0, begun));
}

/** Whether a sector, or the part of it that lies in `bytes`, is all zero and begins before `limit`. */
function hasGap(bytes: Uint8Array, offset: number, limit = bytes.length): boolean {
  let start = 0;
  while (start < limit) {
    const end = start + SECTOR_BYTES - ((offset + start) % SECTOR_BYTES);
    if (bytes.subarray(start, end).every((byte) => byte === 0)) return true;
    start = end;
  }
  return false;
}

function holdsFrame(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = buffer.indexOf(MAGIC); at !== -1; at = buffer.indexOf(MAGIC, at + 1)) {
    if (decodeFrameHeader(bytes.subarray(at))) return true;
  }
  return false;
}
