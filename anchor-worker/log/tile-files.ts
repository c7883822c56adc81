import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { utf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import {
  isMissing,
  placeFile,
  syncFolder,
  UNFINISHED,
  unlessMissing,
  writeFileDurably,
} from '@spondon/ledger/durable-file';
import { unwritable, WorkerError } from '../error.js';

/** Full tiles on their way to disk, above which `settle` waits: 128 are about 10 MB. */
const MAX_WAITING = 128;
/** While a checkpoint is being written: every incomplete tile that may be on disk. */
const INCOMPLETE_LIST = 'incomplete.json';

/**
 * The files of one log. Full tiles are written in the background, in order and one at a time, so that they do not hold
 * up the ledger's own flushes; until then they are read from memory. Incomplete tiles are written by `checkpoint`,
 * which keeps those of the last one until the caller has made the new one count.
 */
export class TileFiles {
  /** In the order in which they will be written. */
  readonly #waiting = new Map<string, { readonly bytes: Uint8Array; readonly written: Promise<void> }>();
  #written: Promise<void> = Promise.resolve();
  #failure: unknown;
  /** Folders with files whose names are not durable yet. */
  readonly #unsynced = new Set<string>();
  #incomplete: ReadonlySet<string> = new Set();

  constructor(private readonly folder: string) {}

  /** Takes note of the incomplete tiles that the present checkpoint needs, and removes those of one that a crash cut short. */
  async open(incomplete: ReadonlySet<string>): Promise<void> {
    this.#incomplete = incomplete;
    const list = join(this.folder, INCOMPLETE_LIST);
    for (const path of await readList(list)) {
      await rm(join(this.folder, path + UNFINISHED), { force: true });
      if (!incomplete.has(path)) await this.#remove(path);
    }
    await rm(list, { force: true });
  }

  /** Writes a full tile, sooner or later: see `settle` and `checkpoint`. */
  write(path: string, bytes: Uint8Array): void {
    const file = join(this.folder, path);
    const written = this.#written.then(async () => {
      await placeFile(file, bytes);
      this.#unsynced.add(dirname(file));
      this.#waiting.delete(path);
    });
    written.catch((error: unknown) => (this.#failure ??= error));
    this.#waiting.set(path, { bytes, written });
    this.#written = written;
  }

  /** Too many full tiles are on their way. */
  get isCrowded(): boolean {
    return this.#waiting.size > MAX_WAITING;
  }

  /** Waits while it is crowded; rejects when a tile could not be written. */
  async settle(): Promise<void> {
    for (const { written } of this.#waiting.values()) {
      if (!this.isCrowded || this.#failure !== undefined) break;
      await written.catch(() => undefined);
    }
    if (this.#failure !== undefined) throw this.#unwritable(this.#failure);
  }

  /**
   * Makes every tile written so far, and these incomplete ones, durable. Returns what removes the incomplete ones of
   * the last checkpoint: to be called once nothing needs them any more. One at a time.
   */
  async checkpoint(incomplete: ReadonlyMap<string, Uint8Array>): Promise<() => Promise<void>> {
    const written = this.#written;
    const before = this.#incomplete;
    const fresh = [...incomplete].filter(([path]) => !before.has(path));
    const stale = [...before].filter((path) => !incomplete.has(path));
    const list = join(this.folder, INCOMPLETE_LIST);
    try {
      await written;
      if (fresh.length + stale.length > 0) {
        // A crash from here on leaves tiles of two checkpoints; the list tells the next start which they may be.
        const paths = [...new Set([...before, ...incomplete.keys()])].sort();
        await writeFileDurably(list, utf8(canonicalJson(paths)));
      }
      for (const [path, bytes] of fresh) {
        await placeFile(join(this.folder, path), bytes);
        this.#unsynced.add(dirname(join(this.folder, path)));
      }
      await this.#syncFolders();
    } catch (error) {
      throw this.#unwritable(error);
    }
    return async () => {
      this.#incomplete = new Set(incomplete.keys());
      for (const path of stale) await this.#remove(path);
      await rm(list, { force: true });
    };
  }

  async idle(): Promise<void> {
    await Promise.allSettled([this.#written]);
  }

  read(path: string): Uint8Array {
    const waiting = this.#waiting.get(path);
    if (waiting) return waiting.bytes;
    try {
      return plain(readFileSync(join(this.folder, path)));
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  /** Up to `most` bytes from `offset`; fewer at the end of the file. */
  readAt(path: string, offset: number, most: number): Uint8Array {
    const waiting = this.#waiting.get(path);
    if (waiting) return waiting.bytes.subarray(offset, offset + most);
    const buffer = Buffer.allocUnsafe(most);
    try {
      const file = openSync(join(this.folder, path), 'r');
      try {
        return plain(buffer).subarray(0, readSync(file, buffer, 0, most, offset));
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  async #syncFolders(): Promise<void> {
    const folders = [...this.#unsynced];
    this.#unsynced.clear();
    for (const folder of folders) await syncFolder(folder);
  }

  async #remove(path: string): Promise<void> {
    const file = join(this.folder, path);
    await rm(file, { force: true });
    // `067.p/` goes with its last file.
    await rmdir(dirname(file)).catch(ignoreInUse);
  }

  #unwritable(error: unknown): WorkerError {
    return unwritable(error, `The tiles in ${this.folder}`);
  }
}

/** Not a Buffer: what is read is the same kind of thing as what was appended. */
function plain({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}

function unreadable(path: string, cause: unknown): WorkerError {
  const what = isMissing(cause) ? 'is missing' : 'cannot be read';
  return new WorkerError('LOG_DAMAGED', `${path} ${what}; reindex`, { cause });
}

async function readList(path: string): Promise<string[]> {
  try {
    const text = await unlessMissing(readFile(path, 'utf8'));
    return text === undefined ? [] : (JSON.parse(text) as string[]);
  } catch (error) {
    throw unreadable(INCOMPLETE_LIST, error);
  }
}

function ignoreInUse(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
}
