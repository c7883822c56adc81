import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { sql } from 'kysely';
import { openForFilling, openPostgres, openPostgresAlone } from '../database/postgres.js';
import { startTestServer, type TestServer, whyNoPostgres } from '../database/postgres.test-support.js';
import { copyData, restoreData } from './backup.js';
import { filesIn, scratchFolders, startTestService, type TestService } from './deployment.test-support.js';
import { damageIn } from './fsck.test-support.js';
import { changeMasterKey } from './master-key-change.js';
import { tidyData } from './tidy.js';

const newFolder = scratchFolders();
const anyDatabase = () => Promise.resolve();
const newPath = async (): Promise<string> => join(await newFolder(), 'data');
const { PATH = '' } = process.env;
const hasPrograms = PATH.split(delimiter).some((folder) => existsSync(join(folder, 'pg_dump')));
const why = (await whyNoPostgres()) || (!hasPrograms && 'pg_dump is not on PATH');

describe('a backup of a deployment whose database is on PostgreSQL', { skip: why }, () => {
  let server: TestServer;
  let service: TestService;
  let databaseUrl: string;
  let dataDir: string;
  let documentId: string;
  /** Taken while the service worked. */
  let backup: string;
  before(async () => {
    server = await startTestServer();
    [dataDir, databaseUrl, backup] = [await newPath(), await server.newDatabase(), await newPath()];
    service = await startTestService(dataDir, { SPONDON_DATABASE_URL: databaseUrl });
    documentId = (await service.issue()).body.documentId ?? '';
    // A superuser's, which the role that restores could not make.
    await sql`create extension amcheck`.execute(service.db);
    await sql`create role plain login`.execute(service.db);
    const issuing = Promise.all(Array.from({ length: 4 }, () => service.issue()));
    await copyData(dataDir, backup, { databaseUrl });
    await issuing;
    await service.anchored();
    await service.close();
  });
  after(() => server.stop());

  const putKey = (folder: string) => copyFile(join(dataDir, 'master.key'), join(folder, 'master.key'));
  async function copyOfBackup(): Promise<string> {
    const copy = await newPath();
    await cp(backup, copy, { recursive: true });
    return copy;
  }
  async function newDatabaseOfPlainRole(): Promise<string> {
    const url = await server.newDatabase();
    const owner = await openForFilling(url);
    await sql`alter database ${sql.id(new URL(url).pathname.slice(1))} owner to plain`.execute(owner);
    await owner.destroy();
    return url.replace('spondon@', 'plain@');
  }
  async function assertEmpty(url: string): Promise<void> {
    const database = await openPostgresAlone(url, anyDatabase);
    assert.deepEqual(await database.db.selectFrom('belongsTo').selectAll().execute(), []);
    await database.close();
  }
  /** Other programs than PostgreSQL's, or none. */
  function withPath(t: TestContext, folder: string): void {
    t.after(() => (process.env.PATH = PATH));
    process.env.PATH = folder;
  }

  test('is restored into an empty database and an empty folder, and fsck finds all of it sound', async () => {
    const [restored, url] = [await newPath(), await newDatabaseOfPlainRole()];
    const outcome = await restoreData(backup, restored, url);
    assert.deepEqual(outcome, { isChecked: true, lacksDatabase: false });
    assert.deepEqual((await readdir(restored)).sort(), ['ipfs', 'ledger', 'on-postgres']);
    for (const path of await filesIn(backup)) assert.equal((await stat(path)).mode & 0o077, 0, path);
    await putKey(restored);
    assert.deepEqual(await damageIn(restored, undefined, { databaseUrl: url }), []);
    const { hospitalKey } = service;
    const again = await startTestService(restored, { SPONDON_DATABASE_URL: url }, hospitalKey);
    const file = await again.ask('GET', `/v1/documents/${documentId}/file`, { key: hospitalKey });
    assert.equal(file.status, 200);
    assert.equal((await again.issue()).status, 201);
    await again.anchored();
    await again.close();
    assert.deepEqual(await damageIn(restored, undefined, { databaseUrl: url }), []);
  });

  test('has a password in no argument of a program that others may read', async (t) => {
    const fake = await newFolder();
    const seen = join(fake, 'seen');
    await writeFile(
      join(fake, 'pg_dump'),
      `#!/bin/sh\nprintf '%s\\n' "$PGPASSWORD" "$@" > ${seen}\nexit 1\n`,
    );
    await chmod(join(fake, 'pg_dump'), 0o700);
    withPath(t, `${fake}${delimiter}${PATH}`);
    const withPassword = databaseUrl.replace('spondon@', 'spondon:se%20cret@');
    const target = await newPath();
    await assert.rejects(copyData(dataDir, target, { databaseUrl: withPassword }), {
      code: 'PROGRAM_FAILED',
    });
    const [password, ...args] = (await readFile(seen, 'utf8')).trimEnd().split('\n');
    assert.equal(password, 'se cret');
    assert.doesNotMatch(args.join(' '), /se.{0,3}cret/);
    // A dump that failed is no backup.
    assert.deepEqual(await readdir(target), []);
  });

  test('is not begun without pg_dump: it says what to do, and can be taken without the database', async (t) => {
    withPath(t, await newFolder());
    const target = await newPath();
    await assert.rejects(copyData(dataDir, target, { databaseUrl }), {
      code: 'PROGRAM_MISSING',
      message: /pg_dump --format=custom .*--without-database/,
    });
    assert.equal(existsSync(target), false);
    await copyData(dataDir, target, { databaseUrl, withoutDatabase: true });
    const restored = await newPath();
    assert.deepEqual(await restoreData(target, restored), { isChecked: true, lacksDatabase: true });
    await putKey(restored);
    assert.deepEqual(await damageIn(restored, undefined, { databaseUrl }), []);
    await assert.rejects(restoreData(backup, await newPath(), await server.newDatabase()), {
      code: 'PROGRAM_MISSING',
    });
  });

  test('is not restored over anything, nor without an address, and leaves nothing then', async () => {
    const target = await newPath();
    await assert.rejects(restoreData(backup, target, databaseUrl), { code: 'DATABASE_NOT_EMPTY' });
    await assert.rejects(restoreData(backup, target), {
      code: 'CONFIG_INVALID',
      message: /SPONDON_DATABASE_URL/,
    });
    assert.equal(existsSync(target), false);
    const full = await newFolder();
    await writeFile(join(full, 'mine'), 'mine');
    const url = await server.newDatabase();
    await assert.rejects(restoreData(backup, full, url), { code: 'CONFIG_INVALID' });
    await assertEmpty(url);
  });

  test('is refused when any part of it is damaged or missing, and nothing of it is restored', async () => {
    for (const file of ['database.dump', 'on-postgres', 'ledger/blocks']) {
      const copy = await copyOfBackup();
      const bytes = await readFile(join(copy, file));
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      await writeFile(join(copy, file), bytes);
      const [target, url] = [await newPath(), await server.newDatabase()];
      await assert.rejects(restoreData(copy, target, url), { code: 'DATA_DAMAGED' }, file);
      assert.deepEqual(await readdir(target), []);
      await assertEmpty(url);
    }
  });

  test('is of no other database than the folder’s, and not taken while that is away', async () => {
    const target = await newPath();
    const other = await server.newDatabase();
    await (await startTestService(await newPath(), { SPONDON_DATABASE_URL: other })).close();
    await assert.rejects(copyData(dataDir, target, { databaseUrl: other }), { code: 'DATABASE_OF_ANOTHER' });
    await server.kill();
    await assert.rejects(copyData(dataDir, target, { databaseUrl }), { code: 'STORAGE_UNAVAILABLE' });
    await server.start();
    assert.equal(existsSync(target), false);
  });

  test('is no folder to work on: nobody changes the living database by it', async () => {
    const refused = { code: 'CONFIG_INVALID', message: /restore it/ };
    const keys = { present: undefined, next: undefined };
    await assert.rejects(changeMasterKey(backup, keys, databaseUrl), refused);
    await assert.rejects(tidyData(backup, { databaseUrl }), refused);
    await assert.rejects(damageIn(backup, undefined, { databaseUrl }), refused);
    const copy = await copyOfBackup();
    await assert.rejects(startTestService(copy, { SPONDON_DATABASE_URL: databaseUrl }), refused);
    const { db, close } = await openPostgres(databaseUrl);
    assert.ok((await db.selectFrom('documents').selectAll().execute()).length >= 5);
    await close();
  });
});
