import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { withCheck } from './row-check.js';
import type { Database } from './schema.js';
import { openSqlite } from './sqlite.js';

const row = (id: number, filler: string) =>
  withCheck({
    id: `${id}`,
    iss: filler,
    kind: 'report' as const,
    icd10: null,
    upazila: null,
    ageBand: null,
    day: '',
  });

async function count(db: Database): Promise<number> {
  return (await db.selectFrom('statistics').select('id').execute()).length;
}

void test('a transaction that finds no room says so, leaves nothing, and the next one with room succeeds', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-sqlite-'));
  t.after(() => rm(folder, { recursive: true }));
  const db = await openSqlite(join(folder, 'service.db'));
  t.after(() => db.destroy());
  await sql`pragma max_page_count = 60`.execute(db);
  const write = (from: number) =>
    db.transaction().execute(async (trx) => {
      for (let id = from; id < from + 100; id += 1)
        await trx
          .insertInto('statistics')
          .values(row(id, 'x'.repeat(3000)))
          .execute();
    });
  await assert.rejects(write(0), { code: 'SQLITE_FULL' });
  assert.equal(await count(db), 0);
  await db.insertInto('statistics').values(row(1000, 'x')).execute();
  await sql`pragma max_page_count = 6000`.execute(db);
  await write(0);
  assert.equal(await count(db), 101);
});
