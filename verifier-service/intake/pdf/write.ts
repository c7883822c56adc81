import { deflateSync } from 'node:zlib';
import type { PdfFile } from './file.js';
import { Name, RawString, Ref, Stream, type Dict, type PdfObject, type PdfValue } from './value.js';
import type { XrefEntry } from './xref.js';

/**
 * Changes a PDF by appending a revision (ISO 32000-2, 7.5.6): every byte of the original stays, and with it
 * everything in it that we do not understand; cutting the revision off gives the original file back.
 */
export class Revision {
  readonly #changed = new Map<number, PdfObject>();
  #next: number;

  constructor(readonly file: PdfFile) {
    let highest = 0;
    for (const number of file.xref.entries.keys()) highest = Math.max(highest, number);
    const size = file.xref.trailer.get('Size');
    this.#next = Math.max(highest + 1, typeof size === 'number' ? Math.min(size, 8_000_000) : 0);
    for (const number of file.irregular) this.#changed.set(number, file.get(number));
  }

  /** A new object. */
  add(object: PdfObject): Ref {
    const ref = new Ref(this.#next++, 0);
    this.#changed.set(ref.number, object);
    return ref;
  }

  /** An object in the place of the one that `ref` names. */
  replace(ref: Ref, object: PdfObject): void {
    this.#changed.set(ref.number, object);
  }

  /** @param id 16 bytes that name this revision */
  toBytes(id: Uint8Array): Uint8Array {
    const { file } = this;
    const out = new Chunks(file.bytes);
    if (file.bytes[file.bytes.length - 1] !== 10) out.text('\n');
    const entries = new Map<number, XrefEntry>(file.xref.start === undefined ? file.xref.entries : []);
    for (const [number, object] of this.#changed) {
      const old = file.xref.entries.get(number);
      const generation = old !== undefined && old !== 'free' && 'at' in old ? old.generation : 0;
      entries.set(number, { at: out.length, generation });
      out.text(`${number} ${generation} obj\n`);
      writeObject(out, object);
      out.text('\nendobj\n');
    }
    const trailer = this.#trailer(id);
    const start = out.length;
    if (file.xref.asStream) this.#writeXrefStream(out, entries, trailer);
    else writeXrefTable(out, entries, trailer.set('Size', this.#next));
    out.text(`startxref\n${start}\n%%EOF\n`);
    return out.join();
  }

  #trailer(id: Uint8Array): Dict {
    const { xref } = this.file;
    const trailer: Dict = new Map();
    for (const key of ['Root', 'Info']) {
      const value = xref.trailer.get(key);
      if (value !== undefined) trailer.set(key, value);
    }
    const revision = new RawString(Buffer.from(`<${Buffer.from(id).toString('hex')}>`));
    const [original] = this.file.array(xref.trailer.get('ID'));
    trailer.set('ID', [original instanceof RawString ? original : revision, revision]);
    if (xref.start !== undefined) trailer.set('Prev', xref.start);
    return trailer;
  }

  #writeXrefStream(out: Chunks, entries: Map<number, XrefEntry>, trailer: Dict): void {
    const number = this.#next++;
    entries.set(number, { at: out.length, generation: 0 });
    entries.set(0, 'free');
    const runs = consecutive([...entries.keys()]);
    const rows = Buffer.alloc(entries.size * 9);
    let at = 0;
    for (const each of runs.flat()) {
      const entry = entries.get(each) ?? 'free';
      const [type, second, third] =
        entry === 'free'
          ? [0, 0, each === 0 ? 65_535 : 0]
          : 'at' in entry
            ? [1, entry.at, entry.generation]
            : [2, entry.container, entry.nth];
      rows.writeUInt8(type, at);
      rows.writeUInt32BE(second, at + 1);
      rows.writeUInt32BE(third, at + 5);
      at += 9;
    }
    const dict = new Map<string, PdfValue>([
      ['Type', new Name('XRef')],
      ['Size', this.#next],
      ['W', [1, 4, 4]],
    ]);
    dict.set(
      'Index',
      runs.flatMap((run) => [run[0] ?? 0, run.length]),
    );
    for (const [key, value] of trailer) dict.set(key, value);
    out.text(`${number} 0 obj\n`);
    writeObject(out, compressed(dict, rows));
    out.text('\nendobj\n');
  }
}

/** Half the time of zlib's own choice, for a stamp of 700 bytes more. */
const LEVEL = 4;

/** A stream of `data`, deflated. */
export function compressed(dict: Dict, data: Uint8Array): Stream {
  const deflated = deflateSync(data, { level: LEVEL });
  return new Stream(new Map(dict).set('Filter', new Name('FlateDecode')), deflated);
}

function writeXrefTable(out: Chunks, entries: Map<number, XrefEntry>, trailer: Dict): void {
  entries.set(0, 'free');
  out.text('xref\n');
  for (const run of consecutive([...entries.keys()])) {
    out.text(`${run[0] ?? 0} ${run.length}\n`);
    for (const number of run) {
      const entry = entries.get(number) ?? 'free';
      if (entry === 'free' || 'container' in entry) {
        out.text(`0000000000 ${number === 0 ? '65535' : '00000'} f \n`);
      } else {
        out.text(`${String(entry.at).padStart(10, '0')} ${String(entry.generation).padStart(5, '0')} n \n`);
      }
    }
  }
  out.text('trailer\n');
  writeObject(out, trailer);
  out.text('\n');
}

/** Sorted, and cut where a number is left out. */
function consecutive(numbers: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  return runs;
}

/** Bytes collected without joining them each time. */
class Chunks {
  readonly #parts: Uint8Array[];
  length: number;

  constructor(first: Uint8Array) {
    this.#parts = [first];
    this.length = first.length;
  }

  bytes(part: Uint8Array): void {
    this.#parts.push(part);
    this.length += part.length;
  }

  text(latin1: string): void {
    this.bytes(Buffer.from(latin1, 'latin1'));
  }

  join(): Uint8Array {
    const whole = new Uint8Array(this.length); // a buffer of its own, so that it can be handed over to a thread
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

function writeObject(out: Chunks, object: PdfObject): void {
  if (object instanceof Stream) {
    writeValue(out, new Map(object.dict).set('Length', object.data.length));
    out.text('\nstream\n');
    out.bytes(object.data);
    out.text('\nendstream');
  } else {
    writeValue(out, object);
  }
}

function writeValue(out: Chunks, value: PdfValue): void {
  if (value instanceof Name) out.text(formatName(value.text));
  else if (value instanceof Ref) out.text(`${value.number} ${value.generation} R`);
  else if (value instanceof RawString) out.bytes(value.token);
  else if (value instanceof Map) {
    out.text('<<');
    for (const [key, item] of value) {
      out.text(`${formatName(key)} `);
      writeValue(out, item);
      out.text('\n');
    }
    out.text('>>');
  } else if (Array.isArray(value)) {
    out.text('[');
    value.forEach((item, i) => {
      if (i > 0) out.text(i % 16 === 0 ? '\n' : ' ');
      writeValue(out, item);
    });
    out.text(']');
  } else out.text(typeof value === 'number' ? formatNumber(value) : String(value));
}

export function formatNumber(value: number): string {
  const text = String(value);
  if (!text.includes('e')) return text;
  // PDF has no exponents (ISO 32000-2, 7.3.3)
  return Math.abs(value) < 1 ? value.toFixed(10).replace(/\.?0+$/, '') : BigInt(value).toString();
}

function formatName(text: string): string {
  return `/${text.replace(/[^!-~]|[()<>[\]{}/%#]/g, (c) => `#${c.charCodeAt(0).toString(16).padStart(2, '0')}`)}`;
}
