import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { concatBytes } from '@spondon/protocol/bytes';
import type { Hash } from '@spondon/protocol/crypto';
import { nodeHash } from '@spondon/protocol/merkle/tree';
import { decodeEntryBundle, encodeEntryBundle, entriesPath, tilePath } from '@spondon/protocol/tile';
import { writeFileDurably } from '../durable-file.js';
import { WorkerError } from '../error.js';
import { TILE_HEIGHT, TILE_WIDTH, Tree } from './tree.js';

const HASH_BYTES = 32;
const LENGTH_BYTES = 2;
/** Longest entry: 8 bytes of time and a statement of 2 KiB. */
const MAX_ENTRY_BYTES = 8 + 2048;
/** Full tiles on their way to disk, above which `settle` waits: 64 bundles are about 9 MB. */
const MAX_PENDING_WRITES = 64;

/**
 * One organisation's log as C2SP tlog-tiles in a folder: entry bundles and hash tiles, full ones written once, the
 * incomplete ones kept in memory and written at each `checkpoint`. Everything here can be rebuilt from the ledger,
 * byte for byte; nothing acknowledged depends on it.
 */
export class LogTiles {
  readonly #tree: Tree;
  #entries: Uint8Array[] = [];
  #bundleBytes = 0;
  readonly #pending = new Map<string, Uint8Array>();
  readonly #writes = new Set<Promise<void>>();
  #failure: unknown;
  /** Incomplete tiles of the last checkpoint, to be deleted once a newer one is written. */
  #partials: string[] = [];

  private constructor(
    private readonly folder: string,
    private readonly hash: Hash,
  ) {
    this.#tree = new Tree(hash, (level, tile, row) => this.#write(tilePath(level, tile), concatBytes(...row)));
  }

