import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderDurably, writeFileDurably } from '@spondon/ledger/durable-file';
import { unwritable, WorkerError } from '../error.js';
import { keyOf, type Location, RECORD_BYTES, sortRecords } from './index-record.js';
import { IndexTail } from './index-tail.js';
import { mergeRuns } from './merge-runs.js';
import { Run } from './run.js';

/** Entries in a run of level 0; a run of level n + 1 merges sixteen of level n. */
const RUN_ENTRIES = 4096;
const FAN_IN = 16;
/** An issue is found by its document's hash and its code, a revocation by its code alone. */
const MAX_KEYS = 2;
/** Runs on their way to disk, above which `settle` waits. */
const MAX_WAITING = 4;

/**
 * Finds entries by the beginning of a document's SHA-256 or of its documentId. Sorted immutable runs whose boundaries
 * follow from the count of entries alone, so that the files are a function of the ledger: the same entries give the
 * same bytes, however they came. A key may meet strangers; callers compare the entry itself.
 *
 * `<level>/<number>` holds a run, `tail-<entries>` the records of the last entries that fill none, unsorted. At 10^9
 * entries there are at most 15 runs on each of 5 levels, each large one asked with two or three reads.
 */
export class LookupIndex {
  /** By level; oldest first. Level 0 holds more than its share while they are being merged. */
  readonly #runs: Run[][] = [];
  readonly #tail = new IndexTail(RUN_ENTRIES * MAX_KEYS);
  /** How many entries the tail file of the last checkpoint is about. */
  #tailEntries: number;
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;
  #merging: Promise<void> = Promise.resolve();
  /** Merged into others, and still needed by the last checkpoint. */
  #superseded: Run[] = [];
  #failure: unknown;

  private constructor(
    private readonly folder: string,
    private entries: number,
  ) {
    this.#tailEntries = entries;
  }

  /** Opens the index as its last checkpoint left it, with `entries` entries. */
  static async open(folder: string, entries: number): Promise<LookupIndex> {
    const index = new LookupIndex(folder, entries);
    await makeFolderDurably(folder);
    try {
      for (const [level, numbers] of runsOf(entries).entries()) {
        index.#runs.push([]);
        for (const number of numbers) index.#add(level, openRun(index.#path(level, number), level));
      }
      if (entries % RUN_ENTRIES > 0) await index.#openTail();
      await index.#removeStrays();
    } catch (error) {
      await index.close();
      throw error;
    }
    return index;
  }

  /** Adds the next entry under each of its keys, at most two: a hash, a documentId. */
  add(keys: readonly Uint8Array[], location: Location): void {
    for (const key of keys) this.#tail.add(keyOf(key), location);
    this.entries += 1;
    if (this.entries % RUN_ENTRIES === 0) this.#closeRun();
  }

