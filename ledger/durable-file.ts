import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Ending of files that a crash may leave behind; whoever opens a folder may delete them. */
export const UNFINISHED = '.unfinished';

/** Mode of files with keys or secrets in them. */
export const OWNER_ONLY_FILE = 0o600;
/** Mode of the folders that they lie in. */
export const OWNER_ONLY_FOLDER = 0o700;

/**
 * Replaces `path` in one step: a reader, or a crash, sees the old bytes or the new ones, never a mixture. When it
 * resolves, content and name are durable. The folder is made when it is missing. One writer to a path at a time.
 */
export async function writeFileDurably(
  path: string,
  content: Uint8Array | string,
  mode = 0o644,
): Promise<void> {
  await placeFile(path, content, mode);
  await syncFolder(dirname(path));
}

/** {@link writeFileDurably}, but the name is durable only after a later {@link syncFolder} of its folder. */
export async function placeFile(path: string, content: Uint8Array | string, mode = 0o644): Promise<void> {
  // The same name each time, so that what a crash left is overwritten when its file is written again.
  const unfinished = path + UNFINISHED;
  try {
    const handle = await openMakingFolder(unfinished, mode);
    try {
      await handle.writeFile(content);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

async function openMakingFolder(path: string, mode: number) {
  try {
    return await open(path, 'w', mode);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await makeFolderDurably(dirname(path));
    return open(path, 'w', mode);
  }
}

/** A new folder's name is durable only when its parent is synced, and so on up to the first that existed. */
export async function makeFolderDurably(folder: string): Promise<void> {
  const last = resolve(folder);
  const first = await mkdir(last, { recursive: true });
  if (first === undefined) return;
  for (let made = last; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What reading a file or folder gives; undefined when it is not there. */
export async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
