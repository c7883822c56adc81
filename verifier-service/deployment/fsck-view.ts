import { constants, existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { openFileToRead, type Storage } from '@spondon/ledger/embedded/storage';
import { LOCK_FILE, lockDataFolderToRead } from './data-lock.js';
import { type Folders, foldersOf, isOnPostgres, refuseHalfAFolder, refuseWithoutData } from './folders.js';

/** SQLite's files beside a database; its `-shm` is made anew. */
const WRITE_AHEAD_LOG = '-wal';

/**
 * Runs `work` on a view of a data folder or a backup, which may lie on a medium that cannot be written: databases, which
 * SQLite writes to whenever it opens them, are copied into a folder for temporary files, `scratch`; everything else is
 * the original, to be read only. The service is kept out of the folder.
 */
export async function withView<T>(
  dataDir: string,
  work: (folders: Folders, scratch: string) => Promise<T>,
): Promise<T> {
  const originals = foldersOf(resolve(dataDir));
  refuseHalfAFolder(originals);
  refuseWithoutData(originals);
  // Without the file it is a backup, in which no service has ever run.
  const lock = existsSync(join(dataDir, LOCK_FILE)) ? lockDataFolderToRead(dataDir) : null;
  try {
    return await withScratch(async (scratch) => {
      const database = join(scratch, basename(originals.database));
      const ledger = join(scratch, 'ledger');
      if (!isOnPostgres(originals)) await copyDatabase(originals.database, database);
      await viewLedger(originals.ledger, ledger);
      return work({ ...originals, database, ledger }, scratch);
    });
  } finally {
    lock?.release();
  }
}

/** Runs `work` on a copy of a database that nobody writes at the moment: SQLite writes to any that it opens. */
export function withCopyOfDatabase<T>(database: string, work: (copy: string) => Promise<T>): Promise<T> {
  return withScratch(async (scratch) => {
    const copy = join(scratch, basename(database));
    await copyDatabase(database, copy);
    return work(copy);
  });
}

async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const scratch = await mkdtemp(join(tmpdir(), 'spondon-fsck-'));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function copyDatabase(from: string, to: string): Promise<void> {
  for (const suffix of ['', WRITE_AHEAD_LOG]) {
    if (existsSync(from + suffix)) await copyFile(from + suffix, to + suffix, constants.COPYFILE_FICLONE);
  }
}

async function viewLedger(from: string, to: string): Promise<void> {
  await mkdir(to);
  if (!existsSync(from)) return;
  for (const name of await readdir(from)) {
    if (name.endsWith('.db')) await copyDatabase(join(from, name), join(to, name));
    else if (!/\.db-(?:wal|shm)$/.test(name)) await symlink(join(from, name), join(to, name));
  }
}

/**
 * The blocks for a ledger that only reads. Opening one writes the last block once more when its state is behind, and
 * cuts off a write that was interrupted; neither changes what it then reads.
 */
export async function openBlocksToRead(path: string): Promise<Storage> {
  const nothing = () => Promise.resolve();
  return { ...(await openFileToRead(path)), write: nothing, datasync: nothing, truncate: nothing };
}
