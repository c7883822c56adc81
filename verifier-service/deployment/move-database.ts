import { OWNER_ONLY_FILE, writeFileDurably } from '@spondon/ledger/durable-file';
import { type CopiedTable, copyToPostgres } from '../database/copy-to-postgres.js';
import type { DatabaseView } from '../database/service-database.js';
import { openSqliteToRead } from '../database/sqlite.js';
import { ServiceError } from '../error.js';
import { ownerOf } from './belonging.js';
import { isOnPostgres } from './folders.js';
import { checkDatabase } from './fsck-database.js';
import { withCopyOfDatabase } from './fsck-view.js';
import { withFolder } from './maintenance.js';

/**
 * Copies what is in `service.db` into an empty database on PostgreSQL, on which the folder's service starts from then on.
 * The file stays as it is, byte for byte: until the last step, which is one write, the folder is on it. Throws
 * `CONFIG_INVALID`, `DATA_DAMAGED`, and what {@link copyToPostgres} throws.
 */
export function moveDatabase(dataDir: string, databaseUrl: string | null): Promise<CopiedTable[]> {
  if (databaseUrl === null)
    throw new ServiceError('CONFIG_INVALID', 'Name the empty database on PostgreSQL in SPONDON_DATABASE_URL');
  return withFolder(dataDir, async (folders) => {
    if (isOnPostgres(folders))
      throw new ServiceError('CONFIG_INVALID', `The database of ${dataDir} is on PostgreSQL already`);
    return withCopyOfDatabase(folders.database, async (copy) => {
      const view = await openSqliteToRead(copy);
      try {
        const ledger = await soundOwner(view);
        const copied = await copyToPostgres(view.db, databaseUrl, Date.now());
        // Committed: a crash here leaves a full database of which nobody knows, and the folder as it was.
        await writeFileDurably(folders.databaseElsewhere, ledger, OWNER_ONLY_FILE);
        return copied;
      } finally {
        await view.db.destroy();
      }
    });
  });
}

/** Which ledger it is about. */
async function soundOwner(view: DatabaseView): Promise<string> {
  await checkDatabase(view).catch((cause: unknown) => {
    const message = `service.db is damaged: ${cause instanceof Error ? cause.message : String(cause)}; run fsck first`;
    throw new ServiceError('DATA_DAMAGED', message, { cause });
  });
  const owner = await ownerOf(view.db);
  if (owner) return owner.ledger;
  throw new ServiceError('CONFIG_INVALID', 'No service of this version has been at work here: start it once');
}
