import { ServiceError } from '../../error.js';
import { MAX_STRUCTURE_BYTES } from '../limits.js';
import { decodeStream } from './filters.js';
import { cursorAt, damaged, parseIndirectObject, parseValue, skipSpace, takeInteger } from './parse.js';
import { rebuildXref } from './rebuild.js';
import { Ref, Stream, isName, type Dict, type PdfObject, type PdfValue } from './value.js';
import { readXref, type Xref, type XrefEntry } from './xref.js';

/** An object, its length, the object stream around that, and the length of that: no sane file needs more at once. */
const MAX_LOADING = 16;

/** Objects of one PDF, read when asked for and kept. What an object stream inflates to is bounded for the file. */
export class PdfFile {
  readonly #objects = new Map<number, PdfObject>();
  readonly #containers = new Map<number, Container>();
  readonly #loading = new Set<number>();
  #structureBytes = 0;
  /** Objects that can be read in one sensible way, but are not written as the standard says. */
  readonly irregular = new Set<number>();

  constructor(
    readonly bytes: Uint8Array,
    readonly xref: Xref,
  ) {}

  /** The object, null when the file has none by this number. Throws FILE_DAMAGED when it is not where it should be. */
  get(number: number): PdfObject {
    const known = this.#objects.get(number);
    if (known !== undefined) return known;
    const entry = this.xref.entries.get(number);
    if (entry === undefined || entry === 'free') return null;
    if (this.#loading.has(number)) throw damaged('an object needs itself to be read');
    if (this.#loading.size >= MAX_LOADING) throw damaged('an object needs too many others to be read');
    this.#loading.add(number);
    try {
      const object = this.#load(number, entry);
      this.#objects.set(number, object);
      return object;
    } finally {
      this.#loading.delete(number);
    }
  }

  /** Follows references, as many as a sane file has one after another. */
  resolve = (value: PdfObject | undefined): PdfObject => {
    let current: PdfObject = value ?? null;
    for (let hops = 0; current instanceof Ref; hops++) {
      if (hops > 32) throw damaged('references lead in a circle');
      current = this.get(current.number);
    }
    return current;
  };

  /** The dictionary, or that of the stream, which `value` is or refers to. */
  dict(value: PdfObject | undefined): Dict | undefined {
    const object = this.resolve(value);
    if (object instanceof Stream) return object.dict;
    return object instanceof Map ? object : undefined;
  }

  array(value: PdfObject | undefined): PdfValue[] {
    const object = this.resolve(value);
    return Array.isArray(object) ? object : [];
  }

  number(value: PdfObject | undefined): number | undefined {
    const object = this.resolve(value);
    return typeof object === 'number' ? object : undefined;
  }

  #load(number: number, entry: Exclude<XrefEntry, 'free'>): PdfObject {
    if ('container' in entry) return this.#loadContained(number, entry.container, entry.nth);
    const object = parseIndirectObject(this.bytes, entry.at, (ref) => this.number(ref));
    if (object.number !== number || object.generation !== entry.generation) {
      throw damaged(`object ${number} is not where its table says`);
    }
    if (object.irregular) this.irregular.add(number);
    return object.value;
  }

  #loadContained(number: number, containerNumber: number, nth: number): PdfObject {
    const container = this.#containers.get(containerNumber) ?? this.#openContainer(containerNumber);
    const offset = container.numbers[nth] === number ? container.offsets[nth] : undefined;
    if (offset === undefined) throw damaged(`object ${number} is not in its object stream`);
    const cursor = cursorAt(container.data, container.first + offset);
    const value = parseValue(cursor);
    if (cursor.irregular) this.irregular.add(number);
    return value;
  }

  #openContainer(number: number): Container {
    const entry = this.xref.entries.get(number);
    if (entry === undefined || entry === 'free' || 'container' in entry)
      throw damaged('an object stream is missing');
    const stream = this.get(number);
    if (!(stream instanceof Stream) || !isName(stream.dict.get('Type'), 'ObjStm')) {
      throw damaged('an object stream is not one');
    }
    const data = decodeStream(stream, this.resolve, MAX_STRUCTURE_BYTES - this.#structureBytes);
    this.#structureBytes += data.length;
    const count = this.number(stream.dict.get('N')) ?? 0;
    const first = this.number(stream.dict.get('First')) ?? 0;
    const container: Container = { data, first, numbers: [], offsets: [] };
    const cursor = cursorAt(data, 0);
    for (let i = 0; i < count; i++) {
      skipSpace(cursor);
      const objectNumber = takeInteger(cursor);
      skipSpace(cursor);
      const offset = takeInteger(cursor);
      if (objectNumber === undefined || offset === undefined) throw damaged('an object stream has no table');
      container.numbers.push(objectNumber);
      container.offsets.push(offset);
    }
    this.#containers.set(number, container);
    return container;
  }
}

interface Container {
  readonly data: Uint8Array;
  readonly first: number;
  readonly numbers: number[];
  readonly offsets: number[];
}

function open(bytes: Uint8Array, xref: Xref): PdfFile {
  // An owner's password alone encrypts too: the file opens for everybody, and nobody may change it.
  if ((xref.trailer.get('Encrypt') ?? null) !== null) {
    throw new ServiceError(
      'FILE_ENCRYPTED',
      'The PDF is encrypted or protected against changes. Save it without a password and issue that.',
    );
  }
  return new PdfFile(bytes, xref);
}

/** Everything that is in use, read once. Throws FILE_DAMAGED when an object is not where the table says. */
function readEverything(file: PdfFile): void {
  for (const [number, entry] of file.xref.entries) {
    if (entry !== 'free') file.get(number);
  }
}

/** Damage can be repaired by reading another way; anything else cannot. */
function rethrowUnlessDamaged(error: unknown): void {
  if (!(error instanceof ServiceError) || error.code !== 'FILE_DAMAGED') throw error;
}

/** Where `%PDF-1.7` or the like stands; bytes before it do not belong to the PDF. Undefined when it is none. */
export function headerPosition(bytes: Uint8Array): number | undefined {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1024)).toString(
    'latin1',
  );
  return /%PDF-\d\.\d/.exec(start)?.index;
}

/**
 * Opens a PDF and reads each of its objects, so that what is wrong shows now and not in a reader years later.
 * A file whose cross-reference table is missing or wrong gets one made from its objects.
 * Throws FILE_DAMAGED, FILE_ENCRYPTED, or FILE_BOMB when its structure alone inflates beyond its bound.
 */
export function openPdf(bytes: Uint8Array): PdfFile {
  const pdf = fromHeader(bytes);
  try {
    const file = open(pdf, readXref(pdf));
    readEverything(file);
    if (file.dict(file.dict(file.xref.trailer.get('Root'))?.get('Pages')) !== undefined) return file;
  } catch (error) {
    rethrowUnlessDamaged(error);
  }
  const file = open(pdf, rebuildXref(pdf));
  readEverything(file);
  return file;
}

/** As `openPdf`, but reads only what is asked for later: for a look at one thing. */
export function openPdfLazily(bytes: Uint8Array): PdfFile {
  const pdf = fromHeader(bytes);
  try {
    return open(pdf, readXref(pdf));
  } catch (error) {
    rethrowUnlessDamaged(error);
    return open(pdf, rebuildXref(pdf));
  }
}

function fromHeader(bytes: Uint8Array): Uint8Array {
  const at = headerPosition(bytes);
  if (at === undefined) throw damaged('it does not begin as a PDF');
  return bytes.subarray(at);
}
