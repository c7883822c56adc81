import { sql } from 'kysely';
import { damagedRows } from '../database/row-check.js';
import type { Database } from '../database/schema.js';
import { openSqlite } from '../database/sqlite.js';
import { finishErasures } from '../documents/erase.js';
import { NO_KEY } from '../documents/erasure.js';
import { ServiceError } from '../error.js';
import { openEmbeddedStore } from '../ipfs/embedded.js';
import type { DocumentStore } from '../ipfs/store.js';
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
 * not stored to the end. The data folder is locked meanwhile, so no document is being issued that would name one.
 */
export function tidyData(dataDir: string): Promise<Tidied> {
  return withData(dataDir, async ({ database, ipfs }) => {
    const db = await openSqlite(database);
    try {
      await refuseDamage(db);
      const store = await openEmbeddedStore(ipfs);
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
