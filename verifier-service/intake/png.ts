import { crc32 } from 'node:zlib';
import { ServiceError } from '../error.js';

/** What a PDF needs of a PNG (W3C PNG, 11) to carry its compressed rows as they are. */
export interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha. */
  readonly colourType: number;
  readonly interlaced: boolean;
  readonly palette: Uint8Array | undefined;
  readonly transparent: boolean;
  /** The zlib stream of filtered rows. */
  readonly rows: Uint8Array;
}

/** Undefined when the chunks do not add up to a picture. Throws FILE_DAMAGED when a chunk's check sum is wrong. */
export function readPng(bytes: Uint8Array): PngParts | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: Uint8Array[] = [];
  let palette: Uint8Array | undefined;
  let transparent = false;
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1');
    const data = bytes.subarray(at + 8, at + 8 + length);
    if (at + 12 + length > bytes.length) return undefined;
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      throw new ServiceError('FILE_DAMAGED', 'The picture is damaged: a check sum in it is wrong.');
    }
    if (type === 'PLTE') palette = data;
    else if (type === 'tRNS') transparent = true;
    else if (type === 'IDAT') rows.push(data);
    else if (type === 'IEND') break;
    at += length + 12;
  }
  if (bytes.length < 33 || rows.length === 0) return undefined;
  const colourType = bytes[25] ?? 0;
  return {
    width: view.getUint32(16),
    height: view.getUint32(20),
    bitDepth: bytes[24] ?? 0,
    colourType,
    interlaced: bytes[28] !== 0,
    palette,
    transparent: transparent || colourType === 4 || colourType === 6,
    rows: Buffer.concat(rows),
  };
}
