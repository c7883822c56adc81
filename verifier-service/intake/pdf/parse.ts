import { ServiceError } from '../../error.js';
import { Name, RawString, Ref, Stream, type Dict, type PdfObject, type PdfValue } from './value.js';

/**
 * Reads one PDF object at a position. Tolerant where every reader is (a repeated key, an unknown word, a wrong
 * stream length) and then says so in `irregular`, so that the object can be written again properly.
 * Throws ServiceError FILE_DAMAGED where there is no one sensible reading.
 */
export interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
  irregular: boolean;
}

export const cursorAt = (bytes: Uint8Array, at: number): Cursor => ({ bytes, at, irregular: false });

export const damaged = (what: string): ServiceError =>
  new ServiceError('FILE_DAMAGED', `The PDF is damaged: ${what}.`);

const REGULAR = 0;
const WHITE = 1;
const DELIMITER = 2;
const CLASS = new Uint8Array(256);
for (const code of [0, 9, 10, 12, 13, 32]) CLASS[code] = WHITE;
for (const character of '()<>[]{}/%') CLASS[character.charCodeAt(0)] = DELIMITER;

const isRegular = (code: number | undefined): boolean => code !== undefined && CLASS[code] === REGULAR;
const isDigit = (code: number | undefined): boolean => code !== undefined && code >= 48 && code <= 57;

/** Deeper nesting than any producer writes, shallow enough for the call stack. */
const MAX_DEPTH = 128;
/** The largest real, and the largest generation, that a PDF may hold (ISO 32000-1, Annex C and 7.5.4). */
const MAX_REAL = 3.403e38;
const MAX_GENERATION = 65_535;

export function skipSpace(cursor: Cursor): void {
  const { bytes } = cursor;
  let at = cursor.at;
  for (; at < bytes.length; at++) {
    const code = bytes[at] ?? 0;
    if (code === 0x25) while (at + 1 < bytes.length && bytes[at + 1] !== 10 && bytes[at + 1] !== 13) at++;
    else if (CLASS[code] !== WHITE) break;
  }
  cursor.at = at;
}

/** Moves past `word` when it stands here as a whole word. */
export function takeWord(cursor: Cursor, word: string): boolean {
  for (let i = 0; i < word.length; i++) {
    if (cursor.bytes[cursor.at + i] !== word.charCodeAt(i)) return false;
  }
  if (isRegular(cursor.bytes[cursor.at + word.length])) return false;
  cursor.at += word.length;
  return true;
}

/** An unsigned integer, or undefined with the cursor unmoved. */
export function takeInteger(cursor: Cursor): number | undefined {
  let at = cursor.at;
  let value = 0;
  while (isDigit(cursor.bytes[at])) value = value * 10 + (cursor.bytes[at++] ?? 0) - 48;
  if (at === cursor.at || at - cursor.at > 15) return undefined;
  cursor.at = at;
  return value;
}

export function parseValue(cursor: Cursor, depth = 0): PdfValue {
  if (depth > MAX_DEPTH) throw damaged('objects are nested too deeply');
  skipSpace(cursor);
  const { bytes, at } = cursor;
  const code = bytes[at];
  if (code === undefined) throw damaged('it ends in the middle of an object');
  if (code === 0x2f) return parseName(cursor);
  if (code === 0x28) return parseLiteralString(cursor);
  if (code === 0x3c) return bytes[at + 1] === 0x3c ? parseDict(cursor, depth) : parseHexString(cursor);
  if (code === 0x5b) return parseArray(cursor, depth);
  if (isDigit(code) || code === 0x2b || code === 0x2d || code === 0x2e) return parseNumberOrRef(cursor);
  if (CLASS[code] === DELIMITER) throw damaged(`an object cannot begin with '${String.fromCharCode(code)}'`);
  return parseKeyword(cursor);
}

const latin1 = (bytes: Uint8Array, from: number, to: number): string => {
  let text = '';
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] ?? 0);
  return text;
};

