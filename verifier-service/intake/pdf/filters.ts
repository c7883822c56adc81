import { constants, createInflate, inflateSync } from 'node:zlib';
import { ServiceError } from '../../error.js';
import { damaged } from './parse.js';
import { Name, type Dict, type PdfObject, type PdfValue, type Stream } from './value.js';

/** Stream filters (ISO 32000-2, 7.4). Image codecs are not decoded here: only the renderer needs pixels. */

export const bomb = (what: string): ServiceError =>
  new ServiceError('FILE_BOMB', `${what}. Export the document again, smaller.`);

const LONG_NAMES: Readonly<Record<string, string>> = {
  Fl: 'FlateDecode',
  LZW: 'LZWDecode',
  AHx: 'ASCIIHexDecode',
  A85: 'ASCII85Decode',
  RL: 'RunLengthDecode',
};
type Resolve = (value: PdfValue | undefined) => PdfObject;

export function filterNames(dict: Dict, resolve: Resolve): string[] {
  const filter = resolve(dict.get('Filter') ?? dict.get('F'));
  const list = Array.isArray(filter) ? filter.map(resolve) : [filter];
  return list.flatMap((name) => (name instanceof Name ? [LONG_NAMES[name.text] ?? name.text] : []));
}

/**
 * The stream's data without its filters. Throws FILE_BOMB when any step gives more than `limit` bytes,
 * FILE_DAMAGED when the data does not decode or a filter is one of those for pictures.
 */
export function decodeStream(stream: Stream, resolve: Resolve, limit: number): Uint8Array {
  const parameters = resolve(stream.dict.get('DecodeParms') ?? stream.dict.get('DP'));
  const list = Array.isArray(parameters) ? parameters.map(resolve) : [parameters];
  let data = stream.data;
  filterNames(stream.dict, resolve).forEach((name, i) => {
    const decode = DECODERS[name];
    if (decode === undefined) throw damaged(`a stream uses the filter ${name} where it cannot`);
    const step = list[i];
    const own = step instanceof Map ? step : new Map<string, PdfValue>();
    data = decode(data, limit, (key, otherwise) => {
      const value = resolve(own.get(key));
      return typeof value === 'number' ? value : otherwise;
    });
  });
  return data;
}

type Parameter = (key: string, otherwise: number) => number;
type Decoder = (data: Uint8Array, limit: number, parameter: Parameter) => Uint8Array;

const DECODERS: Readonly<Record<string, Decoder>> = {
  FlateDecode: (data, limit, parameter) => undoPredictor(inflate(data, limit), parameter),
  LZWDecode: (data, limit, parameter) =>
    undoPredictor(decodeLzw(data, limit, parameter('EarlyChange', 1)), parameter),
  ASCIIHexDecode: decodeHex,
  ASCII85Decode: decodeAscii85,
  RunLengthDecode: decodeRunLength,
};

/** The largest there is: producers state a smaller one than they use, and readers do not hold them to it. */
const WINDOW = { windowBits: 15 } as const;

