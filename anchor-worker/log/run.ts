import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { WorkerError } from '../error.js';
import { keyAt, type Location, PAGE_RECORDS, readLocation, RECORD_BYTES } from './index-record.js';
import { KeyFilter } from './key-filter.js';

/** Runs up to this size are kept in memory; of larger ones the pages that a look-up needs are read. */
const MEMORY_BYTES = 4 * 1024 * 1024;
const PAGE_BYTES = PAGE_RECORDS * RECORD_BYTES;

/** Immutable sorted records, in a file or on their way there. `close` when nobody uses it any more. */
export class Run {
  private constructor(
    readonly path: string,
    readonly count: number,
    /** The records themselves, or the open file that holds them. */
    private readonly records: Buffer | number,
    /** Of those that are in memory: of the others it would take too much. */
    private readonly filter: KeyFilter | null,
  ) {}

  /** Of sorted records, which somebody writes to `path`. */
  static of(path: string, records: Buffer): Run {
    const count = records.length / RECORD_BYTES;
    const filter = new KeyFilter(count);
    for (let record = 0; record < count; record += 1) filter.add(keyAt(records, record));
    return new Run(path, count, records, filter);
  }

  static open(path: string): Run {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      if (size % RECORD_BYTES !== 0) throw damaged(path);
      if (size > MEMORY_BYTES) return new Run(path, size / RECORD_BYTES, file, null);
      const run = Run.of(path, readExactly(path, file, 0, size));
      closeSync(file);
      return run;
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** Adds to `found` where the entries under `key` stand, in the order in which they were added. */
  find(key: number, found: Location[]): void {
    if (this.filter?.mayHold(key) === false) return;
    let page = typeof this.records === 'number' ? this.#pageOf(key) : 0;
    let records = typeof this.records === 'number' ? this.page(page) : this.records;
    let at = firstNotBelow(key, records.length / RECORD_BYTES, records, keyAt) * RECORD_BYTES;
    for (;;) {
      if (at === records.length) {
        if (typeof this.records !== 'number') return;
        records = this.page((page += 1));
        at = 0;
        if (records.length === 0) return;
      }
      if (keyAt(records, at / RECORD_BYTES) !== key) return;
      found.push(readLocation(records, at));
      at += RECORD_BYTES;
    }
  }

  /** The records of one page, in order; empty past the end. */
  page(page: number): Buffer {
    const from = page * PAGE_BYTES;
    const to = Math.min(from + PAGE_BYTES, this.count * RECORD_BYTES);
    if (typeof this.records !== 'number') return this.records.subarray(from, Math.max(from, to));
    return readExactly(this.path, this.records, from, Math.max(0, to - from));
  }

  close(): void {
    if (typeof this.records === 'number') closeSync(this.records);
  }

  /** The last page that begins below `key`: equal keys may begin at its end. */
  #pageOf(key: number): number {
    const pages = Math.ceil(this.count / PAGE_RECORDS);
    return Math.max(0, firstNotBelow(key, pages, this, (run, page) => run.#firstKey(page)) - 1);
  }

  #firstKey(page: number): number {
    if (typeof this.records !== 'number') return keyAt(this.records, page * PAGE_RECORDS);
    return keyAt(readExactly(this.path, this.records, page * PAGE_BYTES, RECORD_BYTES), 0);
  }
}

/**
 * The first of `count` keys in order that is not below `key`. Keys are hashes, or drawn at random, so their value tells
 * where they stand, nearly; halving every fourth time bounds the search for whatever else an issuer makes up.
 */
function firstNotBelow<Source>(
  key: number,
  count: number,
  source: Source,
  keyOf: (source: Source, at: number) => number,
): number {
  let from = 0;
  let to = count;
  let below = -1;
  let notBelow = 2 ** 48;
  for (let turn = 1; from < to; turn += 1) {
    const share = turn % 4 === 0 ? 0.5 : (key - below) / (notBelow - below);
    const guess = Math.min(to - 1, from + Math.floor(share * (to - from)));
    const found = keyOf(source, guess);
    if (found < key) {
      from = guess + 1;
      below = found;
    } else {
      to = guess;
      notBelow = found;
    }
  }
  return from;
}

function readExactly(path: string, file: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length;) {
    const read = readSync(file, bytes, filled, length - filled, from + filled);
    if (read === 0) throw damaged(path);
    filled += read;
  }
  return bytes;
}

function damaged(path: string): WorkerError {
  return new WorkerError('LOG_DAMAGED', `The index run ${path} is cut short; reindex`);
}
