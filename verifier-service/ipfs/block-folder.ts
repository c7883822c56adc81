import { existsSync } from 'node:fs';
import { mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OWNER_ONLY_FILE, OWNER_ONLY_FOLDER, syncFolder, unlessMissing } from '@spondon/ledger/durable-file';

/**
 * One file per block. `put` is durable when it resolves: temporary file → fdatasync → rename → fsync of the folder; a
 * crash at any point leaves the old state or the new one, and at most a temporary file, which `openBlockFolder`
 * deletes. Writing over a block replaces it, which repairs a damaged one. One process at a time.
 */
export interface BlockFolder {
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Whatever the file holds: not checked. */
  get(name: string): Promise<Uint8Array | undefined>;
  has(name: string): Promise<boolean>;
  /** The block is durably gone when it resolves. */
  remove(name: string): Promise<void>;
  /** Names of everything found, with what does not belong here as `stray`. */
  names(): AsyncIterable<{ readonly name: string; readonly stray: boolean }>;
}

const SHARDS = Array.from('abcdefghijklmnopqrstuvwxyz234567');

/** Next to last character, because the very last one of a base-32 CID carries only three bits. */
function shardOf(name: string): string {
  return name.slice(-2, -1);
}

/** To `look`, what is there is taken as it is, on a medium that may be read only. */
export async function openBlockFolder(folder: string, purpose: 'use' | 'look'): Promise<BlockFolder> {
  const temp = join(folder, 'temp');
  if (purpose === 'use') await makeReady(folder, temp);

  let written = 0;
  const pathOf = (name: string) => join(folder, shardOf(name), name);
  return {
    async put(name, bytes) {
      const path = join(temp, String(written++));
      try {
        await writeFile(path, bytes);
        await rename(path, pathOf(name));
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      await syncFolder(join(folder, shardOf(name)));
    },
    get: (name) => unlessMissing(readFile(pathOf(name))),
    has: async (name) => (await unlessMissing(stat(pathOf(name))))?.isFile() ?? false,
    async remove(name) {
      await rm(pathOf(name), { force: true });
      await syncFolder(join(folder, shardOf(name)));
    },
    async *names() {
      if (!existsSync(folder)) return;
      for await (const shard of await opendir(folder)) {
        if (shard.name === 'temp') continue;
        if (!shard.isDirectory()) {
          yield { name: shard.name, stray: true };
          continue;
        }
        for await (const entry of await opendir(join(folder, shard.name)))
          yield { name: entry.name, stray: !entry.isFile() || shardOf(entry.name) !== shard.name };
      }
    },
  };
}

async function makeReady(folder: string, temp: string): Promise<void> {
  await rm(temp, { recursive: true, force: true });
  await mkdir(temp, { recursive: true, mode: OWNER_ONLY_FOLDER });
  // All shards exist, durably, before the first block: a block is never acknowledged in a folder that a crash loses.
  const present = new Set<string>();
  for await (const { name } of await opendir(folder)) present.add(name);
  for (const shard of SHARDS)
    if (!present.has(shard)) await mkdir(join(folder, shard), { mode: OWNER_ONLY_FOLDER });
  await syncFolder(folder);
  await syncFolder(dirname(folder));
}

async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY_FILE);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}
