import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { encodeBase64url } from '@spondon/protocol/base64url';
import type { Database } from '../database/schema.js';
import { openPostgres, openPostgresAlone } from '../database/postgres.js';
import { startTestServer, type TestServer, whyNoPostgres } from '../database/postgres.test-support.js';
import { openEmbedded } from '../database/sqlite.js';
import { createVault, keyIdOf } from '../vault/seal.js';
import { scratchFolders, startTestService } from './deployment.test-support.js';
import { copyData } from './backup.js';
import { foldersOf } from './folders.js';
import { damageIn } from './fsck.test-support.js';
import { changeMasterKey, masterKeyChange } from './master-key-change.js';
import { openVault } from './open-vault.js';

const STEPS = 4;
const newFolder = scratchFolders();
const anyDatabase = () => Promise.resolve();
const newKey = (): string => encodeBase64url(randomBytes(32));
const keyIdOfText = (text: string): string => createVault(Buffer.from(text, 'base64url'), randomBytes).keyId;

/** Ids of the keys under which anything in the database is sealed, in whichever table and column it stands. */
async function keyIdsIn(db: Database): Promise<string[]> {
  const found = new Set<string>();
  for (const { name } of await db.introspection.getTables()) {
    for (const row of await db
      .selectFrom(name as 'issuerKeys')
      .selectAll()
      .execute()) {
      for (const value of Object.values(row)) {
        const id = value instanceof Uint8Array ? keyIdOf(value) : null;
        if (id !== null) found.add(id);
      }
    }
  }
  return [...found];
}

const keyFilesIn = async (dataDir: string): Promise<string[]> =>
  (await readdir(dataDir)).filter((name) => name.startsWith('master.key')).sort();

