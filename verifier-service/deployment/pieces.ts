import { createHash } from 'node:crypto';
import { type FileHandle, open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from '@spondon/ledger/durable-file';

/** Folders and files of any size, a little at a time: none of it has to fit into memory. */

const PIECE_BYTES = 1024 * 1024;
const PERMISSIONS = 0o777;

/** Paths of all files below a folder, relative to it, in no particular order; none when there is no such folder. */
export async function* filesBelow(folder: string, below = ''): AsyncGenerator<string> {
  const entries = await unlessMissing(opendir(join(folder, below)));
  for await (const entry of entries ?? []) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) yield* filesBelow(folder, path);
    else yield path;
  }
}

/** SHA-256 of a file, hex. */
export function sha256Of(path: string): Promise<string> {
  return reading(path, async (file) => {
    const hash = createHash('sha256');
    for await (const piece of piecesOf(file)) hash.update(piece);
    return hash.digest('hex');
  });
}

/**
 * Copies a file with its mode and time to a path where there is none, and returns the SHA-256 of what was copied (hex);
 * null when there is nothing to copy. Not durable before both are synced, file and folder.
 */
export async function copyFile(from: string, to: string): Promise<string | null> {
  const source = await unlessMissing(open(from, 'r'));
  if (!source) return null;
  try {
    const { mode, atime, mtime } = await source.stat();
    const target = await open(to, 'wx', mode & PERMISSIONS);
    try {
      const hash = createHash('sha256');
      for await (const piece of piecesOf(source)) {
        hash.update(piece);
        await target.writeFile(piece);
      }
      await target.utimes(atime, mtime);
      return hash.digest('hex');
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Offset of the first byte of one file that the other lacks or has otherwise; null when the other begins with it. */
export function firstDifference(one: string, other: string): Promise<number | null> {
  return reading(one, (file) =>
    reading(other, async (otherFile) => {
      const others = piecesOf(otherFile);
      let offset = 0;
      for await (const piece of piecesOf(file)) {
        const next = await others.next();
        const counterpart = next.done ? new Uint8Array() : next.value.subarray(0, piece.length);
        if (!piece.equals(counterpart))
          return offset + piece.findIndex((byte, at) => counterpart[at] !== byte);
        offset += piece.length;
      }
      return null;
    }),
  );
}

async function reading<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Pieces of one length, but for the last. Each is good until the next is asked for. */
async function* piecesOf(file: FileHandle): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (;;) {
    let length = 0;
    while (length < PIECE_BYTES) {
      const { bytesRead } = await file.read(piece, length, PIECE_BYTES - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    if (length > 0) yield piece.subarray(0, length);
    if (length < PIECE_BYTES) return;
  }
}
