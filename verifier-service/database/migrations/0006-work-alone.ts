import { sql } from 'kysely';
import type { Database, Dialect } from '../schema.js';

/** On PostgreSQL: how often a command has had the database to itself, for copies that may have missed one. */
export async function createForWorkAlone(db: Database, dialect: Dialect): Promise<void> {
  if (dialect === 'sqlite') return;
  await db.schema
    .createTable('workAlone')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('times', 'bigint', (column) => column.notNull())
    .execute();
  await sql`insert into "workAlone" ("id", "times") values (1, 0)`.execute(db);
}
