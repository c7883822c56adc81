import { createHash } from 'node:crypto';
import type { Database } from './schema.js';

/**
 * Each row of these tables carries a checksum of its other columns, so that damage on the disk is found by fsck even
 * where nothing else depends on a column. It is against accidents, not against somebody who can write the database.
 * (Rows of the queue are compared with their statements instead, which are signed, and with what their indexes repeat.)
 */
const CHECKED = [
  'schemaVersions',
  'belongsTo',
  'documents',
  'erasures',
  'statistics',
  'issuerKeys',
  'facilityKeys',
  'reportKeys',
  'apiKeys',
  'idempotency',
] as const;

type Value = string | number | Uint8Array | null;
const CHECK_CHARACTERS = 16;

export function rowCheck(row: Readonly<Record<string, Value>>): string {
  const parts: Uint8Array[] = [];
  for (const name of Object.keys(row).sort()) {
    if (name === 'check') continue;
    const value = row[name] ?? null;
    const bytes = value instanceof Uint8Array ? value : Buffer.from(String(value ?? ''));
    parts.push(Buffer.from(`${name} ${typeof value} ${bytes.length} `), bytes);
  }
  const hash = createHash('sha256').update(Buffer.concat(parts));
  return hash.digest('base64url').slice(0, CHECK_CHARACTERS);
}

/** The row with its checksum, ready to be inserted. */
export function withCheck<Row extends Readonly<Record<string, Value>>>(row: Row): Row & { check: string } {
  return { ...row, check: rowCheck(row) };
}

const ROWS_AT_ONCE = 1000;

/** Counts all rows, and names the first whose checksum is wrong. */
export async function damagedRows(db: Database): Promise<{ count: number; first: string | null }> {
  let count = 0;
  let first: string | null = null;
  for (const table of CHECKED) {
    let number = 0;
    for await (const row of db.selectFrom(table).selectAll().stream(ROWS_AT_ONCE)) {
      number += 1;
      if (row.check !== rowCheck(row)) first ??= `row ${number} of table ${table}`;
    }
    count += number;
  }
  return { count, first };
}
