import Libsql from 'libsql';
import { join } from 'node:path';
import { ServiceError } from '../error.js';

/**
 * One process to a data folder. An exclusive transaction on a database file: the operating system gives it up when
 * the process ends, however it ends, so nothing stale is ever left behind.
 */
export function lockDataFolder(folder: string): { release: () => void } {
  const lock = new Libsql(join(folder, 'lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
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
