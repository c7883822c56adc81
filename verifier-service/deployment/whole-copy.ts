import { existsSync } from 'node:fs';
import { chmod, opendir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  makeFolderDurably,
  OWNER_ONLY_FILE,
  OWNER_ONLY_FOLDER,
  syncFolder,
  writeFileDurably,
} from '@spondon/ledger/durable-file';
import { ServiceError } from '../error.js';
import { HALF_COPIED, refuseHalfCopied } from './folders.js';

/**
 * Fills a folder that is missing or empty, for its owner alone, wholly or not at all: what `fill` put there is durable
 * when this resolves, and gone when it rejects. A crash in between leaves the mark with which nobody works on the folder.
 */
export async function fillFolder(folder: string, fill: () => Promise<void>): Promise<void> {
  refuseHalfCopied(folder);
  if (existsSync(folder) && (await readdir(folder)).length > 0)
    throw new ServiceError('CONFIG_INVALID', `${folder} exists already and is not empty: name a new folder`);
  await makeFolderDurably(folder);
  await chmod(folder, OWNER_ONLY_FOLDER);
  const mark = join(folder, HALF_COPIED);
  await writeFileDurably(mark, '', OWNER_ONLY_FILE);
  try {
    await fill();
    await syncAll(folder);
  } catch (error) {
    for (const name of await readdir(folder))
      if (name !== HALF_COPIED) await rm(join(folder, name), { recursive: true });
    await rm(mark);
    throw error;
  }
  await rm(mark);
  await syncFolder(folder);
}

async function syncAll(folder: string): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await syncAll(path);
      continue;
    }
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
  await syncFolder(folder);
}
