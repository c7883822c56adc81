import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Endings of files that a crash may leave behind; whoever opens a folder may delete them. */
export const UNFINISHED = '.unfinished';

/**
 * Replaces `path` in one step: a reader, or a crash, sees the old bytes or the new ones, never a mixture. When it
 * returns, bytes and name are durable. The folder is made when it is missing.
 */
export async function writeFileDurably(path: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  const folder = dirname(path);
  const temporary = `${path}.${randomBytes(6).toString('hex')}${UNFINISHED}`;
  let handle;
  try {
    handle = await open(temporary, 'wx', mode);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await makeFolderDurably(folder);
    handle = await open(temporary, 'wx', mode);
  }
  try {
    await handle.writeFile(bytes);
    await handle.datasync();
  } catch (error) {
    await handle.close();
    await rm(temporary, { force: true });
    throw error;
  }
  await handle.close();
  await rename(temporary, path);
  await syncFolder(folder);
}

/** A new folder's name is durable only when its parent is synced, and so on up to the first that existed. */
export async function makeFolderDurably(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