describe(
  'the master key of a deployment whose database is on PostgreSQL',
  { skip: await whyNoPostgres() },
  () => {
    let server: TestServer;
    let original: Place;
    let oldKey: string;
    let hospitalKey: string;
    let documentId: string;
    interface Place {
      readonly dataDir: string;
      readonly databaseUrl: string;
    }
    before(async () => {
      server = await startTestServer();
      original = { dataDir: await newFolder(), databaseUrl: await server.newDatabase() };
      const service = await startTestService(original.dataDir, {
        SPONDON_DATABASE_URL: original.databaseUrl,
      });
      documentId = (await service.issue()).body.documentId ?? '';
      hospitalKey = service.hospitalKey;
      await service.anchored();
      await service.close();
      oldKey = (await readFile(join(original.dataDir, 'master.key'), 'utf8')).trim();
    });
    after(() => server.stop());

    async function copyOf(): Promise<Place> {
      const dataDir = await newFolder();
      await cp(original.dataDir, dataDir, { recursive: true });
      return { dataDir, databaseUrl: await server.newDatabase(original.databaseUrl) };
    }
    const keyIn = async ({ dataDir }: Place): Promise<string> =>
      (await readFile(join(dataDir, 'master.key'), 'utf8')).trim();
    const soundUnder = async ({ dataDir, databaseUrl }: Place, key?: string): Promise<void> =>
      assert.deepEqual(await damageIn(dataDir, key, { databaseUrl }), []);

    /** Goes so many steps, and then no further, as a crash would have it. */
    async function crashAfter(steps: number, { dataDir, databaseUrl }: Place, next?: string): Promise<void> {
      const database = await openPostgresAlone(databaseUrl, anyDatabase);
      const present = next === undefined ? undefined : oldKey;
      const change = masterKeyChange(foldersOf(dataDir), database, { present, next });
      for (let step = 0; step < steps; step += 1) assert.equal((await change.next()).done, false);
      await database.close();
    }

    test('everything opens under the new key, nothing is left under the old one, and documents go on', async () => {
      const place = await copyOf();
      const { from, to } = await changeMasterKey(
        place.dataDir,
        { present: undefined, next: undefined },
        place.databaseUrl,
      );
      assert.equal(from, keyIdOfText(oldKey));
      assert.deepEqual(await keyFilesIn(place.dataDir), ['master.key', `master.key.${from}`]);
      await soundUnder(place);
      const env = { SPONDON_DATABASE_URL: place.databaseUrl };
      const service = await startTestService(place.dataDir, env, hospitalKey);
      assert.deepEqual(await keyIdsIn(service.db), [to]);
      const file = await service.ask('GET', `/v1/documents/${documentId}/file`, { key: hospitalKey });
      assert.equal(file.status, 200);
      assert.equal((await service.issue()).status, 201);
      await service.anchored();
      await service.close();
      await soundUnder(place);
    });

    for (let steps = 1; steps <= STEPS; steps += 1) {
      // From the third on, the database is sealed anew.
      const isNew = steps >= 3;

      test(`a crash after step ${steps} leaves what opens with the ${isNew ? 'new' : 'old'} key`, async () => {
        const place = await copyOf();
        await crashAfter(steps, place);
        await soundUnder(place);
        assert.equal((await keyIn(place)) !== oldKey, isNew);
        assert.equal((await keyFilesIn(place.dataDir)).length, isNew ? 2 : 1);

        const other = await copyOf();
        const next = newKey();
        await crashAfter(steps, other, next);
        const [right, wrong] = isNew ? [next, oldKey] : [oldKey, next];
        const [damage, ...others] = await damageIn(other.dataDir, wrong, { databaseUrl: other.databaseUrl });
        assert.deepEqual([damage?.area, others], ['keys', []]);
        assert.match(damage?.damage ?? '', new RegExp(`is the wrong one.*id ${keyIdOfText(right)},`));
        await soundUnder(other, right);
      });
    }

    test('a database that goes away meanwhile leaves what opens with the old key, and the change can be asked for again', async () => {
      const place = await copyOf();
      const database = await openPostgresAlone(place.databaseUrl, anyDatabase);
      const change = masterKeyChange(foldersOf(place.dataDir), database, {
        present: undefined,
        next: undefined,
      });
      await change.next();
      await change.next();
      await server.kill();
      await assert.rejects(change.next(), { code: 'STORAGE_UNAVAILABLE' });
      await database.close();
      await server.start();
      await soundUnder(place);
      assert.equal(await keyIn(place), oldKey);
      await changeMasterKey(place.dataDir, { present: undefined, next: undefined }, place.databaseUrl);
      await soundUnder(place);
      assert.notEqual(await keyIn(place), oldKey);
    });

    test('nothing is changed beside a running copy, with a wrong key, or in the database of another deployment', async () => {
      const place = await copyOf();
      const copy = await openPostgres(place.databaseUrl);
      const change = (present?: string, next?: string, databaseUrl = place.databaseUrl) =>
        changeMasterKey(place.dataDir, { present, next }, databaseUrl);
      await assert.rejects(change(), { code: 'DATA_LOCKED' });
      await copy.close();
      await assert.rejects(change(newKey(), newKey()), { code: 'MASTER_KEY_WRONG' });
      await assert.rejects(change(oldKey, oldKey), { code: 'CONFIG_INVALID' });
      await assert.rejects(change(oldKey, newKey(), await server.newDatabase()), {
        code: 'DATABASE_OF_ANOTHER',
      });
      assert.deepEqual(await keyFilesIn(place.dataDir), ['master.key']);
      await soundUnder(place, oldKey);
    });

    test('another copy is told which key is in force, and goes on when it has that', async () => {
      const place = await copyOf();
      const next = newKey();
      await changeMasterKey(place.dataDir, { present: oldKey, next }, place.databaseUrl);
      // A copy whose ledger is on a network has nothing in its folder that is sealed.
      const folders = foldersOf(await newFolder());
      await writeFile(folders.masterKey, oldKey, { mode: 0o600 });
      const { db, close } = await openPostgres(place.databaseUrl);
      await assert.rejects(openVault(folders, undefined, db), {
        code: 'MASTER_KEY_WRONG',
        message: new RegExp(`id ${keyIdOfText(next)},`),
      });
      await writeFile(folders.masterKey, next);
      assert.equal((await openVault(folders, undefined, db)).keyId, keyIdOfText(next));
      await close();
    });
  },
);

describe('the master key of a deployment whose ledger is on a network', () => {
  let original: string;
  let oldKey: string;
  before(async () => {
    original = await newFolder();
    const service = await startTestService(original);
    await service.issue();
    await service.anchored();
    await service.close();
    oldKey = (await readFile(join(original, 'master.key'), 'utf8')).trim();
  });
  /** Such a folder holds no ledger; what else is in it is the same. */
  async function withoutLedger(): Promise<string> {
    const dataDir = join(await newFolder(), 'data');
    await copyData(original, dataDir);
    await rm(join(dataDir, 'ledger'), { recursive: true });
    await writeFile(join(dataDir, 'master.key'), oldKey, { mode: 0o600 });
    return dataDir;
  }

  for (let steps = 0; steps <= STEPS + 1; steps += 1) {
    const isNew = steps >= 3;
    void test(`cut short after step ${steps}, it is the ${isNew ? 'new' : 'old'} one, for the file and for everything in the database`, async () => {
      const dataDir = await withoutLedger();
      const folders = foldersOf(dataDir);
      const database = await openEmbedded(folders.database);
      const change = masterKeyChange(folders, database, { present: undefined, next: undefined });
      for (let step = 0; step < steps; step += 1) await change.next();
      const { keyId } = await openVault(folders, undefined);
      assert.equal(keyId !== keyIdOfText(oldKey), isNew);
      assert.deepEqual(await keyIdsIn(database.db), [keyId]);
      const kept = isNew ? ['master.key', `master.key.${keyIdOfText(oldKey)}`] : ['master.key'];
      assert.deepEqual(await keyFilesIn(dataDir), kept);
      await database.close();
    });
  }
});
