import { sql } from 'kysely';
import type { KuboSettings } from '../config.js';
import { damagedRows } from '../database/row-check.js';
import type { Database } from '../database/schema.js';
import { openSqlite } from '../database/sqlite.js';
import { finishErasures } from '../documents/erase.js';
import { NO_KEY } from '../documents/erasure.js';
import { ServiceError } from '../error.js';
import type { DocumentStore } from '../ipfs/store.js';
import { areOnKubo, findDocuments } from './document-store.js';
import { withData } from './maintenance.js';

/** What was removed from the document store. */
export interface Tidied {
  /** Encrypted files that no document names, or whose document was erased. */
  readonly files: number;
  /** Blocks that belong to no file. */
  readonly blocks: number;
}

const ROWS_AT_ONCE = 500;

/**
 * Removes what crashes left in the document store: files that were stored and never noted, blocks of files that were
 * not stored to the end. The data folder is locked meanwhile, so no document is being issued that would name one. On
 * Kubo that is not enough: `alone` says that no other service keeps documents on these nodes. Throws `CONFIG_INVALID`.
 */
export function tidyData(dataDir: string, kubo: KuboSettings | null = null, alone = false): Promise<Tidied> {
  return withData(dataDir, async (folders) => {
    if (areOnKubo(folders) && !alone) {
      const message =
        'On Kubo, documents of every service are removed that this data folder does not name: stop all copies of this ' +
        'service, and say with --alone that no other one keeps documents on these nodes';
      throw new ServiceError('CONFIG_INVALID', message);
    }
    const db = await openSqlite(folders.database);
    try {
      await refuseDamage(db);
      const store = await findDocuments(folders, kubo, 'use');
      await finishErasures({ db, store });
      const files = await removeUnnamed(db, store);
      return { files, blocks: await store.removeLeftovers() };
    } finally {
      await db.destroy();
    }
  });
}

/** A damaged row may name another file than the document's: what it should name would be taken for a leftover. */
async function refuseDamage(db: Database): Promise<void> {
  const { first } = await damagedRows(db);
  if (first !== null)
    throw new ServiceError('DATA_DAMAGED', `service.db: ${first} is not as it was written; run fsck first`);
}

/** One comparison by the database, whatever the number of documents: none of the lists has to fit into memory. */
async function removeUnnamed(db: Database, store: DocumentStore): Promise<number> {
  await sql`create temporary table stored (cid text primary key)`.execute(db);
  let cids: string[] = [];
  const flush = async (): Promise<void> => {
    if (cids.length > 0)
      await sql`insert into stored (cid) values ${sql.join(cids.map((cid) => sql`(${cid})`))}`.execute(db);
    cids = [];
  };
  for await (const cid of store.list()) {
    cids.push(cid);
    if (cids.length >= ROWS_AT_ONCE) await flush();
  }
  await flush();
  const { rows } = await sql<{ cid: string }>`
    select cid from stored
    where cid not in (select cid from documents where "wrappedKey" <> ${NO_KEY})`.execute(db);
  for (const { cid } of rows) await store.remove(cid);
  await sql`drop table stored`.execute(db);
  return rows.length;
}
