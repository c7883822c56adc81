import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, writeFile } from 'node:fs/promises';
import { after, before, describe, test, type TestContext } from 'node:test';
import { sql } from 'kysely';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { openForFilling, openPostgres, openPostgresAlone, withPostgresToRead } from '../database/postgres.js';
import { startTestServer, type TestServer, whyNoPostgres } from '../database/postgres.test-support.js';
import { eraseDocument } from '../documents/erase.js';
import { openEmbeddedStore } from '../ipfs/embedded.js';
import { HOSPITAL, scratchFolders, startTestService } from './deployment.test-support.js';
import { checkData } from './fsck.js';
import { damageIn, fsck } from './fsck.test-support.js';
import { foldersOf } from './folders.js';
import { forgetOwnReportKeys, rebuildDerived } from './maintenance.js';
import { tidyData } from './tidy.js';

const newFolder = scratchFolders();
const anyDatabase = () => Promise.resolve();

describe('commands on a data folder whose database is on PostgreSQL', { skip: await whyNoPostgres() }, () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.stop());

  /** A data folder and its database, in which a document was issued. */
  interface Ended {
    readonly dataDir: string;
    readonly databaseUrl: string;
  }
  let original: Ended;
  let documentId: string;
  before(async () => {
    const [dataDir, databaseUrl] = [await newFolder(), await server.newDatabase()];
    const service = await startTestService(dataDir, { SPONDON_DATABASE_URL: databaseUrl });
    documentId = (await service.issue()).body.documentId ?? '';
    await service.anchored();
    await service.close();
    original = { dataDir, databaseUrl };
  });
  async function ended(): Promise<Ended> {
    const dataDir = await newFolder();
    await cp(original.dataDir, dataDir, { recursive: true });
    return { dataDir, databaseUrl: await server.newDatabase(original.databaseUrl) };
  }
  const connect = async (t: TestContext, databaseUrl: string) => {
    const database = await openPostgres(databaseUrl);
    t.after(() => database.close());
    return database.db;
  };

  test('fsck finds a sound one sound, and says what PostgreSQL does not check', async () => {
    const { dataDir, databaseUrl } = await ended();
    const findings = await fsck(dataDir, undefined, { databaseUrl });
    assert.deepEqual(
      findings.map(({ area, damage }) => [area, damage]),
      ['ledger', 'database', 'keys', 'files', 'log', 'entries', 'queue', 'documents'].map((area) => [
        area,
        null,
      ]),
    );
    const notes = findings.flatMap((finding) => finding.notes);
    assert.deepEqual(
      notes.map(({ code }) => code),
      ['ENGINE_UNCHECKED', 'ENGINE_UNCHECKED'],
    );
  });

  test('fsck has PostgreSQL compare rows and indexes where it can', async (t) => {
    const { dataDir, databaseUrl } = await ended();
    const db = await connect(t, databaseUrl);
    await sql`create extension amcheck`.execute(db);
    const [, database] = await fsck(dataDir, undefined, { databaseUrl });
    assert.match(database?.checked ?? '', /\d+ rows, \d+ indexes/);
    // A row that its index does not know.
    await sql`update pg_index set indisready = false where indexrelid = '"statistics_pkey"'::regclass`.execute(
      db,
    );
    await sql`
      insert into "statistics" ("check", "id", "iss", "kind", "day") values ('', 'x', 'x', 'report', 'x')`.execute(
      db,
    );
    await sql`update pg_index set indisready = true where indexrelid = '"statistics_pkey"'::regclass`.execute(
      db,
    );
    const [damage] = await damageIn(dataDir, undefined, { databaseUrl });
    assert.equal(damage?.area, 'database');
    assert.match(damage.damage ?? '', /PostgreSQL: .*lacks matching index tuple/);
  });

  test('fsck finds a changed row and a document without its file, and changes nothing', async (t) => {
    const { dataDir, databaseUrl } = await ended();
    const db = await connect(t, databaseUrl);
    const { size } = await db.selectFrom('documents').select('size').executeTakeFirstOrThrow();
    await db
      .updateTable('documents')
      .set({ size: size + 1 })
      .execute();
    const [damaged, ...others] = await damageIn(dataDir, undefined, { databaseUrl });
    assert.deepEqual([damaged?.area, others], ['database', []]);
    assert.match(damaged?.damage ?? '', /row 1 of table documents/);
    await db.updateTable('documents').set({ size }).execute();

    const { cid } = await db.selectFrom('documents').select('cid').executeTakeFirstOrThrow();
    const store = await openEmbeddedStore(foldersOf(dataDir).ipfs);
    await store.remove(cid);
    const [missing] = await damageIn(dataDir, undefined, { databaseUrl });
    assert.equal(missing?.area, 'documents');
    assert.match(missing.damage ?? '', /is not in the document store/);
  });

  test('fsck goes by one moment: what another copy erases meanwhile is no damage', async (t) => {
    const { dataDir, databaseUrl } = await ended();
    const copy = await openPostgres(databaseUrl);
    t.after(() => copy.close());
    const { db, overwriteDeleted } = copy;
    const store = await openEmbeddedStore(foldersOf(dataDir).ipfs);
    const erased = { iss: HOSPITAL, jti: parseDocumentId(documentId), apiKey: 'k' };
    const areas: string[] = [];
    const isSound = await checkData(
      dataDir,
      undefined,
      async ({ area, damage }) => {
        areas.push(`${area} ${damage ?? 'ok'}`);
        if (area === 'files') await eraseDocument({ db, store, overwriteDeleted, now: Date.now }, erased);
      },
      { databaseUrl },
    );
    assert.ok(isSound, areas.join('\n'));
    assert.deepEqual(await damageIn(dataDir, undefined, { databaseUrl }), []);
  });

  test('fsck says that it cannot look when the database goes away meanwhile, and tells no damage', async () => {
    const { dataDir, databaseUrl } = await ended();
    const told: (string | null)[] = [];
    const checking = checkData(
      dataDir,
      undefined,
      async ({ area, damage }) => {
        told.push(damage);
        if (area === 'database') await server.kill();
      },
      { databaseUrl },
    );
    await assert.rejects(checking, { code: 'STORAGE_UNAVAILABLE' });
    await server.start();
    assert.ok(told.every((damage) => damage === null));
    assert.deepEqual(await damageIn(dataDir, undefined, { databaseUrl }), []);
  });

  test('fsck looks at no database of another version, and brings none to its own', async (t) => {
    const { dataDir, databaseUrl } = await ended();
    const db = await connect(t, databaseUrl);
    const last = await db
      .selectFrom('schemaVersions')
      .selectAll()
      .orderBy('version', 'desc')
      .executeTakeFirstOrThrow();
    await db.deleteFrom('schemaVersions').where('version', '=', last.version).execute();
    await assert.rejects(fsck(dataDir, undefined, { databaseUrl }), { code: 'DATA_OLDER' });
    await db.insertInto('schemaVersions').values([last]).execute();
    assert.deepEqual(await damageIn(dataDir, undefined, { databaseUrl }), []);
  });

  test('tidy removes what no document names, and nothing while any copy is at work', async () => {
    const { dataDir, databaseUrl } = await ended();
    const store = await openEmbeddedStore(foldersOf(dataDir).ipfs);
    const unnamed = await store.put(randomBytes(1000));
    // A copy with a data folder of its own.
    const copy = await openPostgres(databaseUrl);
    await assert.rejects(tidyData(dataDir, { databaseUrl }), { code: 'DATA_LOCKED' });
    await assert.rejects(forgetOwnReportKeys(dataDir, databaseUrl), { code: 'DATA_LOCKED' });
    assert.ok(await store.has(unnamed.cid));
    await copy.close();
    assert.deepEqual(await tidyData(dataDir, { databaseUrl }), { files: 1, blocks: 0 });
    assert.equal(await store.has(unnamed.cid), false);
    assert.deepEqual(await damageIn(dataDir, undefined, { databaseUrl }), []);
  });

  test('no copy starts, and none that was away goes on, beside a command that has the database to itself', async (t) => {
    const databaseUrl = await server.newDatabase();
    const copy = await openPostgres(databaseUrl);
    t.after(() => copy.close());
    await assert.rejects(openPostgresAlone(databaseUrl, anyDatabase), { code: 'DATA_LOCKED' });
    await server.kill();
    await server.start();
    const alone = await openPostgresAlone(databaseUrl, anyDatabase);
    await assert.rejects(openPostgres(databaseUrl), { code: 'DATA_LOCKED' });
    await assert.rejects(openPostgresAlone(databaseUrl, anyDatabase), { code: 'DATA_LOCKED' });
    await assert.rejects(
      withPostgresToRead(databaseUrl, anyDatabase, () => Promise.resolve()),
      { code: 'DATA_LOCKED' },
    );
    const asked = () => copy.db.selectFrom('apiKeys').selectAll().execute();
    await assert.rejects(asked(), { code: 'STORAGE_UNAVAILABLE' });
    await alone.close();
    // What the command did is unknown to it: it has to be started anew.
    await assert.rejects(asked(), { code: 'STORAGE_UNAVAILABLE', message: /restarted/ });
    assert.match((await copy.problem()) ?? '', /restart this copy/);
    const again = await openPostgres(databaseUrl);
    t.after(() => again.close());
    assert.deepEqual(await again.db.selectFrom('apiKeys').selectAll().execute(), []);
  });

  test('a command whose connection was lost does not go on by another one', async (t) => {
    const alone = await openPostgresAlone(await server.newDatabase(), anyDatabase);
    t.after(() => alone.close());
    await server.kill();
    await server.start();
    const asked = () => alone.db.selectFrom('apiKeys').selectAll().execute();
    await assert.rejects(asked(), { code: 'STORAGE_UNAVAILABLE' });
    await assert.rejects(asked(), { code: 'STORAGE_UNAVAILABLE' });
  });

  test('no command works on the database of another deployment, or without being told where it is', async () => {
    const one = await ended();
    const other = { databaseUrl: await server.newDatabase() };
    const elsewhere = await startTestService(await newFolder(), { SPONDON_DATABASE_URL: other.databaseUrl });
    await elsewhere.close();
    const empty = await server.newDatabase();
    const refused = { code: 'DATABASE_OF_ANOTHER' };
    for (const databaseUrl of [other.databaseUrl, empty]) {
      await assert.rejects(tidyData(one.dataDir, { databaseUrl }), refused);
      await assert.rejects(fsck(one.dataDir, undefined, { databaseUrl }), refused);
    }
    // Not even tables were made in it.
    await (await openForFilling(empty)).destroy();
    for (const databaseUrl of [other.databaseUrl, empty]) {
      await assert.rejects(startTestService(one.dataDir, { SPONDON_DATABASE_URL: databaseUrl }), refused);
    }
    await assert.rejects(tidyData(one.dataDir), { code: 'CONFIG_INVALID', message: /SPONDON_DATABASE_URL/ });
    await assert.rejects(fsck(one.dataDir), { code: 'CONFIG_INVALID', message: /SPONDON_DATABASE_URL/ });
    assert.deepEqual(await damageIn(one.dataDir, undefined, one), []);
  });

  test('reindex makes the derived files again', async () => {
    const { dataDir, databaseUrl } = await ended();
    await writeFile(`${foldersOf(dataDir).log}/checkpoint.json`, 'damaged');
    assert.ok((await rebuildDerived(dataDir, undefined, { databaseUrl })) > 0);
    assert.deepEqual(await damageIn(dataDir, undefined, { databaseUrl }), []);
  });

  test('renew-report-key has the next start make a new one', async () => {
    const { dataDir, databaseUrl } = await ended();
    await forgetOwnReportKeys(dataDir, databaseUrl);
    const service = await startTestService(dataDir, { SPONDON_DATABASE_URL: databaseUrl }, 'kept');
    assert.equal((await service.db.selectFrom('reportKeys').selectAll().execute()).length, 1);
    await service.close();
  });

  test('a wrong master key is told under keys', async () => {
    const { dataDir, databaseUrl } = await ended();
    const other = randomBytes(32).toString('base64url');
    const [damage, ...others] = await damageIn(dataDir, other, { databaseUrl });
    assert.deepEqual([damage?.area, others], ['keys', []]);
    assert.match(damage?.damage ?? '', /SPONDON_MASTER_KEY is the wrong one/);
  });
});
