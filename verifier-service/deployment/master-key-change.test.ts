import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { pino } from 'pino';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { openEmbedded } from '../database/sqlite.js';
import { createVault } from '../vault/seal.js';
import { configFor, scratchFolders, startTestService, type TestService } from './deployment.test-support.js';
import { startService } from './start.js';
import { foldersOf } from './folders.js';
import { damageIn } from './fsck.test-support.js';
import { copyData } from './backup.js';
import { changeMasterKey, masterKeyChange } from './master-key-change.js';

const STEPS = 4;
const newKey = (): string => encodeBase64url(randomBytes(32));
const keyIdOf = (text: string): string => createVault(Buffer.from(text, 'base64url'), randomBytes).keyId;

const root = await scratchFolders()();
let original: string;
let oldKey: string;
let documentId: string;
let hospitalKey: string;
before(async () => {
  original = join(root, 'original');
  const service = await startTestService(original);
  documentId = (await service.issue()).body.documentId ?? '';
  hospitalKey = service.hospitalKey;
  await service.anchored();
  await service.close();
  oldKey = (await readFile(join(original, 'master.key'), 'utf8')).trim();
});

async function copyOf(name: string): Promise<string> {
  const folder = join(root, name);
  await copyData(original, folder);
  await writeFile(join(folder, 'master.key'), oldKey, { mode: 0o600 });
  return folder;
}

/** Goes so many steps, and then no further, as a crash would have it. */
async function crashAfter(steps: number, folder: string, next?: string): Promise<void> {
  const folders = foldersOf(folder);
  const database = await openEmbedded(folders.database);
  const present = next === undefined ? undefined : oldKey;
  const change = masterKeyChange(folders, database, { present, next });
  for (let step = 0; step < steps; step += 1) assert.equal((await change.next()).done, false);
  await database.close();
}

const keyIn = async (folder: string): Promise<string> =>
  (await readFile(join(folder, 'master.key'), 'utf8')).trim();

void test('everything opens under the new key, and the old one is kept for the backups', async () => {
  const folder = await copyOf('changed');
  const change = await changeMasterKey(folder, { present: undefined, next: undefined });
  const key = await keyIn(folder);
  assert.deepEqual(change, {
    from: keyIdOf(oldKey),
    to: keyIdOf(key),
    newFile: join(folder, 'master.key'),
    oldFile: join(folder, `master.key.${keyIdOf(oldKey)}`),
  });
  assert.equal((await readFile(change.oldFile, 'utf8')).trim(), oldKey);
  assert.deepEqual(await damageIn(folder), []);

  const service: TestService = await startTestService(folder, {}, hospitalKey);
  const file = await service.ask('GET', `/v1/documents/${documentId}/file`, { key: hospitalKey });
  assert.equal(file.status, 200);
  assert.equal((await service.issue()).status, 201);
  await service.anchored();
  await service.close();
  assert.deepEqual(await damageIn(folder), []);
});

for (let steps = 1; steps <= STEPS; steps += 1) {
  // From the third on, the database is sealed anew.
  const isNew = steps >= 3;

  void test(`a crash after step ${steps} leaves a folder that opens with the ${isNew ? 'new' : 'old'} key in its file`, async () => {
    const folder = await copyOf(`file-${steps}`);
    await crashAfter(steps, folder);
    assert.deepEqual(await damageIn(folder), []);
    const key = await keyIn(folder);
    assert.equal(key !== oldKey, isNew);
    const keys = (await readdir(folder)).filter((name) => name.startsWith('master.key')).sort();
    assert.deepEqual(keys, isNew ? ['master.key', `master.key.${keyIdOf(oldKey)}`] : ['master.key']);
    // What was cut short can be asked for again.
    await changeMasterKey(folder, { present: undefined, next: undefined });
    assert.deepEqual(await damageIn(folder), []);
  });

  void test(`a crash after step ${steps} leaves a folder that says which key from the environment opens it`, async () => {
    const folder = await copyOf(`environment-${steps}`);
    const next = newKey();
    await crashAfter(steps, folder, next);
    const [right, wrong] = isNew ? [next, oldKey] : [oldKey, next];
    const [damage, ...others] = await damageIn(folder, wrong);
    assert.deepEqual([damage?.area, others], ['keys', []]);
    assert.match(
      damage?.damage ?? '',
      new RegExp(`SPONDON_MASTER_KEY is the wrong one.*id ${keyIdOf(right)},`),
    );
    assert.deepEqual(await damageIn(folder, right), []);
  });
}

void test('where the key of reports is all that is sealed in the database, a crash leaves a whole folder too', async () => {
  const folder = join(root, 'no-facility');
  const start = async () => startService(configFor(folder), pino({ level: 'silent' }));
  await (await start()).close();
  for (let steps = 1; steps <= STEPS; steps += 1) {
    const before = await keyIn(folder);
    await crashAfter(steps, folder);
    await (await start()).close();
    assert.deepEqual(await damageIn(folder), []);
    assert.equal((await keyIn(folder)) !== before, steps >= 3, String(steps));
  }
});

void test('a service with a wrong master key does not start, and says so in plain words', async () => {
  const folder = await copyOf('wrong');
  await writeFile(join(folder, 'master.key'), newKey());
  await assert.rejects(startTestService(folder), {
    code: 'MASTER_KEY_WRONG',
    message: new RegExp(
      `^The master key in ${join(folder, 'master.key')} is the wrong one: .*Put the right key back`,
    ),
  });
  await writeFile(join(folder, 'master.key'), oldKey);
  assert.deepEqual(await damageIn(folder), []);
});

void test('a new key that is none, or is missing, changes nothing', async () => {
  const folder = await copyOf('refused');
  for (const [present, next, code] of [
    [oldKey, undefined, 'CONFIG_INVALID'],
    [oldKey, oldKey, 'CONFIG_INVALID'],
    [oldKey, 'short', 'CONFIG_INVALID'],
    [newKey(), newKey(), 'MASTER_KEY_WRONG'],
  ] as const) {
    await assert.rejects(changeMasterKey(folder, { present, next }), { code });
  }
  assert.deepEqual(await damageIn(folder), []);
  assert.equal(await keyIn(folder), oldKey);
});

void test('a backup in which the key was changed meanwhile is not taken for a whole one', async () => {
  const folder = await copyOf('mixed');
  await crashAfter(STEPS, folder);
  // The database as it was before, the ledger as it is now.
  await cp(join(await copyOf('before'), 'service.db'), join(folder, 'service.db'));
  for (const rest of ['-wal', '-shm']) await rm(join(folder, `service.db${rest}`), { force: true });
  const backup = join(root, 'mixed-backup');
  await assert.rejects(copyData(folder, backup), { code: 'DATA_DAMAGED' });
  assert.deepEqual(await readdir(backup), []);
});
