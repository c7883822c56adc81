import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pino } from 'pino';
import { rebuildLog } from '@spondon/anchor-worker/log/rebuild';
import type { FabricFiles } from '../config.js';
import { sha256 } from '@spondon/protocol/crypto-node';
import { openSqlite, overwriteDeleted } from '../database/sqlite.js';
import { ServiceError } from '../error.js';
import { forgetReportKeys } from '../report/keys.js';
import { lockDataFolder } from './data-lock.js';
import { openFabric } from './fabric.js';
import {
  type Folders,
  foldersOf,
  refuseDatabaseElsewhere,
  refuseHalfAFolder,
  refuseWithoutLedger,
} from './folders.js';
import { openLedger } from './ledger.js';
import { openVault } from './open-vault.js';

const quiet = pino({ level: 'silent' });

/** Runs `work` with the data folder locked against the service. */
export async function withData<T>(dataDir: string, work: (folders: Folders) => Promise<T>): Promise<T> {
  const folders = foldersOf(dataDir);
  refuseDatabaseElsewhere(folders);
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
export function rebuildDerived(
  dataDir: string,
  masterKey: string | undefined,
  fabric: FabricFiles | null = null,
): Promise<number> {
  return withData(dataDir, async (folders) => {
    if (!fabric) refuseWithoutLedger(folders);
    const ledger = fabric
      ? (await openFabric(fabric)).ledger
      : await openLedger(folders, await openVault(folders, masterKey), quiet);
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

/** The next start makes new ones. Nothing of the old ones is left in the database. */
export function forgetOwnReportKeys(dataDir: string): Promise<void> {
  return withData(dataDir, async ({ database }) => {
    const db = await openSqlite(database);
    try {
      await forgetReportKeys(db);
      await overwriteDeleted(db);
    } finally {
      await db.destroy();
    }
  });
}
