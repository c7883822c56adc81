import { concatBytes } from '@spondon/protocol/bytes';
import type { Hash } from '@spondon/protocol/crypto';
import { inclusionPath } from '@spondon/protocol/merkle/inclusion';
import { HASH_BYTES, nodeHash } from '@spondon/protocol/merkle/tree';
import { decodeEntryBundle, encodeEntryBundle, entriesPath, tilePath } from '@spondon/protocol/tile';
import { WorkerError } from '../error.js';
import { TileFiles } from './tile-files.js';
import { TILE_HEIGHT, TILE_WIDTH, Tree } from './tree.js';

const LENGTH_BYTES = 2;
/** Longest entry: 8 bytes of time and a statement of 2 KiB. */
const MAX_ENTRY_BYTES = 8 + 2048;

/**
 * One organisation's log as C2SP tlog-tiles in a folder: entry bundles and hash tiles, full ones written once, the
 * incomplete ones kept in memory and written at each `checkpoint`. Everything here can be rebuilt from the ledger,
 * byte for byte; nothing acknowledged depends on it.
 */
export class LogTiles {
  readonly #tree: Tree;
  /** Those of the last bundle, which is not full. */
  #entries: Uint8Array[] = [];
  #bundleBytes = 0;
  /** By level: the full tile that was read last. An inclusion path asks one tile for several nodes. */
  readonly #lastRead = new Map<number, { readonly tile: number; readonly bytes: Uint8Array }>();

