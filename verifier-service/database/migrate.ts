import { sql } from 'kysely';
import { ServiceError } from '../error.js';
import { createFirstTables } from './migrations/0001-first-tables.js';
import { createErasures } from './migrations/0002-erasures.js';
import { repeatQueueInIndexes } from './migrations/0003-repeat-in-indexes.js';
import { createReportKeys } from './migrations/0004-report-keys.js';
import { createForSeveralCopies } from './migrations/0005-several-copies.js';
import { createForWorkAlone } from './migrations/0006-work-alone.js';
import { rowCheck, withCheck } from './row-check.js';
import type { Database, Dialect } from './schema.js';

/** Brings a database from the version before to the next one. Runs within a transaction, in both dialects. */
export type Migration = (db: Database, dialect: Dialect) => Promise<void>;

/** In order, and for ever: the n-th one makes version n. A new version adds to the end and changes nothing before. */
const MIGRATIONS: readonly Migration[] = [
  createFirstTables,
  createErasures,
  repeatQueueInIndexes,
  createReportKeys,
  createForSeveralCopies,
  createForWorkAlone,
];

/**
 * Brings the database to the last version, one transaction for each step: a crash leaves it at a whole version. One
 * process at a time: on SQLite the lock of the data folder sees to that, on PostgreSQL its caller. Throws
 * `DATA_NEWER`, having changed nothing, for one that a later version of the service has been at work on.
 */
export async function migrate(
  db: Database,
  dialect: Dialect,
  now: number,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const present = await schemaVersion(db, dialect);
  if (present > migrations.length) throw newer(present, migrations.length);
  for (const [at, migration] of migrations.entries()) {
    const version = at + 1;
    if (version <= present) continue;
    await db.transaction().execute((trx) => bringTo(trx, { version, migration, dialect, now }));
  }
}

/** All steps at once, for a database that holds nothing: within the caller's transaction, on PostgreSQL. */
export async function createTables(trx: Database, now: number): Promise<void> {
  for (const [at, migration] of MIGRATIONS.entries())
    await bringTo(trx, { version: at + 1, migration, dialect: 'postgres', now });
}

/** For what only reads. Throws `DATA_NEWER`, and `DATA_OLDER` for a database that a start would change first. */
export async function assertMigrated(db: Database, dialect: Dialect): Promise<void> {
  const present = await schemaVersion(db, dialect);
  const last = MIGRATIONS.length;
  if (present > last) throw newer(present, last);
  if (present === last) return;
  throw new ServiceError(
    'DATA_OLDER',
    `The database is of version ${present}, and this program of ${last}: the next start of the service brings it there. ` +
      'Nothing was changed.',
  );
}

interface Step {
  readonly version: number;
  readonly migration: Migration;
  readonly dialect: Dialect;
  readonly now: number;
}

async function bringTo(trx: Database, { version, migration, dialect, now }: Step): Promise<void> {
  await migration(trx, dialect);
  await createVersionTable(trx);
  await trx
    .insertInto('schemaVersions')
    .values(withCheck({ version, appliedAt: now }))
    .execute();
}

function newer(present: number, last: number): ServiceError {
  return new ServiceError(
    'DATA_NEWER',
    `The database was brought to version ${present} by a later version of this program, which knows up to ${last}: ` +
      'start that one again, or restore a backup from before the upgrade. Nothing was changed.',
  );
}

/** 0 for a new database, and for one from before there were numbers. */
async function schemaVersion(db: Database, dialect: Dialect): Promise<number> {
  if (!(await hasVersions(db, dialect))) return 0;
  const rows = await db.selectFrom('schemaVersions').selectAll().orderBy('version').execute();
  if (rows.some((row, at) => row.version !== at + 1 || row.check !== rowCheck(row))) {
    throw new ServiceError('DATA_DAMAGED', 'Table schemaVersions of the database is not as it was written');
  }
  return rows.length;
}

async function hasVersions(db: Database, dialect: Dialect): Promise<boolean> {
  if (dialect === 'sqlite')
    return (await db.introspection.getTables()).some(({ name }) => name === 'schemaVersions');
  // Where this connection's tables are, and not in a neighbour's schema.
  const { rows } = await sql<{ found: boolean }>`
    select to_regclass('"schemaVersions"') is not null as found`.execute(db);
  return rows[0]?.found ?? false;
}

async function createVersionTable(db: Database): Promise<void> {
  await db.schema
    .createTable('schemaVersions')
    .ifNotExists()
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('version', 'integer', (column) => column.primaryKey())
    .addColumn('appliedAt', 'bigint', (column) => column.notNull())
    .execute();
}
