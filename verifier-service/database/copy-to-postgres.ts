import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { createTables } from './migrate.js';
import { openForFilling } from './postgres.js';
import { rowCheck } from './row-check.js';
import type { Database } from './schema.js';

/** Whatever tables there are: what a migration adds is copied without a word here. */
type AnyTables = Kysely<Record<string, Row>>;
type Row = Record<string, string | number | Uint8Array | null>;

export interface CopiedTable {
  readonly table: string;
  readonly rows: number;
}

const ROWS_AT_ONCE = 500;
/** The target has its own: of when its tables were made. */
const OWN_TABLE = 'schemaVersions';

/**
 * Copies everything in an embedded database, of this version's schema, into an empty one on PostgreSQL, and reads it back:
 * all in one transaction, so that whatever cuts it short leaves the target empty. Numbers go on after the last that was
 * ever given. Throws `DATABASE_NOT_EMPTY`, `DATA_LOCKED`, `STORAGE_UNAVAILABLE`.
 */
export async function copyToPostgres(source: Database, url: string, now: number): Promise<CopiedTable[]> {
  const db = await openForFilling(url);
  try {
    return await db.transaction().execute(async (trx) => {
      await createTables(trx, now);
      const tables = (await source.introspection.getTables()).map(({ name }) => name).sort();
      const copied: CopiedTable[] = [];
      for (const table of tables.filter((name) => name !== OWN_TABLE))
        copied.push(await copyTable(anyTables(source), anyTables(trx), table));
      await goOnCounting(source, trx);
      return copied;
    });
  } finally {
    await db.destroy();
  }
}

function anyTables(db: Database): AnyTables {
  return db as unknown as AnyTables;
}

async function copyTable(source: AnyTables, target: AnyTables, table: string): Promise<CopiedTable> {
  const read = new Tally();
  let rows: Row[] = [];
  const insert = async (): Promise<void> => {
    if (rows.length > 0) await target.insertInto(table).values(rows).execute();
    rows = [];
  };
  for await (const row of source.selectFrom(table).selectAll().stream(ROWS_AT_ONCE)) {
    read.add(row);
    if (rows.push(row) === ROWS_AT_ONCE) await insert();
  }
  await insert();
  const written = new Tally();
  for await (const row of target.selectFrom(table).selectAll().stream(ROWS_AT_ONCE)) written.add(row);
  if (!written.equals(read)) throw new TypeError(`table ${table} does not read back as it was written`);
  return { table, rows: read.rows };
}

/** Tells whether two lots of rows are the same ones, in whatever order. */
class Tally {
  rows = 0;
  #sum = 0n;

  add(row: Row): void {
    const digest = createHash('sha256')
      .update(rowCheck(row))
      .update(String(row.check ?? ''));
    this.#sum = BigInt.asUintN(256, this.#sum + BigInt(`0x${digest.digest('hex')}`));
    this.rows += 1;
  }

  equals(other: Tally): boolean {
    return this.rows === other.rows && this.#sum === other.#sum;
  }
}

/** A number that was given once is never given again, also when its row is gone. */
async function goOnCounting(source: Database, target: Database): Promise<void> {
  const counted = await sql<{ table: string; last: number }>`
    select "name" as "table", "seq" as "last" from sqlite_sequence`.execute(source);
  const { rows: columns } = await sql<{ table: string; column: string }>`
    select table_name as "table", column_name as "column" from information_schema.columns
    where table_schema = current_schema() and column_default like 'nextval(%'`.execute(target);
  for (const { table, column } of columns) {
    const last = counted.rows.find((each) => each.table === table)?.last ?? 0;
    if (last > 0)
      await sql`
        select setval(pg_get_serial_sequence(quote_ident(${table}), ${column}), ${last}::int8)`.execute(
        target,
      );
  }
}