  /** Opens the log at the size that its last checkpoint had; later tiles on disk are overwritten with equal bytes. */
  static open(folder: string, size: number, hash: Hash): LogTiles {
    const log = new LogTiles(folder, hash);
    const rows: Uint8Array[][] = [];
    for (let level = 0; TILE_WIDTH ** level <= size; level += 1) {
      const hashes = Math.floor(size / TILE_WIDTH ** level);
      const width = hashes % TILE_WIDTH;
      const path = tilePath(level, Math.floor(hashes / TILE_WIDTH), width);
      rows.push(width === 0 ? [] : log.#readRow(path, width));
      if (width > 0) log.#partials.push(path);
    }
    log.#tree.restore(size, rows);
    const width = size % TILE_WIDTH;
    if (width > 0) {
      const path = entriesPath(Math.floor(size / TILE_WIDTH), width);
      for (const entry of decodeEntryBundle(log.#read(path))) log.#keepEntry(entry);
      log.#partials.push(path);
    }
    return log;
  }

  get size(): number {
    return this.#tree.size;
  }

  root(): Uint8Array {
    return this.#tree.root();
  }

  /** Appends one entry; resolves to nothing, but see `settle`. Returns the entry's offset in its bundle, bytes. */
  append(entry: Uint8Array): number {
    const offset = this.#bundleBytes;
    this.#tree.append(entry);
    this.#keepEntry(entry);
    if (this.#entries.length === TILE_WIDTH) {
      this.#write(entriesPath(this.size / TILE_WIDTH - 1), encodeEntryBundle(this.#entries));
      this.#entries = [];
      this.#bundleBytes = 0;
    }
    return offset;
  }

  /** Holds the follower back while too many full tiles wait to be written; rejects when one could not be. */
  async settle(most = MAX_PENDING_WRITES): Promise<void> {
    while (this.#writes.size > most) await Promise.race(this.#writes);
    if (this.#failure !== undefined) {
      throw new WorkerError('LOG_DAMAGED', `A tile of ${this.folder} could not be written`, { cause: this.#failure });
    }
  }

  /** When it resolves, the whole tree of the present size is durable on disk. Not to run beside `append`. */
  async checkpoint(): Promise<void> {
    await this.settle(0);
    const partials = new Map<string, Uint8Array>();
    for (let level = 0; level < this.#tree.tileLevels; level += 1) {
      const row = this.#tree.row(level);
      const tile = Math.floor(this.size / TILE_WIDTH ** (level + 1));
      if (row.length > 0) partials.set(tilePath(level, tile, row.length), concatBytes(...row));
    }
    if (this.#entries.length > 0) {
      const path = entriesPath(Math.floor(this.size / TILE_WIDTH), this.#entries.length);
      partials.set(path, encodeEntryBundle(this.#entries));
    }
    for (const [path, bytes] of partials) {
      if (!this.#partials.includes(path)) await writeFileDurably(join(this.folder, path), bytes);
    }
    this.#superseded.push(...this.#partials.filter((path) => !partials.has(path)));
    this.#partials = [...partials.keys()];
  }

  #superseded: string[] = [];

  /** Deletes the incomplete tiles of earlier checkpoints: once a newer one is durable, not before. */
  async removeSuperseded(): Promise<void> {
    for (const path of this.#superseded) {
      const file = join(this.folder, path);
      await rm(file, { force: true });
      // `067.p/` goes with its last file; another width in it keeps it.
      const siblings = this.#partials.some((partial) => dirname(partial) === dirname(path));
      if (!siblings) await rm(dirname(file), { recursive: true, force: true });
    }
    this.#superseded = [];
  }

  /** The entry at `index`. `offset`, when known (the lookup index keeps it), spares reading the whole bundle. */
  entry(index: number, offset?: number): Uint8Array {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) {
      throw new WorkerError('ENTRY_UNKNOWN', `The log has ${this.size} entries; there is none at ${index}`);
    }
    const bundle = Math.floor(index / TILE_WIDTH);
    if (bundle === Math.floor(this.size / TILE_WIDTH)) return present(this.#entries[index % TILE_WIDTH], index);
    const path = entriesPath(bundle);
    if (offset === undefined) return present(decodeEntryBundle(this.#read(path))[index % TILE_WIDTH], index);
    const pending = this.#pending.get(path);
    return framedEntry(pending?.subarray(offset) ?? this.#readAt(path, offset, LENGTH_BYTES + MAX_ENTRY_BYTES), index);
  }

  /** All entries of one bundle, for readers that go through the log in order. */
  bundle(number: number): Uint8Array[] {
    const isLast = number === Math.floor(this.size / TILE_WIDTH);
    return isLast ? [...this.#entries] : decodeEntryBundle(this.#read(entriesPath(number)));
  }

  /** Root of the perfect subtree of 2^level leaves beginning at leaf `index · 2^level`, wholly inside the log. */
  node(level: number, index: number): Uint8Array {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const height = level % TILE_HEIGHT;
    const first = index * 2 ** height;
    const tile = Math.floor(first / TILE_WIDTH);
    const row = this.#row(tileLevel, tile);
    let hashes = row.slice(first % TILE_WIDTH, (first % TILE_WIDTH) + 2 ** height);
    while (hashes.length > 1) {
      hashes = pairs(hashes).map(([left, right]) => nodeHash(left, right, this.hash));
    }
    return present(hashes[0], index);
  }

  #row(level: number, tile: number): readonly Uint8Array[] {
    const isLast = tile === Math.floor(this.size / TILE_WIDTH ** (level + 1));
    return isLast ? this.#tree.row(level) : this.#readRow(tilePath(level, tile), TILE_WIDTH);
  }

  #keepEntry(entry: Uint8Array): void {
    this.#entries.push(entry);
    this.#bundleBytes += LENGTH_BYTES + entry.length;
  }

  #write(path: string, bytes: Uint8Array): void {
    this.#pending.set(path, bytes);
    const write = writeFileDurably(join(this.folder, path), bytes)
      .then(() => void this.#pending.delete(path))
      .catch((error: unknown) => void (this.#failure ??= error))
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  #readRow(path: string, width: number): Uint8Array[] {
    const bytes = this.#read(path);
    if (bytes.length !== width * HASH_BYTES) {
      throw new WorkerError('LOG_DAMAGED', `Tile ${path} has ${bytes.length} bytes, not ${width * HASH_BYTES}`);
    }
    return Array.from({ length: width }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
  }

  #read(path: string): Uint8Array {
    const pending = this.#pending.get(path);
    if (pending) return pending;
    const file = join(this.folder, path);
    if (!existsSync(file)) throw new WorkerError('LOG_DAMAGED', `Tile ${path} is missing`);
    return readFileSync(file);
  }

  #readAt(path: string, offset: number, most: number): Uint8Array {
    const buffer = Buffer.allocUnsafe(most);
    const file = openSync(join(this.folder, path), 'r');
    try {
      return buffer.subarray(0, readSync(file, buffer, 0, most, offset));
    } finally {
      closeSync(file);
    }
  }
}

function framedEntry(bytes: Uint8Array, index: number): Uint8Array {
  const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (length === 0 || bytes.length < LENGTH_BYTES + length) {
    throw new WorkerError('LOG_DAMAGED', `Entry ${index} is cut short in its bundle`);
  }
  return bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
}

function present(value: Uint8Array | undefined, index: number): Uint8Array {
  if (value === undefined) throw new WorkerError('LOG_DAMAGED', `The log holds nothing at ${index}`);
  return value;
}

function pairs(hashes: readonly Uint8Array[]): [Uint8Array, Uint8Array][] {
  const found: [Uint8Array, Uint8Array][] = [];
  for (let at = 0; at + 1 < hashes.length; at += 2) {
    const [left, right] = hashes.slice(at, at + 2);
    if (left && right) found.push([left, right]);
  }
  return found;
}
