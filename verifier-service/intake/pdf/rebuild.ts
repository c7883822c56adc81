import {
  damaged,
  cursorAt,
  parseIndirectObject,
  parseValue,
  takeObjectHeader,
  type IndirectObject,
} from './parse.js';
import { decodeStream } from './filters.js';
import { MAX_OBJECT_NUMBER, MAX_STRUCTURE_BYTES } from '../limits.js';
import { Ref, Stream, isName, type Dict } from './value.js';
import type { Xref, XrefEntry } from './xref.js';

/**
 * Makes a cross-reference table from the objects themselves, for a file whose own is missing or wrong: every
 * `n g obj`, in file order, the last one counting, as readers do it. What stands inside a stream is not an object,
 * or an attached PDF would be taken for this one. Throws FILE_DAMAGED when no document catalogue is found.
 */
export function rebuildXref(bytes: Uint8Array): Xref {
  const entries = new Map<number, XrefEntry>();
  const trailer: Dict = new Map();
  let catalogue: Ref | undefined;
  let asStream = false;
  for (const found of scan(bytes)) {
    if (found instanceof Map) {
      for (const key of ['Root', 'Info', 'ID', 'Encrypt']) copyKey(found, trailer, key);
      continue;
    }
    entries.set(found.number, { at: found.at, generation: found.generation });
    const { value } = found;
    if (value instanceof Map && isName(value.get('Type'), 'Catalog')) {
      catalogue = new Ref(found.number, found.generation);
    }
    if (!(value instanceof Stream)) continue;
    if (isName(value.dict.get('Type'), 'XRef')) {
      for (const key of ['Root', 'Info', 'ID', 'Encrypt']) copyKey(value.dict, trailer, key);
    } else if (isName(value.dict.get('Type'), 'ObjStm')) {
      asStream = true;
      objectNumbers(value).forEach((number, nth) => entries.set(number, { container: found.number, nth }));
    }
  }
  if (!trailer.has('Root') && catalogue !== undefined) trailer.set('Root', catalogue);
  if (!(trailer.get('Root') instanceof Ref)) throw damaged('it has no root');
  return { entries, trailer, start: undefined, asStream };
}

function copyKey(from: Dict, to: Dict, key: string): void {
  const value = from.get(key);
  if (value !== undefined) to.set(key, value);
}

type Found = (IndirectObject & { readonly at: number }) | Dict;

function* scan(bytes: Uint8Array): Generator<Found> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const next = (word: string, from: number): number => {
    const at = buffer.indexOf(word, from);
    return at < 0 ? bytes.length : at;
  };
  let at = 0;
  let trailerAt = next('trailer', 0);
  while (at < bytes.length) {
    const objAt = next('obj', at);
    if (trailerAt < objAt) {
      const trailer = attempt(() => parseValue(cursorAt(bytes, trailerAt + 'trailer'.length)));
      if (trailer instanceof Map) yield trailer;
      at = trailerAt + 'trailer'.length;
      trailerAt = next('trailer', at);
      continue;
    }
    if (objAt >= bytes.length) return;
    const start = headerStart(bytes, objAt);
    const found =
      start === undefined ? undefined : attempt(() => parseIndirectObject(bytes, start, () => undefined));
    if (start !== undefined && found !== undefined && found.number <= MAX_OBJECT_NUMBER) {
      yield { ...found, at: start };
      at = found.end;
      if (trailerAt < at) trailerAt = next('trailer', at);
    } else {
      at = objAt + 3;
    }
  }
}

/** Where the two numbers before `obj` begin. */
function headerStart(bytes: Uint8Array, objAt: number): number | undefined {
  let at = objAt;
  const back = (accepts: (code: number) => boolean): number => {
    const before = at;
    while (at > 0 && accepts(bytes[at - 1] ?? 0)) at--;
    return before - at;
  };
  const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9;
  const isDigit = (code: number): boolean => code >= 48 && code <= 57;
  back(isSpace);
  if (back(isDigit) === 0 || back(isSpace) === 0 || back(isDigit) === 0) return undefined;
  return takeObjectHeader(cursorAt(bytes, at)) === undefined ? undefined : at;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // what cannot be read is passed over, as readers do when they rebuild
  }
}

/** Object numbers in the order in which an object stream holds them (ISO 32000-2, 7.5.7). */
function objectNumbers(stream: Stream): number[] {
  const data = attempt(() => decodeStream(stream, (value) => value ?? null, MAX_STRUCTURE_BYTES));
  const count = stream.dict.get('N');
  if (data === undefined || typeof count !== 'number') return [];
  const numbers: number[] = [];
  const cursor = cursorAt(data, 0);
  while (numbers.length < count) {
    const number = attempt(() => parseValue(cursor));
    const offset = attempt(() => parseValue(cursor));
    if (typeof number !== 'number' || typeof offset !== 'number') break;
    numbers.push(number);
  }
  return numbers;
}
