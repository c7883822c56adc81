import { existsSync, statSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolderDurably, OWNER_ONLY_FOLDER } from '@spondon/ledger/durable-file';
import { ServiceError } from '../error.js';

/** Stands in a folder from before anything is copied into it until all of it is. */
export const HALF_COPIED = 'half-copied';
/** In a backup, what is on PostgreSQL otherwise. */
export const DUMP = 'database.dump';
/** The ledger's own file, without which there is none. */
const BLOCKS = 'blocks';

/** Where everything lies in the data folder. */
export function foldersOf(dataDir: string) {
  return {
    data: dataDir,
    ledger: join(dataDir, 'ledger'),
    log: join(dataDir, 'log'),
    ipfs: join(dataDir, 'ipfs'),
    database: join(dataDir, 'service.db'),
    masterKey: join(dataDir, 'master.key'),
    credentials: join(dataDir, 'credentials'),
    /** There when the database is a PostgreSQL, and not in the folder; names the ledger that it is about. */
    databaseElsewhere: join(dataDir, 'on-postgres'),
    knownSignatures: join(dataDir, 'known-signatures'),
    /** Written only to see whether the disk can be written again, and removed at once. */
    diskTrial: join(dataDir, 'disk-trial'),
  };
}

export type Folders = ReturnType<typeof foldersOf>;

/** Makes what is missing, for its owner alone. */
export async function makeFolders({ data, ledger, credentials }: Folders): Promise<void> {
  for (const folder of [data, ledger, credentials]) {
    await makeFolderDurably(folder);
    await chmod(folder, OWNER_ONLY_FOLDER);
  }
}

/** Whether a ledger was founded in it. */
export function hasBlocks({ ledger }: Folders): boolean {
  return existsSync(join(ledger, BLOCKS));
}

/** Throws `DATA_DAMAGED`. */
export function refuseHalfCopied(folder: string): void {
  if (!existsSync(join(folder, HALF_COPIED))) return;
  const message =
    `${folder} is half a copy. Unless a backup or restore is at work on it just now, one was cut short: delete what is ` +
    'in it, and start that again';
  throw new ServiceError('DATA_DAMAGED', message);
}

export function isOnPostgres({ databaseElsewhere }: Pick<Folders, 'databaseElsewhere'>): boolean {
  return existsSync(databaseElsewhere);
}

/** Where no service has ever been. Throws `DATA_DAMAGED`. */
export function refuseWithoutData(folders: Folders): void {
  if (existsSync(folders.database)) return;
  // Empty before a first start has got to its end.
  if (isOnPostgres(folders) && statSync(folders.databaseElsewhere).size > 0) return;
  throw new ServiceError('DATA_DAMAGED', `There is no service's data in ${folders.data}`);
}

/**
 * Half a backup or half a restored folder is none. A ledger without the database beside it is no first start either:
 * documents' keys and rows are gone, and starting anew would hide that. Throws `DATA_DAMAGED`, and `CONFIG_INVALID` for a
 * backup that nobody can work on.
 */
export function refuseHalfAFolder(folders: Folders): void {
  const { data, database } = folders;
  refuseHalfCopied(data);
  if (existsSync(join(data, DUMP))) {
    const message = `${data} is a backup whose database is in ${DUMP}: restore it, and work on that`;
    throw new ServiceError('CONFIG_INVALID', message);
  }
  if (existsSync(database) || isOnPostgres(folders) || !hasBlocks(folders)) return;
  const message = `${data} holds a ledger and no service.db: restore service.db from a backup`;
  throw new ServiceError('DATA_DAMAGED', message);
}

/** A command that would otherwise found a new ledger. Throws `DATA_DAMAGED`. */
export function refuseWithoutLedger({ data, ledger }: Folders): void {
  if (existsSync(join(ledger, BLOCKS))) return;
  const message =
    `${data} holds no ledger. Where it is on a network, give the settings that the service has: SPONDON_LEDGER, ` +
    'SPONDON_FABRIC and SPONDON_TRUST_BUNDLE';
  throw new ServiceError('DATA_DAMAGED', message);
}
