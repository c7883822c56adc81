import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import Libsql from 'libsql';
import pg from 'pg';
import { copyToPostgres } from '../database/copy-to-postgres.js';
import { openPostgres } from '../database/postgres.js';
import { startTestServer, type TestServer, whyNoPostgres } from '../database/postgres.test-support.js';
import { openSqlite } from '../database/sqlite.js';
import { copyData } from './backup.js';
import {
  admitHomeHospital,
  filesIn,
  hexOf,
  issueStatement,
  newHomeKey,
  scratchFolders,
  signed,
  startTestService,
} from './deployment.test-support.js';
import { damageIn } from './fsck.test-support.js';
import { moveDatabase } from './move-database.js';

const newFolder = scratchFolders();

describe('moving the embedded database to PostgreSQL', { skip: await whyNoPostgres() }, () => {
  let server: TestServer;
  let original: string;
  /** Without what is only made to look as if. */
  let sound: string;
  let hospitalKey: string;
  let documentId: string;
  /** What the service has counted up to in its queue. */
  let lastSeq: number;
  before(async () => {
    server = await startTestServer();
    original = await newFolder();
    const service = await startTestService(original);
    ({ hospitalKey } = service);
    const facts = { patientId: 'token-0003', statistics: { icd10: 'D50' } };
    documentId = (await service.issue(facts, { 'idempotency-key': 'one' })).body.documentId ?? '';
    const key = newHomeKey();
    const apiKey = await admitHomeHospital(service, key);
    const statements = await Promise.all(Array.from({ length: 700 }, () => signed(issueStatement(), key)));
    await service.ask('POST', '/v1/statements', { key: apiKey, json: { statements } });
    await service.anchored();
    await service.close();
    const file = new Libsql(join(original, 'service.db'));
    [[lastSeq = 0] = []] = file.prepare('select seq from sqlite_sequence').raw().all() as number[][];
    file.close();
    sound = join(await newFolder(), 'sound');
    await copyData(original, sound);
    // As if they still waited, and one had been refused.
    const db = await openSqlite(join(original, 'service.db'));
    const row = { mspId: 'SpondonMSP', iss: 'x', op: 'issue', statement: 's', acceptedAt: 2 ** 50 } as const;
    const waiting = Array.from({ length: 1201 }, (_, at) => ({ ...row, jti: `w${at}`, sha256: 'h' }));
    await db.insertInto('queue').values(waiting).execute();
    await db
      .insertInto('refused')
      .values({ ...row, seq: lastSeq, jti: 'r', refusedAt: 2 ** 50, code: 'C', message: 'বাংলা' })
      .execute();
    await db.destroy();
    lastSeq += waiting.length;
  });
  after(() => server.stop());

  async function folderLike(folder = original): Promise<string> {
    const dataDir = join(await newFolder(), 'data');
    await copyData(folder, dataDir);
    await cp(join(original, 'master.key'), join(dataDir, 'master.key'));
    return dataDir;
  }
  async function databaseIn(folder: string) {
    const files = (await filesIn(folder)).filter((path) => basename(path).startsWith('service.db'));
    return Promise.all(files.map(async (path) => [path, hexOf(await readFile(path))] as const));
  }
  async function tablesIn(databaseUrl: string): Promise<number> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ count: string }>(
      `select count(*) from pg_tables where schemaname = 'public'`,
    );
    await client.end();
    return Number(rows[0]?.count);
  }

  test('every row arrives as it was, and numbers go on after the last that was ever given', async () => {
    const [dataDir, databaseUrl] = [await folderLike(), await server.newDatabase()];
    const copied = await moveDatabase(dataDir, databaseUrl);
    const source = await openSqlite(join(original, 'service.db'));
    const target = await openPostgres(databaseUrl);
    assert.ok(copied.some(({ table, rows }) => table === 'queue' && rows === 1201));
    for (const { table, rows } of copied) {
      const name = table as 'apiKeys';
      const there = await target.db.selectFrom(name).selectAll().execute();
      assert.equal(there.length, rows, table);
      const sorted = (list: object[]) =>
        list.map((row) => JSON.stringify(row, Object.keys(row).sort())).sort();
      assert.deepEqual(sorted(there), sorted(await source.selectFrom(name).selectAll().execute()), table);
    }
    const { db } = target;
    await db.deleteFrom('queue').execute();
    await db
      .insertInto('queue')
      .values({ mspId: 'M', iss: 'x', jti: 'new', op: 'issue', statement: 's', acceptedAt: 1 })
      .execute();
    assert.deepEqual(await db.selectFrom('queue').select('seq').execute(), [{ seq: lastSeq + 1 }]);
    await target.close();
    await source.destroy();
  });

  test('the service goes on there, and fsck finds all of it sound; service.db stays as it was', async () => {
    const [dataDir, databaseUrl] = [await folderLike(sound), await server.newDatabase()];
    const before = await databaseIn(dataDir);
    await moveDatabase(dataDir, databaseUrl);
    assert.deepEqual(await databaseIn(dataDir), before);
    assert.deepEqual(await damageIn(dataDir, undefined, { databaseUrl }), []);
    await assert.rejects(startTestService(dataDir), {
      code: 'CONFIG_INVALID',
      message: /SPONDON_DATABASE_URL/,
    });
    await assert.rejects(moveDatabase(dataDir, databaseUrl), { code: 'CONFIG_INVALID' });
    const service = await startTestService(dataDir, { SPONDON_DATABASE_URL: databaseUrl }, hospitalKey);
    const file = await service.ask('GET', `/v1/documents/${documentId}/file`, { key: hospitalKey });
    assert.equal(file.status, 200);
    const repeated = await service.issue(
      { patientId: 'token-0003', statistics: { icd10: 'D50' } },
      { 'idempotency-key': 'two' },
    );
    assert.equal(repeated.status, 201);
    await service.anchored();
    await service.close();
    assert.deepEqual(await damageIn(dataDir, undefined, { databaseUrl }), []);
  });

  test('nothing is copied into a database that holds anything, or is in use', async () => {
    const dataDir = await folderLike();
    const full = await server.newDatabase();
    const copy = await openPostgres(full);
    await assert.rejects(moveDatabase(dataDir, full), { code: 'DATA_LOCKED' });
    await copy.close();
    await assert.rejects(moveDatabase(dataDir, full), { code: 'DATABASE_NOT_EMPTY' });
    await assert.rejects(async () => moveDatabase(dataDir, null), { code: 'CONFIG_INVALID' });
    // Still the embedded one.
    await moveDatabase(dataDir, await server.newDatabase());
  });

  test('a damaged database, or one that no service of this version has opened, is not copied', async () => {
    const databaseUrl = await server.newDatabase();
    const [damaged, unopened] = [await folderLike(), await folderLike()];
    const one = await openSqlite(join(damaged, 'service.db'));
    await one.updateTable('documents').set({ size: 1 }).execute();
    await one.destroy();
    await assert.rejects(moveDatabase(damaged, databaseUrl), { code: 'DATA_DAMAGED' });
    const other = await openSqlite(join(unopened, 'service.db'));
    await other.deleteFrom('belongsTo').execute();
    await other.destroy();
    await assert.rejects(moveDatabase(unopened, databaseUrl), { code: 'CONFIG_INVALID' });
    assert.equal(await tablesIn(databaseUrl), 0);
  });

  test('cut short, it leaves an empty database and the folder as it was', async () => {
    const [dataDir, databaseUrl] = [await folderLike(), await server.newDatabase()];
    const file = new Libsql(join(dataDir, 'service.db'));
    // Found late in the copying: PostgreSQL keeps whole milliseconds.
    file.exec('update refused set "refusedAt" = 1.5');
    file.close();
    await assert.rejects(moveDatabase(dataDir, databaseUrl));
    assert.equal(await tablesIn(databaseUrl), 0);

    const db = await openSqlite(join(dataDir, 'service.db'));
    await db.updateTable('refused').set({ refusedAt: 1 }).execute();
    let reads = 0;
    const interrupted = db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        reads += 1;
        if (reads === 5) await server.kill();
        return result;
      },
    });
    await assert.rejects(copyToPostgres(interrupted, databaseUrl, 0), { code: 'STORAGE_UNAVAILABLE' });
    await db.destroy();
    await assert.rejects(moveDatabase(dataDir, databaseUrl), { code: 'STORAGE_UNAVAILABLE' });
    await server.start();
    assert.equal(await tablesIn(databaseUrl), 0);
    await moveDatabase(dataDir, databaseUrl);
  });
});
