import { execFile } from 'node:child_process';
import { cp, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Why nothing can be mounted here; `null` when it can. */
export const whyNoSmallDisk = (): string | null =>
  process.getuid?.() === 0 ? null : 'needs root, to mount a small file system';

/** A folder on a file system of its own, in memory. */
export async function mountSmallDisk(folder: string, megabytes: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  await execute('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
}

/** The same for a folder in which there is something, and which nobody uses at the moment. */
export async function moveToSmallDisk(folder: string, megabytes: number): Promise<void> {
  const aside = `${folder}.aside`;
  await rename(folder, aside);
  await mountSmallDisk(folder, megabytes);
  await cp(aside, folder, { recursive: true, preserveTimestamps: true });
  await rm(aside, { recursive: true });
}

/** Back from there. */
export async function moveFromSmallDisk(folder: string): Promise<void> {
  const aside = `${folder}.aside`;
  await cp(folder, aside, { recursive: true, preserveTimestamps: true });
  await unmountSmallDisk(folder);
  await rm(folder, { recursive: true });
  await rename(aside, folder);
}

async function unmountSmallDisk(folder: string): Promise<void> {
  await execute('umount', ['--lazy', folder]);
}

/** Whatever small disk was mounted at this folder or below it, and is left. */
export async function unmountBelow(folder: string): Promise<void> {
  if (whyNoSmallDisk() !== null) return;
  const places = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const place of places) if (`${place}/`.startsWith(`${folder}/`)) await unmountSmallDisk(place);
}

const FILLER = 'filler';

/** Until nothing more goes in. */
export async function fillDisk(folder: string): Promise<void> {
  const file = await open(join(folder, FILLER), 'w');
  try {
    for (let size = 1 << 20; size >= 512;) {
      try {
        await file.write(Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size >>= 1;
      }
    }
  } finally {
    await file.close();
  }
}

export const freeDisk = (folder: string): Promise<void> => rm(join(folder, FILLER), { force: true });