function parseName(cursor: Cursor): Name {
  const from = cursor.at + 1;
  let to = from;
  while (isRegular(cursor.bytes[to])) to++;
  cursor.at = to;
  const text = latin1(cursor.bytes, from, to);
  if (!text.includes('#')) return new Name(text);
  return new Name(
    text.replace(/#([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
  );
}

function parseLiteralString(cursor: Cursor): RawString {
  const { bytes } = cursor;
  const from = cursor.at;
  let open = 0;
  for (let at = from; at < bytes.length; at++) {
    const code = bytes[at];
    if (code === 0x5c) at++;
    else if (code === 0x28) open++;
    else if (code === 0x29 && --open === 0) {
      cursor.at = at + 1;
      return new RawString(bytes.subarray(from, at + 1));
    }
  }
  throw damaged('a string does not end');
}

function parseHexString(cursor: Cursor): RawString {
  const end = cursor.bytes.indexOf(0x3e, cursor.at);
  if (end < 0) throw damaged('a string does not end');
  const token = cursor.bytes.subarray(cursor.at, end + 1);
  cursor.at = end + 1;
  const text = latin1(token, 1, token.length - 1);
  if (!/[^0-9A-Fa-f\s]/.test(text)) return new RawString(token);
  cursor.irregular = true; // readers pass over what is no digit
  return new RawString(Buffer.from(`<${text.replace(/[^0-9A-Fa-f]/g, '')}>`));
}

function parseArray(cursor: Cursor, depth: number): PdfValue[] {
  cursor.at++;
  const items: PdfValue[] = [];
  for (;;) {
    skipSpace(cursor);
    if (cursor.bytes[cursor.at] === 0x5d) {
      cursor.at++;
      return items;
    }
    items.push(parseValue(cursor, depth + 1));
  }
}

function parseDict(cursor: Cursor, depth: number): Dict {
  const { bytes } = cursor;
  cursor.at += 2;
  const dict: Dict = new Map();
  for (;;) {
    skipSpace(cursor);
    if (bytes[cursor.at] === 0x3e && bytes[cursor.at + 1] === 0x3e) {
      cursor.at += 2;
      return dict;
    }
    if (bytes[cursor.at] !== 0x2f) {
      parseValue(cursor, depth + 1); // a value without its key: no reader can use it
      cursor.irregular = true;
      continue;
    }
    const key = parseName(cursor).text;
    skipSpace(cursor);
    if (bytes[cursor.at] === 0x3e && bytes[cursor.at + 1] === 0x3e) {
      cursor.irregular = true; // the last key has no value
      continue;
    }
    if (dict.has(key)) cursor.irregular = true; // the last one counts, for every reader we know
    dict.set(key, parseValue(cursor, depth + 1));
  }
}

function parseNumberOrRef(cursor: Cursor): number | Ref {
  const start = cursor.at;
  const integer = takeInteger(cursor);
  if (integer === undefined || isRegular(cursor.bytes[cursor.at])) {
    cursor.at = start;
    return parseReal(cursor);
  }
  const afterInteger = cursor.at;
  skipSpace(cursor);
  const generation = cursor.at > afterInteger ? takeInteger(cursor) : undefined;
  if (generation !== undefined) {
    const afterGeneration = cursor.at;
    skipSpace(cursor);
    const apart = cursor.at > afterGeneration;
    if (takeWord(cursor, 'R')) {
      if (!apart) cursor.irregular = true; // '27 0R'
      return new Ref(integer, generation);
    }
  }
  cursor.at = afterInteger;
  return integer;
}

function parseReal(cursor: Cursor): number {
  const from = cursor.at;
  while (isRegular(cursor.bytes[cursor.at])) cursor.at++;
  const text = latin1(cursor.bytes, from, cursor.at);
  if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(text)) return Math.max(-MAX_REAL, Math.min(MAX_REAL, Number(text)));
  cursor.irregular = true; // '--5', '1.2.3', '-': readers take what they can, else zero
  const leading = /^[+-]*(\d*\.?\d*)/.exec(text)?.[1] ?? '';
  const value = Math.min(MAX_REAL, Number(leading === '' || leading === '.' ? 0 : leading));
  return text.startsWith('-') ? -value : value;
}