function inflate(data: Uint8Array, limit: number): Uint8Array {
  try {
    // Z_SYNC_FLUSH: a stream that lost its last bytes gives what it has, as every reader does
    return inflateSync(data, { ...WINDOW, maxOutputLength: limit, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw inflateError(error);
  }
}

/** What inflates to 64 MB at most is inflated at once. */
const SMALL = 64 * 1024;

/**
 * How many bytes a Flate stream inflates to. Throws FILE_BOMB beyond `limit`, FILE_DAMAGED when the stream is not
 * whole: what a reader would then show is not what was meant.
 */
export async function inflatedSize(data: Uint8Array, limit: number): Promise<number> {
  if (data.length === 0) return 0;
  try {
    if (data.length <= SMALL) return inflateSync(data, { ...WINDOW, maxOutputLength: limit }).length;
    const inflater = createInflate({ ...WINDOW, chunkSize: 256 * 1024 });
    let size = 0;
    inflater.end(data);
    for await (const chunk of inflater) {
      size += (chunk as Buffer).length; // counted and let go, so that a large stream is never whole in memory
      if (size > limit) throw new RangeError('too large');
    }
    return size;
  } catch (error) {
    throw inflateError(error);
  }
}

function inflateError(error: unknown): ServiceError {
  if (error instanceof RangeError) return bomb('A compressed part of the PDF inflates beyond all measure');
  return new ServiceError('FILE_DAMAGED', 'The PDF is damaged: a compressed part of it is not whole.', {
    cause: error,
  });
}

function decodeHex(data: Uint8Array): Uint8Array {
  const end = data.indexOf(0x3e);
  const digits = Buffer.from(end < 0 ? data : data.subarray(0, end))
    .toString('latin1')
    .replace(/[^0-9A-Fa-f]/g, '');
  return Buffer.from(digits.length % 2 === 0 ? digits : `${digits}0`, 'hex');
}

function decodeAscii85(data: Uint8Array, limit: number): Uint8Array {
  const out: number[] = [];
  let group = 0;
  let digits = 0;
  for (const code of data) {
    if (code === 0x7e) break;
    if (out.length > limit) throw bomb('A part of the PDF unpacks beyond all measure');
    if (code === 0x7a && digits === 0) out.push(0, 0, 0, 0);
    if (code < 0x21 || code > 0x75) continue;
    group = group * 85 + code - 0x21;
    if (++digits < 5) continue;
    out.push((group / 2 ** 24) & 255, (group >>> 16) & 255, (group >>> 8) & 255, group & 255);
    group = digits = 0;
  }
  for (let i = digits; digits > 1 && i < 5; i++) group = group * 85 + 84;
  for (let i = 0; i < digits - 1; i++) out.push((group / 2 ** (24 - 8 * i)) & 255);
  return Uint8Array.from(out);
}

function decodeRunLength(data: Uint8Array, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let at = 0; at < data.length;) {
    const length = data[at++] ?? 128;
    if (length === 128) break;
    const part =
      length < 128 ? data.subarray(at, at + length + 1) : new Uint8Array(257 - length).fill(data[at] ?? 0);
    at += length < 128 ? length + 1 : 1;
    parts.push(part);
    if ((size += part.length) > limit) throw bomb('A part of the PDF unpacks beyond all measure');
  }
  return Buffer.concat(parts);
}

function decodeLzw(data: Uint8Array, limit: number, earlyChange: number): Uint8Array {
  const out: Buffer[] = [];
  let size = 0;
  let table: Uint8Array[] = [];
  let previous: Uint8Array | undefined;
  let width = 9;
  const reset = (): void => {
    table = Array.from({ length: 258 }, (_, i) => Uint8Array.of(i));
    previous = undefined;
    width = 9;
  };
  reset();
  for (let bit = 0; bit + width <= data.length * 8;) {
    const at = bit >> 3;
    const word = ((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0);
    const code = (word >> (24 - width - (bit & 7))) & ((1 << width) - 1);
    bit += width;
    if (code === 257) break;
    if (code === 256) {
      reset();
      continue;
    }
    const entry = table[code] ?? (previous && Buffer.concat([previous, previous.subarray(0, 1)]));
    if (entry === undefined || code > table.length) throw damaged('an LZW stream does not decode');
    out.push(Buffer.from(entry));
    if ((size += entry.length) > limit) throw bomb('A part of the PDF unpacks beyond all measure');
    if (previous !== undefined && table.length < 4096) {
      table.push(Buffer.concat([previous, entry.subarray(0, 1)]));
    }
    previous = entry;
    const next = table.length + earlyChange;
    width = next >= 2048 ? 12 : next >= 1024 ? 11 : next >= 512 ? 10 : 9;
  }
  return Buffer.concat(out);
}

function undoPredictor(data: Uint8Array, parameter: Parameter): Uint8Array {
  const predictor = parameter('Predictor', 1);
  if (predictor < 2) return data;
  const bits = parameter('Colors', 1) * parameter('BitsPerComponent', 8);
  const pixel = Math.max(1, bits >> 3);
  const row = Math.ceil((parameter('Columns', 1) * bits) / 8);
  if (!(row > 0 && row < 2 ** 24)) throw damaged('a stream says its rows are of no possible width');
  if (predictor === 2) {
    if (parameter('BitsPerComponent', 8) !== 8) throw damaged('a stream uses a predictor it cannot');
    const out = Uint8Array.from(data);
    for (let i = 0; i < out.length; i++) {
      if (i % row >= pixel) out[i] = (out[i] ?? 0) + (out[i - pixel] ?? 0);
    }
    return out;
  }
  return undoPngPredictor(data, row, pixel);
}

/** PNG filters (W3C PNG, 9): each row is preceded by its filter type. */
function undoPngPredictor(data: Uint8Array, row: number, pixel: number): Uint8Array {
  const rows = Math.ceil(data.length / (row + 1));
  const out = new Uint8Array(rows * row);
  let written = 0;
  for (let y = 0; y < rows; y++) {
    const type = data[y * (row + 1)];
    const from = y * (row + 1) + 1;
    const length = Math.min(row, data.length - from);
    for (let x = 0; x < length; x++) {
      const at = y * row + x;
      const left = x >= pixel ? (out[at - pixel] ?? 0) : 0;
      const up = y > 0 ? (out[at - row] ?? 0) : 0;
      const upLeft = x >= pixel && y > 0 ? (out[at - row - pixel] ?? 0) : 0;
      const predicted =
        type === 1
          ? left
          : type === 2
            ? up
            : type === 3
              ? (left + up) >> 1
              : type === 4
                ? paeth(left, up, upLeft)
                : 0;
      out[at] = (data[from + x] ?? 0) + predicted;
    }
    written += Math.max(0, length);
  }
  return out.subarray(0, written);
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - upLeft)];
  return a <= b && a <= c ? left : b <= c ? up : upLeft;
}
