import { basename } from 'node:path';
import Libsql from 'libsql';
import { Kysely, type KyselyPlugin, sql, type SqliteDatabase, SqliteDialect } from 'kysely';
import type { Database, ServiceTables } from './schema.js';
import type { DatabaseView, SelfCheck, ServiceDatabase } from './service-database.js';
import { migrate } from './migrate.js';

/**
 * The embedded database: one file, one connection. A transaction is durable once it has committed (write-ahead log,
 * synchronous FULL: one fdatasync each), and statements run one after another. One whose write or flush fails is rolled
 * back, and the next one writes its pages of the log anew: a failed flush is never taken for one that will come right,
 * and nothing need be opened again. Brought up to this version's schema.
 *
 * Throws `DATA_NEWER` for a database of a later version, and leaves it as it is.
 */
export async function openSqlite(path: string): Promise<Database> {
  const file = new Libsql(path);
  file.pragma('journal_mode = WAL');
  file.pragma('synchronous = FULL');
  // A checkpoint copies the log back in the middle of somebody's commit: small and often keeps that short.
  file.pragma('wal_autocheckpoint = 1000');
  // KiB. The queue's indexes have no order that rows come and go in: with SQLite's own 2 MB a long queue is read and
  // written over and over.
  file.pragma('cache_size = -16384');
  // A destroyed key is overwritten where it stood, without writing anything that would not be written anyway.
  file.pragma('secure_delete = fast');
  const dialect = new SqliteDialect({ database: rollingBackOnce(file) });
  const db = new Kysely<ServiceTables>({ dialect, plugins: [blobsAsBytes] });
  try {
    await migrate(db, 'sqlite', Date.now());
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

/** {@link openSqlite}, as the service takes it: what troubles its disk, others watch. */
export async function openEmbedded(path: string): Promise<ServiceDatabase> {
  const db = await openSqlite(path);
  return {
    db,
    overwriteDeleted: () => overwriteDeleted(db),
    problem: () => Promise.resolve(null),
    copies: null,
    close: () => db.destroy(),
  };
}

/** {@link openSqlite}, for a file that nobody else writes, such as a copy of one. To be closed by destroying `db`. */
export async function openSqliteToRead(path: string): Promise<DatabaseView> {
  const db = await openSqlite(path);
  return { name: basename(path), db, now: db, selfCheck: () => checkIntegrity(db) };
}

/** Compares rows with their indexes. */
async function checkIntegrity(db: Database): Promise<SelfCheck> {
  const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db);
  const [first] = rows;
  if (first?.integrity_check !== 'ok') throw new Error(first?.integrity_check ?? 'no answer');
  return { checked: [], unchecked: [] };
}

/** When the disk is full, SQLite rolls back by itself. Another rollback would fail, and its error hide why. */
function rollingBackOnce(file: Libsql.Database): SqliteDatabase {
  return {
    close: () => file.close(),
    prepare: (sql) => file.prepare(sql === 'rollback' && !file.inTransaction ? 'select 1' : sql),
  };
}

/**
 * Nothing that was deleted or replaced is left in the write-ahead log once this resolves, unless somebody else was
 * reading the database, as a backup does: then a later call has to see to it.
 */
export async function overwriteDeleted(db: Database): Promise<void> {
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
}

/** libsql hands a blob out as ArrayBuffer; everybody else, and our types, speak of Uint8Array. */
const blobsAsBytes: KyselyPlugin = {
  transformQuery: ({ node }) => node,
  transformResult: ({ result }) => {
    for (const row of result.rows) {
      for (const name in row) if (row[name] instanceof ArrayBuffer) row[name] = new Uint8Array(row[name]);
    }
    return Promise.resolve(result);
  },
};
