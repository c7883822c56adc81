import { sql } from 'kysely';
import type { Database, Dialect } from '../schema.js';

/** Whose the database is; and on PostgreSQL, what copies of the service settle through it. */
export async function createForSeveralCopies(db: Database, dialect: Dialect): Promise<void> {
  await db.schema
    .createTable('belongsTo')
    .addColumn('check', 'text', (column) => column.notNull())
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('ledger', 'text', (column) => column.notNull())
    .addColumn('masterKey', 'text', (column) => column.notNull())
    .execute();
  if (dialect === 'sqlite') return;
  await db.schema
    .createTable('leases')
    .addColumn('log', 'text', (column) => column.primaryKey())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('until', 'timestamptz', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('anchoredTo')
    .addColumn('mspId', 'text', (column) => column.primaryKey())
    .addColumn('block', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('withheldKeys')
    .addColumn('iss', 'text', (column) => column.notNull())
    .addColumn('kid', 'text', (column) => column.notNull())
    .addColumn('until', 'timestamptz', (column) => column.notNull())
    .addPrimaryKeyConstraint('withheldKeysKey', ['iss', 'kid'])
    .execute();
  await compareByBytes(db);
}

const TABLES = [
  'apiKeys',
  'documents',
  'erasures',
  'facilityKeys',
  'idempotency',
  'issuerKeys',
  'queue',
  'refused',
  'reportKeys',
  'statistics',
];

/** As SQLite does, whatever language the database was made for. */
async function compareByBytes(db: Database): Promise<void> {
  const columns = await sql<{ table: string; column: string }>`
    select table_name as "table", column_name as "column" from information_schema.columns
    where table_schema = current_schema() and data_type = 'text' and table_name in (${sql.join(TABLES)})`.execute(
    db,
  );
  for (const { table, column } of columns.rows) {
    await sql`alter table ${sql.table(table)} alter column ${sql.ref(column)} type text collate "C"`.execute(
      db,
    );
  }
}
