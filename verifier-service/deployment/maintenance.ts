import { existsSync } from 'node:fs';
import { chmod, cp, open, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import Libsql from 'libsql';
import { pino } from 'pino';
import { rebuildLog } from '@spondon/anchor-worker/log/rebuild';
import {
  makeFolderDurably,
  syncFolder,
  OWNER_ONLY_FILE,
  UNFINISHED,
  writeFileDurably,
} from '@spondon/ledger/durable-file';
import { sha256 } from '@spondon/protocol/crypto-node';
import { ServiceError } from '../error.js';
import { lockDataFolder } from './data-lock.js';
import { isSealedUnderOneKey } from './master-key-recovery.js';
import { type Folders, foldersOf, refuseHalfAFolder } from './folders.js';
import { openVault } from './open-vault.js';
import { openLedger } from './ledger.js';

/**
 * What is copied, beside the database; the master key is kept elsewhere. The ledger comes last: every statement that
 * has left the copied queue is then in the copied blocks.
 */
const COPIED = ['credentials', 'ipfs', 'ledger'];
/** Made again from the blocks when it is missing. */
const LEDGER_STATE = 'state.db';
/** Of the document store: what is being written, and is renamed or gone the next moment. */
const BEING_WRITTEN = 'temp';
const OWNER_ONLY = 0o700;

const quiet = pino({ level: 'silent' });

/** Runs `work` with the data folder locked against the service. */
export async function withData<T>(dataDir: string, work: (folders: Folders) => Promise<T>): Promise<T> {
  const folders = foldersOf(dataDir);
  refuseHalfAFolder(folders);
  if (!existsSync(folders.database))
    throw new ServiceError('DATA_DAMAGED', `There is no service's data in ${dataDir}`);
  const lock = lockDataFolder(dataDir);
  try {
    return await work(folders);
  } finally {
    lock.release();
  }
}

/** Deletes tiles, lookup index and registry, and makes them again from the ledger. Returns the number of blocks. */
export function rebuildDerived(dataDir: string, masterKey: string | undefined): Promise<number> {
  return withData(dataDir, async (folders) => {
    const ledger = await openLedger(folders, await openVault(folders, masterKey), quiet);
    try {
      const height = await ledger.height();
      await rm(folders.log, { recursive: true, force: true });
      await rebuildLog(ledger, folders.log, sha256, height);
      return height;
    } finally {
      await ledger.close();
    }
  });
}

/**
 * Copies everything that cannot be made again, but for the master key, while the service may go on. The order makes
 * the copy whole: a document's row is written after its file, and a queued statement that was anchored meanwhile is
 * found on the ledger when the copy is started. Durable when it resolves.
 */
export async function copyData(dataDir: string, target: string): Promise<void> {
  const folders = foldersOf(dataDir);
  if (!existsSync(folders.database))
    throw new ServiceError('DATA_DAMAGED', `There is no service's data in ${dataDir}`);
  await refuseUnlessEmpty(target);
  await makeFolderDurably(target);
  await chmod(target, OWNER_ONLY);
  const db = new Libsql(folders.database);
  try {
    db.exec(`VACUUM INTO '${join(target, basename(folders.database)).replaceAll("'", "''")}'`);
  } finally {
    db.close();
  }
  for (const name of COPIED) await copyFolder(join(dataDir, name), join(target, name));
  if (!(await isSealedUnderOneKey(foldersOf(target)))) {
    const message = `The master key was changed while ${target} was being copied: delete it and take the backup again`;
    throw new ServiceError('DATA_DAMAGED', message);
  }
  await syncAll(target);
}

/** Puts a copy in the place of a data folder that does not exist. The master key must be put beside it by hand. */
export async function restoreData(backup: string, dataDir: string): Promise<void> {
  if (!existsSync(foldersOf(backup).database))
    throw new ServiceError('DATA_DAMAGED', `There is no backup in ${backup}`);
  await refuseUnlessEmpty(dataDir);
  await makeFolderDurably(dataDir);
  await chmod(dataDir, OWNER_ONLY);
  for (const name of COPIED) await copyFolder(join(backup, name), join(dataDir, name));
  await syncAll(dataDir);
  // The database last: a folder without it is no service's, so that half a copy is never taken for a whole one.
  const { database } = foldersOf(dataDir);
  await writeFileDurably(database, await readFile(foldersOf(backup).database), OWNER_ONLY_FILE);
}

function copyFolder(from: string, to: string): Promise<void> {
  const filter = (path: string): boolean => {
    const name = basename(path);
    return !name.endsWith(UNFINISHED) && !name.startsWith(LEDGER_STATE) && name !== BEING_WRITTEN;
  };
  return cp(from, to, {
    recursive: true,
    filter,
    preserveTimestamps: true,
    errorOnExist: true,
    force: false,
  });
}

async function refuseUnlessEmpty(folder: string): Promise<void> {
  if (!existsSync(folder) || (await readdir(folder)).length === 0) return;
  throw new ServiceError('CONFIG_INVALID', `${folder} exists already and is not empty: name a new folder`);
}

async function syncAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await syncAll(path);
      continue;
    }
    const file = await open(path, 'r');
    await file.sync();
    await file.close();
  }
  await syncFolder(folder);
}
