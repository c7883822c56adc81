import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadMasterKey, type MasterKeySource } from './master-key.js';

async function source(t: TestContext, over: Partial<MasterKeySource> = {}): Promise<MasterKeySource> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-vault-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return { text: undefined, file: join(folder, 'master.key'), mayCreate: true, random: randomBytes, ...over };
}

test('the first start makes a key that only its owner can read, and every later one finds it', async (t) => {
  const from = await source(t);
  const key = await loadMasterKey(from);
  assert.equal(key.length, 32);
  assert.equal((await stat(from.file)).mode & 0o777, 0o600);
  assert.deepEqual(await loadMasterKey({ ...from, mayCreate: false }), key);
  assert.deepEqual(await readdir(join(from.file, '..')), ['master.key']);
});

test('starting twice at once, both get the same key and it is the one in the file', async (t) => {
  const from = await source(t);
  const [first, second] = await Promise.all([loadMasterKey(from), loadMasterKey(from)]);
  assert.deepEqual(first, second);
  assert.deepEqual(await loadMasterKey(from), first);
  assert.deepEqual(await readdir(join(from.file, '..')), ['master.key']);
});

test('a key in the environment comes before the file, and none is written', async (t) => {
  const key = randomBytes(32);
  const from = await source(t, { text: key.toString('base64url') });
  assert.deepEqual(Buffer.from(await loadMasterKey(from)), key);
  assert.deepEqual(await readdir(join(from.file, '..')), []);
});

test('a bad value in the environment is named with what it should look like, not repeated', async (t) => {
  const good = randomBytes(32).toString('base64url');
  for (const text of [
    '',
    'secret',
    good.slice(1),
    `${good}A`,
    `${good.slice(0, 42)}_`,
    randomBytes(32).toString('hex'),
  ])
    await assert.rejects(loadMasterKey(await source(t, { text })), {
      code: 'CONFIG_INVALID',
      message: 'SPONDON_MASTER_KEY should be 32 bytes as base64url (43 characters).',
    });
});

test('a file that others may read is refused', async (t) => {
  const from = await source(t);
  await loadMasterKey(from);
  for (const mode of [0o640, 0o604, 0o620, 0o601]) {
    await chmod(from.file, mode);
    await assert.rejects(loadMasterKey(from), { code: 'CONFIG_INVALID', message: /chmod 600/ });
  }
});

test('a damaged file is told, kept, and its content not repeated', async (t) => {
  const from = await source(t);
  await writeFile(from.file, 'half-a-key-was-writ', { mode: 0o600 });
  const error: unknown = await loadMasterKey(from).catch((reason: unknown) => reason);
  assert.ok(error instanceof Error && 'code' in error);
  assert.equal(error.code, 'KEY_DAMAGED');
  assert.doesNotMatch(error.message, /half-a-key/);
  assert.equal(await readFile(from.file, 'utf8'), 'half-a-key-was-writ');
});

test('where data exists already, a missing key is an error and no new one is made', async (t) => {
  const from = await source(t, { mayCreate: false });
  await assert.rejects(loadMasterKey(from), { code: 'CONFIG_INVALID', message: /is missing/ });
  assert.deepEqual(await readdir(join(from.file, '..')), []);
});
