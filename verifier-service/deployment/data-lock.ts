import { rmSync } from 'node:fs';
import Libsql from 'libsql';
import { join } from 'node:path';
import { ServiceError } from '../error.js';
import { CHECKSUMS } from './checksums.js';

export const LOCK_FILE = 'lock';

export interface DataLock {
  release(): void;
}

/**
 * One process to a data folder. An exclusive transaction on a database file: the operating system gives it up when
 * the process ends, however it ends, so nothing stale is ever left behind.
 */
export function lockDataFolder(folder: string): DataLock {
  // Without a journal on the disk, which a crash would leave and a reader would have to delete.
  const lock = hold(folder, 'PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  // Of a backup that somebody is about to work on, the checksums hold no longer.
  rmSync(join(folder, CHECKSUMS), { force: true });
  return lock;
}

/** Keeps {@link lockDataFolder} out, and other readers not. Writes nothing; the file must be there. */
export function lockDataFolderToRead(folder: string): DataLock {
  // Only the first read takes the lock.
  return hold(folder, 'BEGIN; SELECT count(*) FROM sqlite_schema');
}

function hold(folder: string, begin: string): DataLock {
  const lock = new Libsql(join(folder, LOCK_FILE));
  try {
    lock.exec(begin);
  } catch (error) {
    lock.close();
    if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')) throw error;
    const message = `Another process works on ${folder}: stop it first (is the service running?)`;
    throw new ServiceError('DATA_LOCKED', message, { cause: error });
  }
  return {
    release: () => {
      // Closing alone gives the lock up only when the object is collected.
      lock.exec('ROLLBACK');
      lock.close();
    },
  };
}