  private constructor(
    private readonly files: TileFiles,
    private readonly hash: Hash,
  ) {
    this.#tree = new Tree(hash, (level, tile, row) =>
      files.write(tilePath(level, tile), concatBytes(...row)),
    );
  }

  /** A log without entries. There must be no incomplete tiles in its folder. */
  static create(folder: string, hash: Hash): LogTiles {
    return new LogTiles(new TileFiles(folder), hash);
  }

  /**
   * Opens the log at the size that its last checkpoint had. Full tiles beyond it are written again, the same, as the
   * log grows.
   */
  static async open(folder: string, size: number, hash: Hash): Promise<LogTiles> {
    const files = new TileFiles(folder);
    const log = new LogTiles(files, hash);
    const incomplete = new Set<string>();
    const rows: Uint8Array[][] = [];
    for (let level = 0, hashes = size; hashes > 0; level += 1, hashes = Math.floor(hashes / TILE_WIDTH)) {
      const width = hashes % TILE_WIDTH;
      rows.push(width === 0 ? [] : splitRow(log.#readTile(level, Math.floor(hashes / TILE_WIDTH), width)));
      if (width > 0) incomplete.add(tilePath(level, Math.floor(hashes / TILE_WIDTH), width));
    }
    log.#tree.restore(size, rows);
    const width = size % TILE_WIDTH;
    if (width > 0) {
      const path = entriesPath(Math.floor(size / TILE_WIDTH), width);
      for (const entry of log.#readBundle(path, width)) log.#keepEntry(entry);
      incomplete.add(path);
    }
    await files.open(incomplete);
    return log;
  }

  get size(): number {
    return this.#tree.size;
  }

  root(): Uint8Array {
    return this.#tree.root();
  }

  /** Appends one entry, which is on disk after a later `checkpoint`. Returns its offset in its bundle, bytes. */
  append(entry: Uint8Array): number {
    const offset = this.#bundleBytes;
    this.#tree.append(entry);
    this.#keepEntry(entry);
    if (this.#entries.length === TILE_WIDTH) {
      this.files.write(entriesPath(this.size / TILE_WIDTH - 1), encodeEntryBundle(this.#entries));
      this.#entries = [];
      this.#bundleBytes = 0;
    }
    return offset;
  }

  /** Too much is in memory that should be on disk. */
  get isCrowded(): boolean {
    return this.files.isCrowded;
  }

  /** Holds the follower back while too many full tiles wait to be written; rejects when one could not be. */
  settle(): Promise<void> {
    return this.files.settle();
  }

  /**
   * When it resolves, the tree of the size that it had at the call is durable on disk. What it resolves to removes the
   * incomplete tiles of the checkpoint before: once the new one counts, not earlier.
   */
  checkpoint(): Promise<() => Promise<void>> {
    const incomplete = new Map<string, Uint8Array>();
    for (let level = 0; level < this.#tree.tileLevels; level += 1) {
      const row = this.#tree.row(level);
      const tile = Math.floor(this.size / TILE_WIDTH ** (level + 1));
      if (row.length > 0) incomplete.set(tilePath(level, tile, row.length), concatBytes(...row));
    }
    if (this.#entries.length > 0) {
      const path = entriesPath(Math.floor(this.size / TILE_WIDTH), this.#entries.length);
      incomplete.set(path, encodeEntryBundle(this.#entries));
    }
    return this.files.checkpoint(incomplete);
  }

  /** Waits for what is on its way, however it ends. There is nothing to close. */
  idle(): Promise<void> {
    return this.files.idle();
  }

  /** The entry at `index`. `offset`, when known (the lookup index keeps it), spares reading the whole bundle. */
  entry(index: number, offset?: number): Uint8Array {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) throw this.#unknown(index);
    const bundle = Math.floor(index / TILE_WIDTH);
    const isLast = bundle === Math.floor(this.size / TILE_WIDTH);
    if (isLast) return present(this.#entries[index % TILE_WIDTH], index);
    if (offset === undefined) return present(this.bundle(bundle)[index % TILE_WIDTH], index);
    return framedEntry(this.files.readAt(entriesPath(bundle), offset, LENGTH_BYTES + MAX_ENTRY_BYTES), index);
  }

  /** All entries of one bundle, for readers that go through the log in order. */
  bundle(number: number): Uint8Array[] {
    const last = Math.floor(this.size / TILE_WIDTH);
    if (number === last) return [...this.#entries];
    if (!Number.isSafeInteger(number) || number < 0 || number > last)
      throw this.#unknown(number * TILE_WIDTH);
    return this.#readBundle(entriesPath(number), TILE_WIDTH);
  }

  /** RFC 9162 inclusion path of an entry in the tree of the first `size` entries. */
  inclusionPath(index: number, size: number): Uint8Array[] {
    if (!(index >= 0 && index < size && size <= this.size)) throw this.#unknown(index);
    return inclusionPath(index, size, (level, number) => this.#node(level, number), this.hash);
  }

  /** Root of the perfect subtree of 2^level leaves beginning at leaf `index · 2^level`, wholly inside the log. */
  #node(level: number, index: number): Uint8Array {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const width = 2 ** (level % TILE_HEIGHT);
    const first = index * width;
    const row = this.#hashes(tileLevel, Math.floor(first / TILE_WIDTH), first % TILE_WIDTH, width);
    for (let left = width; left > 1; left /= 2) {
      for (let pair = 0; pair < left; pair += 2) {
        row[pair / 2] = nodeHash(present(row[pair], index), present(row[pair + 1], index), this.hash);
      }
    }
    return present(row[0], index);
  }

  /** Some neighbouring hashes of a tile, in a new array. */
  #hashes(level: number, tile: number, first: number, count: number): Uint8Array[] {
    const isLast = tile === Math.floor(this.size / TILE_WIDTH ** (level + 1));
    if (isLast) return this.#tree.row(level).slice(first, first + count);
    let read = this.#lastRead.get(level);
    if (read?.tile !== tile) {
      read = { tile, bytes: this.#readTile(level, tile, TILE_WIDTH) };
      this.#lastRead.set(level, read);
    }
    return splitRow(read.bytes.subarray(first * HASH_BYTES, (first + count) * HASH_BYTES));
  }

  #keepEntry(entry: Uint8Array): void {
    this.#entries.push(entry);
    this.#bundleBytes += LENGTH_BYTES + entry.length;
  }

  #readTile(level: number, tile: number, width: number): Uint8Array {
    const path = tilePath(level, tile, width);
    const bytes = this.files.read(path);
    if (bytes.length === width * HASH_BYTES) return bytes;
    throw new WorkerError(
      'LOG_DAMAGED',
      `${path} has ${bytes.length} bytes, not ${width * HASH_BYTES}; reindex`,
    );
  }

  #readBundle(path: string, width: number): Uint8Array[] {
    const bytes = this.files.read(path);
    try {
      const entries = decodeEntryBundle(bytes);
      if (entries.length === width) return entries;
    } catch (error) {
      throw new WorkerError('LOG_DAMAGED', `${path} cannot be read; reindex`, { cause: error });
    }
    throw new WorkerError('LOG_DAMAGED', `${path} does not have ${width} entries; reindex`);
  }

  #unknown(index: number): WorkerError {
    return new WorkerError('ENTRY_UNKNOWN', `The log has ${this.size} entries; there is none at ${index}`);
  }
}

function splitRow(bytes: Uint8Array): Uint8Array[] {
  const count = bytes.length / HASH_BYTES;
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
}

function framedEntry(bytes: Uint8Array, index: number): Uint8Array {
  const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  if (length > 0 && bytes.length >= LENGTH_BYTES + length)
    return bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
  throw new WorkerError('LOG_DAMAGED', `Entry ${index} is cut short in its bundle; reindex`);
}

function present(value: Uint8Array | undefined, index: number): Uint8Array {
  if (value === undefined) throw new WorkerError('LOG_DAMAGED', `The log holds nothing at ${index}; reindex`);
  return value;
}
