import { existsSync } from 'node:fs';
import { OWNER_ONLY_FILE, writeFileDurably } from '@spondon/ledger/durable-file';
import { openPostgres } from '../database/postgres.js';
import type { ServiceDatabase } from '../database/service-database.js';
import { openEmbedded } from '../database/sqlite.js';
import { ServiceError } from '../error.js';
import type { Vault } from '../vault/seal.js';
import { assertMayOpen, ownerOf } from './belonging.js';
import type { Folders } from './folders.js';
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
    const vault = embeddedVault ?? (await openVault(folders, masterKey, (await ownerOf(db)) === undefined));
    await assertMayOpen(db, vault.keyId, isFounded);
    if (!isEmbedded) await writeFileDurably(folders.databaseElsewhere, '', OWNER_ONLY_FILE);
    return { database, vault };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function refuseOtherKind({ data, database, databaseElsewhere }: Folders, databaseUrl: string | null): void {
  if (databaseUrl === null && existsSync(databaseElsewhere))
    throw new ServiceError(
      'CONFIG_INVALID',
      `The database of ${data} is a PostgreSQL: name it in SPONDON_DATABASE_URL`,
    );
  if (databaseUrl !== null && existsSync(database))
    throw new ServiceError(
      'CONFIG_INVALID',
      `${data} holds its database in service.db: start it without SPONDON_DATABASE_URL, or name another data folder`,
    );
}
