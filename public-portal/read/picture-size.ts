import type { PictureKind } from '@spondon/protocol/reading/file-kind';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * What a picture says of its size, without decoding it: a small file may claim a picture that no device can hold. Null
 * when it says nothing, and for TIFF.
 */
export function pictureSize(bytes: Uint8Array, kind: PictureKind): PictureSize | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return readers[kind](view);
  } catch (error) {
    // The header ends early.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

type Reader = (view: DataView) => PictureSize | null;

const readers: Readonly<Record<PictureKind, Reader>> = {
  png: (view) => ({ width: view.getUint32(16), height: view.getUint32(20) }),
  gif: (view) => ({ width: view.getUint16(6, true), height: view.getUint16(8, true) }),
  bmp: (view) => {
    const isOs2 = view.getUint32(14, true) === 12;
    if (isOs2) return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
    // Rows from the top have a negative height.
    return { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
  },
  jpeg: sizeOfJpeg,
  webp: sizeOfWebp,
  avif: largestInBoxes,
  heic: largestInBoxes,
  tiff: () => null,
};

/** ITU-T T.81, B.2: segments, of which the frame's has the size. */
function sizeOfJpeg(view: DataView): PictureSize | null {
  for (let at = 2; ;) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    const isFill = marker === 0xff;
    at += isFill ? 1 : 2 + view.getUint16(at + 2);
  }
}

/** RFC 9649: a lossy, a lossless or an extended file. */
function sizeOfWebp(view: DataView): PictureSize | null {
  switch (view.getUint8(15)) {
    case ' '.charCodeAt(0):
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case 'L'.charCodeAt(0): {
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'X'.charCodeAt(0):
      return { width: uint24(view, 24) + 1, height: uint24(view, 27) + 1 };
    default:
      return null;
  }
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}

const ISPE = 0x69737065;
/** Where files with a picture's properties have them: before its data. */
const BOXES_WITHIN = 65_536;

/** ISO/IEC 23008-12: each image of the file, a thumbnail too, has its extents in an `ispe` box. */
function largestInBoxes(view: DataView): PictureSize | null {
  let largest: PictureSize | null = null;
  const end = Math.min(view.byteLength, BOXES_WITHIN) - 16;
  for (let at = 4; at <= end; at++) {
    if (view.getUint32(at) !== ISPE) continue;
    const size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (!largest || size.width * size.height > largest.width * largest.height) largest = size;
  }
  return largest;
}
