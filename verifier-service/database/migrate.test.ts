import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { sql } from 'kysely';
import Libsql from 'libsql';
import { scratchFolders, startTestService } from '../deployment/deployment.test-support.js';
import { damagedRows, withCheck } from './row-check.js';
import { migrate, type Migration } from './migrate.js';
import type { Database } from './schema.js';
import { openSqlite } from './sqlite.js';

/** As the first version of this program made its tables. */
const VERSION_1 = await readFile(new URL('../../database/testdata/version-1.sql', import.meta.url), 'utf8');

const apiKey = withCheck({ id: 'k', iss: null, digest: new Uint8Array(32), createdAt: 1, revokedAt: null });

const newFolder = scratchFolders();
const newFile = async (): Promise<string> => join(await newFolder(), 'service.db');

async function open(t: TestContext, file: string): Promise<Database> {
  const db = await openSqlite(file);
  t.after(() => db.destroy());
  return db;
}

/** Every table and index, as SQLite keeps them. */
async function schemaOf(db: Database): Promise<unknown[]> {
  const query = sql`select name, sql from sqlite_master where name not like 'sqlite_%' order by name`;
  return (await query.execute(db)).rows;
}

const versionsOf = async (db: Database): Promise<number[]> =>
  (await db.selectFrom('schemaVersions').select('version').orderBy('version').execute()).map(
    ({ version }) => version,
  );

void test('a database of the first version is brought up, with what it holds', async (t) => {
  const file = await newFile();
  const old = new Libsql(file);
  old.exec(VERSION_1);
  old
    .prepare('insert into apiKeys (id, iss, digest, createdAt, revokedAt, "check") values (?, ?, ?, ?, ?, ?)')
    .run(apiKey.id, null, Buffer.from(apiKey.digest), 1, null, apiKey.check);
  old.close();
  const db = await open(t, file);
  assert.deepEqual(await schemaOf(db), await schemaOf(await open(t, ':memory:')));
  assert.deepEqual(await db.selectFrom('apiKeys').selectAll().execute(), [apiKey]);
  assert.equal((await damagedRows(db)).first, null);
});

void test('opening a database again changes nothing', async (t) => {
  const file = await newFile();
  const before = await schemaOf(await open(t, file));
  const db = await open(t, file);
  assert.deepEqual(await schemaOf(db), before);
  const versions = await versionsOf(db);
  assert.deepEqual(
    versions,
    versions.map((_, at) => at + 1),
  );
});

/** A database as a later version of this program will have left it. */
async function newFileOfLater(): Promise<{ file: string; version: number }> {
  const file = await newFile();
  const db = await openSqlite(file);
  const version = (await versionsOf(db)).length + 1;
  await db
    .insertInto('schemaVersions')
    .values(withCheck({ version, appliedAt: 1 }))
    .execute();
  await sql`create table "ofLater" (a text)`.execute(db);
  await sql`pragma wal_checkpoint(truncate)`.execute(db);
  await db.destroy();
  return { file, version };
}

void test('a database of a later version is refused and left as it is', async () => {
  const { file, version } = await newFileOfLater();
  const bytes = await readFile(file);
  await assert.rejects(openSqlite(file), {
    code: 'DATA_NEWER',
    message: new RegExp(`version ${version} by a later`),
  });
  assert.ok(bytes.equals(await readFile(file)));
});

void test('a service does not start on a database of a later version, and founds nothing', async () => {
  const { file } = await newFileOfLater();
  const environment = { SPONDON_MASTER_KEY: 'A'.repeat(43) };
  await assert.rejects(startTestService(join(file, '..'), environment), { code: 'DATA_NEWER' });
  await assert.rejects(stat(join(file, '..', 'ledger', 'blocks')), { code: 'ENOENT' });
});

void test('a step that fails leaves the version before it whole, and is done again the next time', async (t) => {
  const db = await open(t, ':memory:');
  const done = await versionsOf(db);
  const addTable: Migration = (trx) => trx.schema.createTable('added').addColumn('a', 'text').execute();
  const fails: Migration = async (trx, dialect) => {
    await addTable(trx, dialect);
    throw new Error('the power went');
  };
  const steps = done.map(() => addTable);
  const before = await schemaOf(db);
  await assert.rejects(migrate(db, 'sqlite', 1, [...steps, fails]), /the power went/);
  assert.deepEqual([await schemaOf(db), await versionsOf(db)], [before, done]);
  await migrate(db, 'sqlite', 1, [...steps, addTable]);
  assert.deepEqual(await versionsOf(db), [...done, done.length + 1]);
});

void test('a version that does not follow the others is damage', async (t) => {
  const db = await open(t, ':memory:');
  await db.updateTable('schemaVersions').set({ appliedAt: 2 }).execute();
  await assert.rejects(migrate(db, 'sqlite', 1), { code: 'DATA_DAMAGED' });
});