function parseKeyword(cursor: Cursor): PdfValue {
  if (takeWord(cursor, 'true')) return true;
  if (takeWord(cursor, 'false')) return false;
  if (takeWord(cursor, 'null')) return null;
  const start = cursor.at;
  for (const word of ['endobj', 'endstream', 'stream', 'obj', 'xref', 'trailer', 'startxref']) {
    if (takeWord(cursor, word)) {
      cursor.at = start;
      throw damaged(`'${word}' stands where a value should`);
    }
  }
  while (isRegular(cursor.bytes[cursor.at])) cursor.at++;
  cursor.irregular = true;
  return null;
}

export interface IndirectObject {
  readonly number: number;
  readonly generation: number;
  readonly value: PdfObject;
  readonly irregular: boolean;
  /** Position after the object. */
  readonly end: number;
}

/** The number and generation of the `obj` that begins here, or undefined. */
export function takeObjectHeader(cursor: Cursor): { number: number; generation: number } | undefined {
  skipSpace(cursor);
  const number = takeInteger(cursor);
  skipSpace(cursor);
  const generation = number === undefined ? undefined : takeInteger(cursor);
  skipSpace(cursor);
  if (number === undefined || generation === undefined || generation > MAX_GENERATION) return undefined;
  // 'obj' may be followed at once by a value, as in '1 0 obj<<' or '1 0 obj 5' but also 'obj5'
  if (latin1(cursor.bytes, cursor.at, cursor.at + 3) !== 'obj') return undefined;
  cursor.at += 3;
  return { number, generation };
}

/** @param lengthOf resolves an indirect /Length; undefined when it cannot */
export function parseIndirectObject(
  bytes: Uint8Array,
  at: number,
  lengthOf: (ref: Ref) => number | undefined,
): IndirectObject {
  const cursor = cursorAt(bytes, at);
  const header = takeObjectHeader(cursor);
  if (header === undefined) throw damaged(`no object begins at byte ${at}`);
  skipSpace(cursor);
  let value: PdfObject = null;
  if (takeWord(cursor, 'endobj')) return { ...header, value, irregular: true, end: cursor.at };
  value = parseValue(cursor);
  skipSpace(cursor);
  if (value instanceof Map && takeWord(cursor, 'stream')) value = parseStream(cursor, value, lengthOf);
  skipSpace(cursor);
  if (!takeWord(cursor, 'endobj')) cursor.irregular = true;
  return { ...header, value, irregular: cursor.irregular, end: cursor.at };
}

function parseStream(cursor: Cursor, dict: Dict, lengthOf: (ref: Ref) => number | undefined): Stream {
  const { bytes } = cursor;
  if (bytes[cursor.at] === 13) cursor.at++;
  if (bytes[cursor.at] === 10) cursor.at++;
  else cursor.irregular = true;
  const start = cursor.at;
  const declared = dict.get('Length');
  const length = declared instanceof Ref ? lengthOf(declared) : declared;
  if (typeof length === 'number' && Number.isInteger(length) && length >= 0) {
    cursor.at = start + length;
    skipSpace(cursor);
    if (takeWord(cursor, 'endstream')) return new Stream(dict, bytes.subarray(start, start + length));
  }
  cursor.irregular = true;
  let end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('endstream', start);
  if (end < 0) throw damaged('a stream does not end');
  cursor.at = end + 'endstream'.length;
  if (bytes[end - 1] === 10) end--;
  if (bytes[end - 1] === 13) end--;
  return new Stream(dict, bytes.subarray(start, Math.max(start, end)));
}
