import { existsSync, readFileSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { isMissing, makeFolderDurably, syncFolder, UNFINISHED, writeFileDurably } from '../durable-file.js';
import { WorkerError } from '../error.js';
import { KEY_BYTES, type Location, readLocation, RECORD_BYTES, Run, sortRecords, writeRecord } from './run.js';

/** Entries in a run of level 0; a run of level n + 1 merges sixteen of level n. */
const RUN_ENTRIES = 4096;
const FAN_IN = 16;
const MERGE_CHUNK_BYTES = RECORD_BYTES * 16384;
const TAIL = 'tail';

/**
 * Finds entries by the first 8 bytes of a document's SHA-256 or of its documentId. Sorted immutable runs whose
 * boundaries follow from the count of entries alone, so that the files are a function of the ledger: the same entries
 * give the same bytes, however they came. A prefix may meet strangers; callers compare the entry itself.
 *
 * At 10^9 entries: at most 15 runs on each of 5 levels, a page read for each large one.
 */
export class LookupIndex {
  /** By level; oldest first. */
  readonly #runs: Run[][] = [];
  #tail: Buffer[] = [];
  readonly #tailByKey = new Map<string, Location[]>();
  #merging: Promise<void> = Promise.resolve();
  #failure: unknown;
  #superseded: Run[] = [];

  private constructor(
    private readonly folder: string,
    private entries: number,
  ) {}

  /** Opens the index as its last checkpoint left it, with `entries` entries. Merges that a crash cut short are done again. */
  static async open(folder: string, entries: number): Promise<LookupIndex> {
    const index = new LookupIndex(folder, entries);
    await makeFolderDurably(folder);
    const expected = runsOf(Math.floor(entries / RUN_ENTRIES));
    for (const [level, numbers] of expected.entries()) {
      const runs: Run[] = [];
      for (const number of numbers) runs.push(await index.#openOrMerge(level, number));
      index.#runs.push(runs);
    }
    await index.#removeStrays(expected);
    if (entries % RUN_ENTRIES > 0) index.#openTail();
    return index;
  }

  /** Adds the next entry under each of its keys. */
  add(keys: readonly Uint8Array[], location: Location): void {
    for (const key of keys) {
      const record = Buffer.allocUnsafe(RECORD_BYTES);
      writeRecord(record, 0, key, location);
      this.#keepInTail(record);
    }
    this.entries += 1;
    if (this.entries % RUN_ENTRIES === 0) this.#closeRun();
  }

  /** Every entry under a key, in the order in which they were anchored. */
  find(key: Uint8Array): Location[] {
    const wanted = Buffer.from(key.subarray(0, KEY_BYTES));
    const sealed = this.#sealed.flatMap(({ byKey }) => byKey.get(wanted.toString('latin1')) ?? []);
    const inRuns = this.#runs.toReversed().flatMap((runs) => runs.flatMap((run) => run.find(wanted)));
    return [...inRuns, ...sealed, ...(this.#tailByKey.get(wanted.toString('latin1')) ?? [])];
  }

  /** When it resolves, the index of all entries so far is durable. Not to run beside `add`. */
  async checkpoint(): Promise<void> {
    await this.settle();
    await writeFileDurably(join(this.folder, TAIL), Buffer.concat(this.#tail));
  }

  /** Waits for runs and merges under way; rejects when one could not be written. */
  async settle(): Promise<void> {
    await this.#merging;
    if (this.#failure !== undefined) {
      throw new WorkerError('LOG_DAMAGED', 'The lookup index could not be written', { cause: this.#failure });
    }
  }

  /** Deletes merged runs: once a checkpoint that no longer needs them is durable, not before. */
  async removeSuperseded(): Promise<void> {
    const runs = this.#superseded;
    this.#superseded = [];
    for (const run of runs) {
      run.close();
      await rm(run.path, { force: true });
    }
  }

  close(): void {
    for (const run of [...this.#runs.flat(), ...this.#superseded]) run.close();
    this.#runs.length = 0;
    this.#superseded = [];
  }

  /** Full runs that are being written: found here until their file can be read. */
  readonly #sealed: { byKey: ReadonlyMap<string, Location[]> }[] = [];

  #keepInTail(record: Buffer): void {
    this.#tail.push(record);
    const key = record.toString('latin1', 0, KEY_BYTES);
    const location = readLocation(record, 0);
    const known = this.#tailByKey.get(key);
    if (known) known.push(location);
    else this.#tailByKey.set(key, [location]);
  }

  #closeRun(): void {
    const records = sortRecords(Buffer.concat(this.#tail));
    const number = this.entries / RUN_ENTRIES - 1;
    this.#sealed.push({ byKey: new Map(this.#tailByKey) });
    this.#tail = [];
    this.#tailByKey.clear();
    this.#merging = this.#merging
      .then(() => this.#writeRun(number, records))
      .catch((error: unknown) => void (this.#failure ??= error));
  }

  async #writeRun(number: number, records: Buffer): Promise<void> {
    const path = this.#path(0, number);
    await writeFileDurably(path, records);
    this.#add(0, Run.open(path));
    this.#sealed.shift();
    for (let level = 0, last = number; last % FAN_IN === FAN_IN - 1; level += 1, last = Math.floor(last / FAN_IN)) {
      const parts = this.#runs[level] ?? [];
      const merged = await mergeRuns(parts, this.#path(level + 1, Math.floor(last / FAN_IN)));
      this.#superseded.push(...parts);
      this.#runs[level] = [];
      this.#add(level + 1, merged);
    }
  }

  #add(level: number, run: Run): void {
    (this.#runs[level] ??= []).push(run);
  }

  async #openOrMerge(level: number, number: number): Promise<Run> {
    const path = this.#path(level, number);
    if (existsSync(path)) return Run.open(path);
    if (level === 0) throw new WorkerError('LOG_DAMAGED', `Index run ${path} is missing`);
    const parts: Run[] = [];
    for (let part = number * FAN_IN; part < (number + 1) * FAN_IN; part += 1) {
      parts.push(await this.#openOrMerge(level - 1, part));
    }
    this.#superseded.push(...parts);
    return mergeRuns(parts, path);
  }

  /** What is neither expected nor still needed for the last checkpoint: left by a crash after it. */
  async #removeStrays(expected: readonly (readonly number[])[]): Promise<void> {
    const wanted = new Set(expected.flatMap((numbers, level) => numbers.map((number) => this.#path(level, number))));
    const needed = new Set(this.#superseded.map((run) => run.path));
    for (const level of await readdir(this.folder)) {
      if (level === TAIL) continue;
      for (const name of await readdir(join(this.folder, level)).catch(ignoreNotAFolder)) {
        const path = join(this.folder, level, name);
        if (!wanted.has(path) && !needed.has(path)) await rm(path, { force: true });
      }
      if (level.endsWith(UNFINISHED)) await rm(join(this.folder, level), { force: true });
    }
  }

  #openTail(): void {
    const records = readFileSync(join(this.folder, TAIL));
    if (records.length % RECORD_BYTES !== 0) {
      throw new WorkerError('LOG_DAMAGED', 'The tail of the lookup index does not hold whole records');
    }
    for (let at = 0; at < records.length; at += RECORD_BYTES) {
      this.#keepInTail(records.subarray(at, at + RECORD_BYTES));
    }
  }

  #path(level: number, number: number): string {
    return join(this.folder, String(level), number.toString().padStart(8, '0'));
  }
}

/** The runs that stand for `count` full runs of level 0: its digits to the base 16, by level. */
function runsOf(count: number): number[][] {
  const levels: number[][] = [];
  for (let left = count, level = 0; left > 0; left = Math.floor(left / FAN_IN), level += 1) {
    const first = left - (left % FAN_IN);
    levels[level] = Array.from({ length: left % FAN_IN }, (_, at) => first + at);
  }
  return levels;
}

/** Merges runs, oldest first, into one durable file at `path`, in pieces that leave the event loop free. */
async function mergeRuns(parts: readonly Run[], path: string): Promise<Run> {
  const folder = join(path, '..');
  await makeFolderDurably(folder);
  const temporary = `${path}${UNFINISHED}`;
  const file = await open(temporary, 'w');
  try {
    const cursors = parts.map((run) => ({ run, page: 0, at: 0, records: run.page(0) }));
    let chunk = Buffer.allocUnsafe(MERGE_CHUNK_BYTES);
    let filled = 0;
    for (;;) {
      let least: (typeof cursors)[number] | undefined;
      for (const cursor of cursors) {
        if (cursor.at >= cursor.records.length) continue;
        if (!least || compareKeys(cursor, least) < 0) least = cursor;
      }
      if (!least || filled === chunk.length) {
        await file.write(chunk, 0, filled);
        if (!least) break;
        chunk = Buffer.allocUnsafe(MERGE_CHUNK_BYTES);
        filled = 0;
        await setImmediate();
      }
      least.records.copy(chunk, filled, least.at, least.at + RECORD_BYTES);
      filled += RECORD_BYTES;
      least.at += RECORD_BYTES;
      if (least.at === least.records.length) Object.assign(least, nextPage(least));
    }
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(folder);
  return Run.open(path);
}

interface Cursor {
  readonly run: Run;
  page: number;
  at: number;
  records: Buffer;
}

function nextPage({ run, page }: Cursor): Pick<Cursor, 'page' | 'at' | 'records'> {
  return { page: page + 1, at: 0, records: run.page(page + 1) };
}

function compareKeys(a: Cursor, b: Cursor): number {
  return a.records.compare(b.records, b.at, b.at + KEY_BYTES, a.at, a.at + KEY_BYTES);
}

function ignoreNotAFolder(error: unknown): string[] {
  if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'ENOTDIR')) return [];
  throw error;
}
