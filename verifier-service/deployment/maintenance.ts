import { rm } from 'node:fs/promises';
import { pino } from 'pino';
import { rebuildLog } from '@spondon/anchor-worker/log/rebuild';
import { sha256 } from '@spondon/protocol/crypto-node';
import type { Elsewhere } from '../config.js';
import type { OwnDatabase } from '../database/service-database.js';
import { forgetReportKeys } from '../report/keys.js';
import { lockDataFolder } from './data-lock.js';
import { openFabric } from './fabric.js';
import {
  type Folders,
  foldersOf,
  refuseHalfAFolder,
  refuseWithoutData,
  refuseWithoutLedger,
} from './folders.js';
import { openLedger } from './ledger.js';
import { openOwnDatabase, withServerToRead } from './open-database.js';
import { openVault } from './open-vault.js';

const quiet = pino({ level: 'silent' });

/** Runs `work` with the data folder locked against the service. */
export async function withFolder<T>(dataDir: string, work: (folders: Folders) => Promise<T>): Promise<T> {
  const folders = foldersOf(dataDir);
  refuseHalfAFolder(folders);
  refuseWithoutData(folders);
  const lock = lockDataFolder(dataDir);
  try {
    return await work(folders);
  } finally {
    lock.release();
  }
}

/** {@link withFolder}, and with the database, on which no copy of the service is at work meanwhile. */
export function withData<T>(
  dataDir: string,
  databaseUrl: string | null,
  work: (folders: Folders, database: OwnDatabase) => Promise<T>,
): Promise<T> {
  return withFolder(dataDir, async (folders) => {
    const database = await openOwnDatabase(folders, databaseUrl);
    try {
      return await work(folders, database);
    } finally {
      await database.close();
    }
  });
}

/** Deletes tiles, lookup index and registry, and makes them again from the ledger. Returns the number of blocks. */
export function rebuildDerived(
  dataDir: string,
  masterKey: string | undefined,
  { fabric = null, databaseUrl = null }: Partial<Elsewhere> = {},
): Promise<number> {
  return withFolder(dataDir, async (folders) => {
    if (!fabric) refuseWithoutLedger(folders);
    const ledger = fabric
      ? (await openFabric(fabric)).ledger
      : await withServerToRead(folders, databaseUrl, async (view) =>
          openLedger(folders, await openVault(folders, masterKey, view?.db), quiet),
        );
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
export function forgetOwnReportKeys(dataDir: string, databaseUrl: string | null = null): Promise<void> {
  return withData(dataDir, databaseUrl, async (_folders, { db, overwriteDeleted }) => {
    await forgetReportKeys(db);
    await overwriteDeleted();
  });
}
