import { LedgerError } from '../port.js';
import { decodeFrame, decodeFrameHeader, encodeFrame, isInterrupted } from './frame.js';
import type { Storage } from './storage.js';

/** Its name in the ledger's folder. */
export const BLOCKS_FILE = 'blocks';

/** A block as it lies in the file. */
export interface StoredBlock {
  readonly number: number;
  /** Where its frame begins, and where the next one will. */
  readonly offset: number;
  readonly end: number;
  /** `common.Block`. */
  readonly bytes: Uint8Array;
}

/** What stands at a place of the file. `interrupted`: the rest of it, a write that was cut short. */
export type Found =
  | { readonly kind: 'block'; readonly block: StoredBlock }
  | { readonly kind: 'end' }
  | { readonly kind: 'interrupted'; readonly length: number };

/** Read at once, so that a small block costs one read. */
const FIRST_READ_BYTES = 8192;
/** Larger than any frame that the committer writes. */
const MAX_FRAME_BYTES = 128 * 1024 * 1024;

/**
 * The append-only file of blocks: the ledger's one truth. `append` resolves when the block is durable. When it rejects,
 * the block may be there or not, wholly or in part, and nothing more may be appended before the file is opened again
 * and its tail examined and written anew or cut: after a failed flush the kernel forgets what it could not write, and a
 * second one would report success.
 */
export class BlockFile {
  #storage: Storage;
  #end = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Goes on with the same file, opened anew; the old one is closed, whatever it has to say. */
  async reopen(storage: Storage): Promise<void> {
    const before = this.#storage;
    this.#storage = storage;
    await before.close().catch(() => undefined);
  }

  /** Says where the next block goes, which recovery has found out. */
  startAt(end: number): void {
    this.#end = end;
  }

  async append(number: number, block: Uint8Array): Promise<StoredBlock> {
    const frame = encodeFrame(number, block);
    const offset = this.#end;
    const end = offset + frame.length;
    await this.#storage.write(frame, offset);
    await this.#storage.datasync();
    this.#end = end;
    return { number, offset, end, bytes: block };
  }

  /**
   * Writes a block that was found in the file once more and flushes it: whoever wrote it may have died, or been refused,
   * before it reached the disk, and only a fresh write makes the kernel try again.
   */
  async settle({ number, offset, bytes }: StoredBlock): Promise<void> {
    await this.#storage.write(encodeFrame(number, bytes), offset);
    await this.#storage.datasync();
  }

  async cut(end: number): Promise<void> {
    await this.#storage.truncate(end);
    await this.#storage.datasync();
  }

  size(): Promise<number> {
    return this.#storage.size();
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  /** The block with this number, which must be at `offset`. @throws LedgerError `DAMAGED` */
  async read(number: number, offset: number): Promise<StoredBlock> {
    const found = await this.find(number, offset);
    if (found.kind !== 'block') throw damagedAt(number, offset, 'the file ends within or before it');
    return found.block;
  }

  /** Looks for a block with this number at `offset`. @throws LedgerError `DAMAGED` */
  async find(number: number, offset: number): Promise<Found> {
    const start = await this.#storage.read(offset, FIRST_READ_BYTES);
    if (start.length === 0) return { kind: 'end' };
    const header = decodeFrameHeader(start);
    if (!header || header.length > MAX_FRAME_BYTES) return this.#unreadable(number, offset);
    const { length } = header;
    const frame =
      length <= start.length ? start.subarray(0, length) : await this.#storage.read(offset, length);
    const bytes = frame.length === length ? decodeFrame(frame) : null;
    if (!bytes) return this.#unreadable(number, offset);
    if (header.number !== number) throw damagedAt(number, offset, `found block ${header.number} instead`);
    return { kind: 'block', block: { number, offset, end: offset + length, bytes } };
  }

  async #unreadable(number: number, offset: number): Promise<Found> {
    const length = (await this.#storage.size()) - offset;
    if (length <= MAX_FRAME_BYTES && isInterrupted(await this.#storage.read(offset, length), offset)) {
      return { kind: 'interrupted', length };
    }
    throw damagedAt(number, offset, 'it differs from what was written (checksum)');
  }
}

/** The one form in which damage to the block file is reported; `offset` is where the block's frame begins. */
export function damagedAt(number: number, offset: number, what: string, cause?: unknown): LedgerError {
  const message = `block ${number}, at byte ${offset} of the block file: ${what}`;
  return new LedgerError('DAMAGED', message, undefined, { cause });
}