  /** Every entry under a key, in the order in which they were added. */
  find(bytes: Uint8Array): Location[] {
    const key = keyOf(bytes);
    const found: Location[] = [];
    for (let level = this.#runs.length - 1; level >= 0; level -= 1) {
      for (const run of this.#runs[level] ?? []) run.find(key, found);
    }
    this.#tail.find(key, found);
    return found;
  }

  /** Too many runs wait to be written. */
  get isCrowded(): boolean {
    return this.#waiting > MAX_WAITING;
  }

  /** Holds the follower back while it is crowded; rejects when a run could not be written. */
  async settle(): Promise<void> {
    if (this.isCrowded) await this.#writing.catch(() => undefined);
    if (this.#failure !== undefined) throw this.#unwritable(this.#failure);
  }

  /**
   * When it resolves, the index of the entries that it had at the call is durable. What it resolves to removes the files
   * that only the checkpoint before needs: once the new one counts, not earlier. One at a time.
   */
  async checkpoint(): Promise<() => Promise<void>> {
    const { entries } = this;
    const tail = Buffer.from(this.#tail.records);
    const writing = this.#writing;
    // Asked now, and so answered before any merge that later entries bring about.
    const superseded = this.#merging.then(() => [...this.#superseded]);
    const removable = await Promise.all([superseded, writing]).then(
      ([runs]) => runs,
      (error: unknown) => Promise.reject(this.#unwritable(error)),
    );
    if (entries % RUN_ENTRIES > 0 && entries !== this.#tailEntries) {
      await writeFileDurably(this.#tailPath(entries), tail);
    }
    return async () => {
      for (const run of removable) {
        run.close();
        await rm(run.path, { force: true });
      }
      this.#superseded = this.#superseded.filter((run) => !removable.includes(run));
      if (entries !== this.#tailEntries) await rm(this.#tailPath(this.#tailEntries), { force: true });
      this.#tailEntries = entries;
    };
  }

  /** Waits for what is on its way, however it ends. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#merging]);
  }

  async close(): Promise<void> {
    await this.idle();
    for (const run of [...this.#runs.flat(), ...this.#superseded]) run.close();
    this.#runs.length = 0;
    this.#superseded = [];
  }

  #closeRun(): void {
    const records = sortRecords(this.#tail.records);
    this.#tail.clear();
    const number = this.entries / RUN_ENTRIES - 1;
    const path = this.#path(0, number);
    // Found here from now on, and on disk before a checkpoint says so.
    this.#add(0, Run.of(path, records));
    this.#waiting += 1;
    this.#writing = this.#writing.then(async () => {
      await writeFileDurably(path, records);
      this.#waiting -= 1;
    });
    this.#writing.catch((error: unknown) => (this.#failure ??= error));
    if (number % FAN_IN !== FAN_IN - 1) return;
    this.#merging = Promise.all([this.#writing, this.#merging]).then(() => this.#merge(number));
    this.#merging.catch((error: unknown) => (this.#failure ??= error));
  }

  /** After run `number` of level 0: merges every level that it completes. */
  async #merge(number: number): Promise<void> {
    for (
      let level = 0, last = number;
      last % FAN_IN === FAN_IN - 1;
      level += 1, last = Math.floor(last / FAN_IN)
    ) {
      const parts = (this.#runs[level] ?? []).slice(0, FAN_IN);
      const run = await mergeRuns(parts, this.#path(level + 1, Math.floor(last / FAN_IN)));
      this.#runs[level]?.splice(0, FAN_IN);
      this.#add(level + 1, run);
      this.#superseded.push(...parts);
    }
  }

  #add(level: number, run: Run): void {
    (this.#runs[level] ??= []).push(run);
  }

  async #openTail(): Promise<void> {
    const path = this.#tailPath(this.entries);
    if (!existsSync(path)) throw new WorkerError('LOG_DAMAGED', `${path} is missing; reindex`);
    const records = await readFile(path);
    if (!isPlausible(records.length / RECORD_BYTES, this.entries % RUN_ENTRIES)) throw damaged(path);
    this.#tail.restore(records);
  }

  /** Removes what a crash after the last checkpoint left: files that it does not speak of. */
  async #removeStrays(): Promise<void> {
    const wanted = new Set(this.#runs.flat().map(({ path }) => path));
    if (this.entries % RUN_ENTRIES > 0) wanted.add(this.#tailPath(this.entries));
    for (const entry of await readdir(this.folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && !wanted.has(path)) await rm(path, { force: true });
    }
  }

  #path(level: number, number: number): string {
    return join(this.folder, String(level), number.toString().padStart(8, '0'));
  }

  #tailPath(entries: number): string {
    return join(this.folder, `tail-${entries}`);
  }

  #unwritable(error: unknown): WorkerError {
    return unwritable(error, `The lookup index in ${this.folder}`);
  }
}

/** The runs that hold `entries` entries, but for the tail's: the digits to the base 16 of full level-0 runs, by level. */
function runsOf(entries: number): number[][] {
  const levels: number[][] = [];
  for (let runs = Math.floor(entries / RUN_ENTRIES); runs > 0; runs = Math.floor(runs / FAN_IN)) {
    const first = runs - (runs % FAN_IN);
    levels.push(Array.from({ length: runs % FAN_IN }, (_, at) => first + at));
  }
  return levels;
}

function openRun(path: string, level: number): Run {
  if (!existsSync(path)) throw new WorkerError('LOG_DAMAGED', `${path} is missing; reindex`);
  const run = Run.open(path);
  if (isPlausible(run.count, RUN_ENTRIES * FAN_IN ** level)) return run;
  run.close();
  throw damaged(path);
}

function isPlausible(records: number, entries: number): boolean {
  return records >= entries && records <= entries * MAX_KEYS && Number.isInteger(records);
}

function damaged(path: string): WorkerError {
  return new WorkerError('LOG_DAMAGED', `${path} does not hold the records that it should; reindex`);
}
