import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OWNER_ONLY_FILE, syncFolder } from '../durable-file.js';

/**
 * One file, as the block file needs it. Any call may fail; a write or a truncation that failed may still have taken
 * effect, wholly or in part. What was written is durable once a later `datasync` resolves, never before.
 */
export interface Storage {
  size(): Promise<number>;
  /** Fewer bytes than `length` only at the end of the file. Callers own the result. */
  read(position: number, length: number): Promise<Uint8Array>;
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  datasync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens, or creates durably, a file on disk. */
export async function openFile(path: string): Promise<Storage> {
  const file = await open(path, 'a+', OWNER_ONLY_FILE).then(async (created) => {
    // 'a+' creates without truncating; its handle would ignore positions when it writes.
    await created.close();
    return open(path, 'r+');
  });
  await syncFolder(dirname(path));
  return storageOver(file);
}

/** Opens a file that is there, on a medium that may be read only; whatever writes to it rejects. */
export async function openFileToRead(path: string): Promise<Storage> {
  return storageOver(await open(path, 'r'));
}

function storageOver(file: FileHandle): Storage {
  return {
    size: async () => (await file.stat()).size,
    read: async (position, length) => {
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    },
    write: async (bytes, position) => {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
        written += bytesWritten;
      }
    },
    datasync: () => file.datasync(),
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
  };
}
