import type { Storage } from './storage.js';

const PAGE_BYTES = 4096;

/** What a failed flush does to a page that it should have written: it reaches the disk all the same, or it does not. */
export type PageFate = 'reaches' | 'forgotten' | 'forgotten and evicted';

/**
 * A file as the kernel has it: reads see the page cache, a power cut leaves the disk. When a flush fails, the pages that
 * did not reach the disk count as clean: no later flush writes them, and the cache may drop them at any time and read
 * what the disk has instead.
 */
export class ForgetfulDisk {
  #cache: Buffer = Buffer.alloc(0);
  #disk: Buffer = Buffer.alloc(0);
  readonly #dirty = new Set<number>();
  /** The shortest that the file was cut since the last flush. */
  #cutTo = Infinity;

  /** `fates` tells a flush how it fails: the fate of each dirty page; null when it does not. */
  constructor(private readonly fates: () => readonly [PageFate, ...PageFate[]] | null) {}

  /** What the next process finds. */
  cutPower(): void {
    this.#cache = Buffer.from(this.#disk);
    this.#dirty.clear();
    this.#cutTo = Infinity;
  }

  readonly open = (): Promise<Storage> =>
    Promise.resolve({
      size: () => Promise.resolve(this.#cache.length),
      read: (position, length) =>
        Promise.resolve(Uint8Array.from(this.#cache.subarray(position, position + length))),
      write: (bytes, position) => {
        this.#cache = resized(this.#cache, Math.max(this.#cache.length, position + bytes.length));
        this.#cache.set(bytes, position);
        for (let page = pageOf(position); page <= pageOf(position + bytes.length - 1); page += 1)
          this.#dirty.add(page);
        return Promise.resolve();
      },
      truncate: (length) => {
        this.#cache = resized(this.#cache, length);
        this.#cutTo = Math.min(this.#cutTo, length);
        this.#dirty.add(pageOf(length));
        return Promise.resolve();
      },
      datasync: () => {
        const flush = Promise.resolve(this.fates());
        return flush.then((fates) => this.#flush(fates));
      },
      close: () => Promise.resolve(),
    });

  #flush(fates: readonly [PageFate, ...PageFate[]] | null): void {
    // The length is metadata, which the journal keeps.
    this.#disk = resized(this.#disk, Math.min(this.#disk.length, this.#cutTo));
    this.#disk = resized(this.#disk, this.#cache.length);
    this.#cutTo = Infinity;
    for (const [at, page] of [...this.#dirty].entries()) {
      const fate = fates?.[at % fates.length] ?? 'reaches';
      if (fate === 'reaches') copyPage(this.#cache, this.#disk, page);
      if (fate === 'forgotten and evicted') copyPage(this.#disk, this.#cache, page);
    }
    this.#dirty.clear();
    if (fates) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
  }
}

function pageOf(position: number): number {
  return Math.floor(position / PAGE_BYTES);
}

function copyPage(from: Buffer, to: Buffer, page: number): void {
  from.copy(to, page * PAGE_BYTES, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
}

function resized(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.alloc(length);
  bytes.copy(copy);
  return copy;
}
