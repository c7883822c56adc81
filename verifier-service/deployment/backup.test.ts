import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { before, test } from 'node:test';
import fc from 'fast-check';
import Libsql from 'libsql';
import { copyData, restoreData } from './backup.js';
import { CHECKSUMS } from './checksums.js';
import { filesIn, hexOf, scratchFolders, startTestService } from './deployment.test-support.js';
import { damageIn, fsck } from './fsck.test-support.js';
import { tidyData } from './tidy.js';
import { fillFolder } from './whole-copy.js';

const DAMAGED = { name: 'ServiceError', code: 'DATA_DAMAGED' };
const KEY = { SPONDON_MASTER_KEY: Buffer.alloc(32, 9).toString('base64url') };

const newFolder = scratchFolders();
const newPath = async (): Promise<string> => join(await newFolder(), 'data');

let dataDir: string;
let backup: string;

before(async () => {
  [dataDir, backup] = [await newPath(), await newPath()];
  const service = await startTestService(dataDir, KEY);
  await service.issue();
  await service.issue();
  await service.anchored();
  const { credentials } = service.folders;
  const operator = JSON.stringify({ apiKey: service.operatorKey });
  await writeFile(join(credentials, 'operator.json'), operator, { mode: 0o600 });
  await copyData(dataDir, backup);
  await service.close();
});

async function copyOfBackup(): Promise<string> {
  const copy = await newPath();
  await cp(backup, copy, { recursive: true });
  return copy;
}

/** Mode and bytes of each file, but for the list of checksums. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const about = async (path: string) => {
    return [relative(folder, path), `${(await stat(path)).mode} ${hexOf(await readFile(path))}`] as const;
  };
  const paths = (await filesIn(folder)).filter((path) => path !== join(folder, CHECKSUMS));
  return Object.fromEntries(await Promise.all(paths.map(about)));
}

void test('a restored folder is the backup, byte for byte, and its owner’s alone', async () => {
  const restored = await newPath();
  assert.deepEqual(await restoreData(backup, restored), { isChecked: true, lacksDatabase: false });
  assert.deepEqual(await contentOf(restored), await contentOf(backup));
  assert.deepEqual((await readdir(restored)).sort(), ['credentials', 'ipfs', 'ledger', 'service.db']);
  for (const folder of [backup, restored]) assert.equal((await stat(folder)).mode & 0o077, 0);
  assert.deepEqual(await damageIn(restored, KEY.SPONDON_MASTER_KEY), []);
});

void test('the checksums are those of all files, as sha256sum writes them', async () => {
  const files = (await filesIn(backup)).filter((path) => path !== join(backup, CHECKSUMS));
  const lines = await Promise.all(
    files.map(async (path) => `${hexOf(await readFile(path))}  ${relative(backup, path)}`),
  );
  const listed = (await readFile(join(backup, CHECKSUMS), 'utf8')).trimEnd().split('\n');
  assert.deepEqual(listed.sort(), lines.sort());
});

/** Damages a copy of the backup; it must be refused, and leave an empty folder. */
async function assertRefused(damage: (copy: string) => Promise<void>, message = ''): Promise<void> {
  const [copy, target] = [await copyOfBackup(), await newPath()];
  await damage(copy);
  await assert.rejects(restoreData(copy, target), DAMAGED, message);
  assert.deepEqual(existsSync(target) ? await readdir(target) : [], [], message);
  await rm(copy, { recursive: true });
}

async function flip(file: string, place: number, bit: number): Promise<void> {
  const bytes = await readFile(file);
  const at = Math.floor(place * bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << bit), at);
  await writeFile(file, bytes);
}

void test('a backup with a flipped bit anywhere is refused, and nothing of it is restored', async () => {
  const files = (await filesIn(backup)).map((path) => relative(backup, path));
  const anywhere = fc.tuple(
    fc.oneof(fc.constantFrom(...files), fc.constantFrom(CHECKSUMS, 'service.db', 'ledger/blocks')),
    fc.double({ min: 0, max: 0.999, noNaN: true }),
    fc.nat(7),
  );
  await fc.assert(
    fc.asyncProperty(anywhere, ([file, place, bit]) =>
      assertRefused((copy) => flip(join(copy, file), place, bit), `${file} ${place} ${bit}`),
    ),
    { numRuns: 40 },
  );
});

