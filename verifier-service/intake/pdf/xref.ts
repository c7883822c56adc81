import { MAX_OBJECT_NUMBER, MAX_STRUCTURE_BYTES } from '../limits.js';
import { decodeStream } from './filters.js';
import {
  cursorAt,
  damaged,
  parseIndirectObject,
  parseValue,
  skipSpace,
  takeInteger,
  takeWord,
} from './parse.js';
import { Ref, Stream, isName, type Dict, type PdfValue } from './value.js';

/** Where an object stands: at a byte of the file, or as the nth object within an object stream. */
export type XrefEntry =
  | { readonly at: number; readonly generation: number }
  | { readonly container: number; readonly nth: number }
  | 'free';

export interface Xref {
  readonly entries: Map<number, XrefEntry>;
  /** The newest trailer; a cross-reference stream's dictionary serves as one. */
  readonly trailer: Dict;
  /** Byte position of the newest section; undefined when the table had to be rebuilt from the objects. */
  readonly start: number | undefined;
  /** The newest section is a cross-reference stream, so the next one must be (ISO 32000-2, 7.5.8). */
  readonly asStream: boolean;
}

/** More revisions than anybody saves. */
const MAX_SECTIONS = 4_096;

/**
 * Reads the chain of cross-reference sections (ISO 32000-2, 7.5.4, 7.5.8; hybrid files too), newest first.
 * Entries are not checked against the file here. Throws FILE_DAMAGED when the chain cannot be followed.
 */
export function readXref(bytes: Uint8Array): Xref {
  const start = findStart(bytes);
  const entries: Xref['entries'] = new Map();
  const visited = new Set<number>();
  let newest: { trailer: Dict; asStream: boolean } | undefined;
  for (let at: number | undefined = start; at !== undefined;) {
    if (visited.has(at) || visited.size >= MAX_SECTIONS)
      throw damaged('its cross-reference sections form a loop');
    visited.add(at);
    const { trailer, asStream } = readSection(bytes, at, entries, visited);
    newest ??= { trailer, asStream };
    const previous = trailer.get('Prev');
    at = typeof previous === 'number' ? previous : undefined;
  }
  if (newest === undefined || !(newest.trailer.get('Root') instanceof Ref)) throw damaged('it has no root');
  return { entries, start, ...newest };
}

function findStart(bytes: Uint8Array): number {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf('startxref');
  if (at < 0) throw damaged('it does not say where its cross-reference table is');
  const cursor = cursorAt(bytes, at + 'startxref'.length);
  skipSpace(cursor);
  const start = takeInteger(cursor);
  if (start === undefined || start >= bytes.length)
    throw damaged('its cross-reference table is outside the file');
  return start;
}

function readSection(
  bytes: Uint8Array,
  at: number,
  entries: Xref['entries'],
  visited: Set<number>,
): { trailer: Dict; asStream: boolean } {
  const cursor = cursorAt(bytes, at);
  skipSpace(cursor);
  if (!takeWord(cursor, 'xref')) return { trailer: readXrefStream(bytes, at, entries), asStream: true };
  const free: number[] = [];
  for (;;) {
    skipSpace(cursor);
    if (takeWord(cursor, 'trailer')) break;
    const first = takeInteger(cursor);
    skipSpace(cursor);
    const count = takeInteger(cursor);
    if (first === undefined || count === undefined) throw damaged('its cross-reference table is not one');
    for (let i = 0; i < count; i++) readTableEntry(cursor, first + i, entries, free);
  }
  const trailer = parseValue(cursor);
  if (!(trailer instanceof Map) || cursor.irregular) throw damaged('its trailer is not one');
  const hybrid = trailer.get('XRefStm');
  if (typeof hybrid === 'number') {
    // objects that only newer readers see are marked free in the table and stand in this stream
    visited.add(hybrid);
    readXrefStream(bytes, hybrid, entries);
  }
  for (const number of free) addEntry(entries, number, 'free');
  return { trailer, asStream: false };
}

function readTableEntry(
  cursor: { readonly bytes: Uint8Array; at: number; irregular: boolean },
  number: number,
  entries: Xref['entries'],
  free: number[],
): void {
  skipSpace(cursor);
  const at = takeInteger(cursor);
  skipSpace(cursor);
  const generation = takeInteger(cursor);
  skipSpace(cursor);
  if (at === undefined || generation === undefined) throw damaged('its cross-reference table is not one');
  if (takeWord(cursor, 'n')) addEntry(entries, number, { at, generation });
  else if (takeWord(cursor, 'f')) free.push(number);
  else throw damaged('its cross-reference table is not one');
}

function addEntry(entries: Xref['entries'], number: number, entry: XrefEntry): void {
  if (number > MAX_OBJECT_NUMBER) throw damaged('it numbers objects beyond what a PDF may');
  if (!entries.has(number)) entries.set(number, entry);
}

function readXrefStream(bytes: Uint8Array, at: number, entries: Xref['entries']): Dict {
  const { value: stream, number, irregular } = parseIndirectObject(bytes, at, () => undefined);
  if (!(stream instanceof Stream) || !isName(stream.dict.get('Type'), 'XRef') || irregular) {
    throw damaged('its cross-reference stream is not one');
  }
  addXrefStreamEntries(stream, entries);
  // some producers forget the entry of the stream itself; nobody needs it, but its number is taken
  addEntry(entries, number, { at, generation: 0 });
  return stream.dict;
}

export function addXrefStreamEntries(stream: Stream, entries: Xref['entries']): void {
  const data = decodeStream(stream, (value) => value ?? null, MAX_STRUCTURE_BYTES);
  const widths = integers(stream.dict.get('W'));
  const [typeWidth = 0, secondWidth = 0, thirdWidth = 0] = widths;
  const row = typeWidth + secondWidth + thirdWidth;
  if (widths.length !== 3 || row < 1 || row > 24)
    throw damaged('its cross-reference stream has no possible layout');
  const size = stream.dict.get('Size');
  const index = stream.dict.has('Index')
    ? integers(stream.dict.get('Index'))
    : [0, typeof size === 'number' ? size : 0];
  let at = 0;
  const field = (width: number, otherwise: number): number => {
    if (width === 0) return otherwise;
    let value = 0;
    for (let i = 0; i < width; i++) value = value * 256 + (data[at++] ?? 0);
    return value;
  };
  for (let i = 0; i + 1 < index.length; i += 2) {
    const first = index[i] ?? 0;
    const count = index[i + 1] ?? 0;
    for (let n = 0; n < count && at + row <= data.length; n++) {
      const type = field(typeWidth, 1);
      const second = field(secondWidth, 0);
      const third = field(thirdWidth, 0);
      if (type === 0) addEntry(entries, first + n, 'free');
      else if (type === 1) addEntry(entries, first + n, { at: second, generation: third });
      else if (type === 2) addEntry(entries, first + n, { container: second, nth: third });
    }
  }
}

function integers(value: PdfValue | undefined): number[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (item): item is number => typeof item === 'number' && Number.isInteger(item) && item >= 0,
  );
}
