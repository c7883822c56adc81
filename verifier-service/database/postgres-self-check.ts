import { sql } from 'kysely';
import type { Database } from './schema.js';
import type { SelfCheck } from './service-database.js';

/**
 * What PostgreSQL can say of its own files. Checksums of pages are compared whenever a page is read, so reading every
 * row compares those of all tables. Rows and indexes are compared with each other by its extension `amcheck`, where the
 * database has it and our role may use it.
 */
export async function checkServer(db: Database): Promise<SelfCheck> {
  const { rows } = await sql<{ pages: boolean; indexes: boolean }>`
    select current_setting('data_checksums') = 'on' as pages,
      coalesce(has_function_privilege(to_regprocedure('bt_index_check(regclass, boolean)')::oid, 'execute'), false)
        as indexes`.execute(db);
  const can = rows[0] ?? { pages: false, indexes: false };
  const checked: string[] = [];
  const unchecked: string[] = [];
  if (can.pages) checked.push('checksums of their pages');
  else unchecked.push('pages have no checksums (pg_checksums --enable gives them some)');
  if (can.indexes) checked.push(`${await checkIndexes(db)} indexes`);
  else
    unchecked.push(
      'indexes were not compared with rows (needs the extension amcheck, see docs/operations.md)',
    );
  return { checked, unchecked };
}

/** Throws what PostgreSQL says of the first that is damaged or lacks a row. */
async function checkIndexes(db: Database): Promise<number> {
  const { rows } = await sql<{ oid: number }>`
    select i.indexrelid::int8 as oid from pg_index i join pg_class c on c.oid = i.indexrelid
    join pg_am a on a.oid = c.relam
    where c.relnamespace = current_schema()::regnamespace and a.amname = 'btree' and c.relpersistence = 'p'
    order by c.relname`.execute(db);
  for (const { oid } of rows) await sql`select bt_index_check(${oid}::oid::regclass, true)`.execute(db);
  return rows.length;
}