void test('a backup that lacks a file, or a part of one, is refused', async () => {
  for (const path of await filesIn(backup)) {
    const file = relative(backup, path);
    if (file !== CHECKSUMS) await assertRefused((copy) => rm(join(copy, file)), file);
    const { size } = await stat(path);
    await assertRefused((copy) => truncate(join(copy, file), size >> 1), file);
  }
});

void test('a list of checksums that was cut short, goes on, or leads elsewhere is refused', async () => {
  const list = await readFile(join(backup, CHECKSUMS), 'utf8');
  const write =
    (text: string) =>
    (copy: string): Promise<void> =>
      writeFile(join(copy, CHECKSUMS), text);
  const lines = list.split('\n').slice(0, -1);
  for (const kept of lines.keys()) await assertRefused(write(`${lines.slice(0, kept).join('\n')}\n`));
  await assertRefused(write(`${list}${lines[0] ?? ''}\n`));
  for (const path of ['../elsewhere', 'ledger/../../elsewhere', '/etc/hostname', 'ledger', 'other/file'])
    await assertRefused(write(`${'0'.repeat(64)}  ${path}\n${list}`), path);
});

void test('half a backup or half a restored folder is taken for nothing whole, by nobody', async () => {
  const folder = await newPath();
  const powerCut = new Error('the power went');
  const copying = fillFolder(folder, async () => {
    await cp(backup, folder, { recursive: true });
    // A crash in this moment leaves the folder as it is now: everything but the end.
    await assert.rejects(restoreData(folder, await newPath()), DAMAGED);
    await assert.rejects(restoreData(backup, folder), DAMAGED);
    await assert.rejects(copyData(dataDir, folder), DAMAGED);
    await assert.rejects(startTestService(folder, KEY), DAMAGED);
    await assert.rejects(fsck(folder, KEY.SPONDON_MASTER_KEY), DAMAGED);
    await assert.rejects(tidyData(folder), DAMAGED);
    throw powerCut;
  });
  await assert.rejects(copying, powerCut);
  assert.deepEqual(await readdir(folder), []);
  assert.deepEqual(await restoreData(backup, folder), { isChecked: true, lacksDatabase: false });
});

void test('nothing is copied into a folder that holds something, nor into a part of what is copied', async () => {
  const full = await newFolder();
  await writeFile(join(full, 'mine'), 'mine');
  const refused = { code: 'CONFIG_INVALID' };
  await assert.rejects(restoreData(backup, full), refused);
  await assert.rejects(copyData(dataDir, full), refused);
  await assert.rejects(copyData(dataDir, join(dataDir, 'ipfs', 'backup')), refused);
  assert.deepEqual(await readdir(full), ['mine']);
  await assert.rejects(copyData(await newFolder(), await newPath()), DAMAGED);
  await assert.rejects(restoreData(await newFolder(), await newPath()), DAMAGED);
});

void test('a backup from before there were checksums is restored', async () => {
  const [older, restored] = [await copyOfBackup(), await newPath()];
  await rm(join(older, CHECKSUMS));
  assert.deepEqual(await restoreData(older, restored), { isChecked: false, lacksDatabase: false });
  assert.deepEqual(await contentOf(restored), await contentOf(backup));
});

void test('a backup that was worked on can be restored, though unchecked', async () => {
  const [worked, restored] = [await copyOfBackup(), await newPath()];
  await tidyData(worked);
  assert.deepEqual(await restoreData(worked, restored), { isChecked: false, lacksDatabase: false });
  assert.deepEqual(await damageIn(restored, KEY.SPONDON_MASTER_KEY), []);
});

void test('what a snapshot of a data folder has in its write-ahead log is restored too', async () => {
  const written = await copyOfBackup();
  const db = new Libsql(join(written, 'service.db'));
  db.exec('pragma journal_mode = wal');
  db.exec('create table written (a integer)');
  const [snapshot, restored] = [await newPath(), await newPath()];
  await cp(written, snapshot, { recursive: true });
  db.close();
  await rm(join(snapshot, CHECKSUMS));
  assert.ok((await stat(join(snapshot, 'service.db-wal'))).size > 0);
  await appendFile(join(snapshot, 'ledger', 'state.db'), 'made again');
  await restoreData(snapshot, restored);
  assert.equal(existsSync(join(restored, 'ledger', 'state.db')), false);
  const opened = new Libsql(join(restored, 'service.db'));
  assert.deepEqual(opened.prepare('select count(*) from written').raw().all(), [[0]]);
  opened.close();
});
