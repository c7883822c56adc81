/** What a JPEG says of itself (ITU-T T.81, B). */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Bits per sample. */
  readonly precision: number;
  /** Huffman-coded sequential or progressive: what every PDF reader decodes. */
  readonly common: boolean;
}

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
/** Frame headers: C0 to CF without DHT, JPG, DAC. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Kept: JFIF, Adobe's colour transform. Dropped: Exif with the place where the picture was taken, thumbnails, comments. */
const isDropped = (marker: number): boolean =>
  marker === 0xfe || (marker >= 0xe1 && marker <= 0xef && marker !== 0xee);

/** The frame header, or undefined when there is none to be found. */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  for (const { marker, from } of segments(bytes)) {
    if (!isFrame(marker)) continue;
    const at = (i: number): number => bytes[from + i] ?? 0;
    return {
      precision: at(4),
      height: at(5) * 256 + at(6),
      width: at(7) * 256 + at(8),
      components: at(9),
      common: marker <= 0xc2,
    };
  }
  return undefined;
}

/**
 * The same picture, bit for bit, without metadata and without whatever a camera hung behind it. Undefined when its
 * segments cannot be told apart to the end, as where stray bytes stand between them: decoders look for the next marker.
 */
export function withoutMetadata(bytes: Uint8Array): Uint8Array | undefined {
  const parts: Uint8Array[] = [];
  for (const { marker, from, to } of segments(bytes)) {
    if (!isDropped(marker)) parts.push(bytes.subarray(from, to));
    if (marker === EOI) return Buffer.concat(parts);
  }
  return undefined;
}

interface Segment {
  readonly marker: number;
  /** Position of the marker's 0xFF. */
  readonly from: number;
  readonly to: number;
}

/** Segments up to the end of the image, or to where none begins; a scan's coded data belongs to its header. */
function* segments(bytes: Uint8Array): Generator<Segment> {
  for (let at = 0; at + 1 < bytes.length;) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff) return;
    if (marker === 0xff) {
      at++; // fill byte
      continue;
    }
    if (marker === SOI || marker === EOI) {
      yield { marker, from: at, to: at + 2 };
      if (marker === EOI) return;
      at += 2;
      continue;
    }
    let to = at + 2 + (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
    if (marker === SOS) to = endOfScan(bytes, to);
    if (to > bytes.length) return;
    yield { marker, from: at, to };
    at = to;
  }
}

/** Coded data runs to the next marker that is neither a stuffed byte nor a restart. */
function endOfScan(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1] ?? 0;
    if (next !== 0 && next !== 0xff && (next < 0xd0 || next > 0xd7)) return at;
  }
  return bytes.length;
}
