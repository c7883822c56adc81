import { existsSync } from 'node:fs';
import { OWNER_ONLY_FILE, writeFileDurably } from '@spondon/ledger/durable-file';
import {
  openPostgres,
  openPostgresAlone,
  withPostgresBeside,
  withPostgresToRead,
} from '../database/postgres.js';
import type { DatabaseView, OwnDatabase, ServiceDatabase } from '../database/service-database.js';
import { openEmbedded } from '../database/sqlite.js';
import { ServiceError } from '../error.js';
import type { Vault } from '../vault/seal.js';
import { assertMayOpen, assertRemembered } from './belonging.js';
import { type Folders, isOnPostgres } from './folders.js';
import { openVault } from './open-vault.js';

export interface Opened {
  readonly database: ServiceDatabase;
  readonly vault: Vault;
}

/**
 * The database that the settings name, and the vault that belongs to it. `isFounded`: there is a ledger already. Throws
 * `CONFIG_INVALID` when the data folder's database is another kind: what is in that would be missing without a word.
 */
export async function openDatabase(
  folders: Folders,
  { databaseUrl, masterKey }: { readonly databaseUrl: string | null; readonly masterKey: string | undefined },
  isFounded: boolean,
): Promise<Opened> {
  refuseOtherKind(folders, databaseUrl);
  const isEmbedded = databaseUrl === null;
  const embeddedVault = isEmbedded ? await openVault(folders, masterKey) : null;
  const database = isEmbedded ? await openEmbedded(folders.database) : await openPostgres(databaseUrl);
  try {
    const { db } = database;
    if (!isEmbedded) await assertRemembered(folders, db);
    const vault = embeddedVault ?? (await openVault(folders, masterKey, db));
    await assertMayOpen(db, vault.keyId, isFounded);
    if (!isEmbedded && !isOnPostgres(folders))
      await writeFileDurably(folders.databaseElsewhere, '', OWNER_ONLY_FILE);
    return { database, vault };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** For a command that changes the database of a data folder, while nobody else works on the folder or the database. */
export async function openOwnDatabase(folders: Folders, databaseUrl: string | null): Promise<OwnDatabase> {
  refuseOtherKind(folders, databaseUrl);
  if (databaseUrl === null) return openEmbedded(folders.database);
  return openPostgresAlone(databaseUrl, (db) => assertRemembered(folders, db));
}

/** Runs `work` on the database of a data folder as it is at this moment, where it is on a server; null where it is not. */
export async function withServerToRead<T>(
  folders: Folders,
  databaseUrl: string | null,
  work: (view: DatabaseView | null) => Promise<T>,
): Promise<T> {
  refuseOtherKind(folders, databaseUrl);
  if (databaseUrl === null) return work(null);
  return withPostgresToRead(databaseUrl, (db) => assertRemembered(folders, db), work);
}

/** Runs `work` while no command can have a data folder's database on a server to itself. */
export async function withServerBeside<T>(
  folders: Folders,
  databaseUrl: string | null,
  work: (url: string) => Promise<T>,
): Promise<T> {
  refuseOtherKind(folders, databaseUrl);
  if (databaseUrl === null) throw new TypeError('the database is on a server');
  return withPostgresBeside(
    databaseUrl,
    (db) => assertRemembered(folders, db),
    () => work(databaseUrl),
  );
}

function refuseOtherKind(folders: Folders, databaseUrl: string | null): void {
  const { data, database } = folders;
  if (databaseUrl === null && isOnPostgres(folders))
    throw new ServiceError(
      'CONFIG_INVALID',
      `The database of ${data} is a PostgreSQL: name it in SPONDON_DATABASE_URL`,
    );
  // One that was moved is left where it was.
  if (databaseUrl !== null && existsSync(database) && !isOnPostgres(folders))
    throw new ServiceError(
      'CONFIG_INVALID',
      `${data} holds its database in service.db: leave SPONDON_DATABASE_URL out, or move it with move-database`,
    );
}
