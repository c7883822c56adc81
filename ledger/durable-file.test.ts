import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  makeFolderDurably,
  OWNER_ONLY_FILE,
  placeFile,
  UNFINISHED,
  writeFileDurably,
} from './durable-file.js';
import { temporaryFolder } from './embedded/toy-ledger.test-support.js';

test('a file is written with its folders, and replaced', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'a', 'b', 'file');
  await writeFileDurably(path, Buffer.from('first, and longer'));
  await writeFileDurably(path, 'দ্বিতীয়', OWNER_ONLY_FILE);
  assert.equal(await readFile(path, 'utf8'), 'দ্বিতীয়');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(folder, 'a', 'b')), ['file']);
});

test('what a crash left of an earlier write is overwritten', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'file');
  await writeFile(path + UNFINISHED, 'half of something that was longer');
  await placeFile(path, Buffer.from('whole'));
  assert.equal(await readFile(path, 'utf8'), 'whole');
  assert.deepEqual(await readdir(folder), ['file']);
});

test('a write that fails leaves the old file and nothing else', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'file');
  await mkdir(path);
  await writeFile(join(path, 'old'), 'old');
  await assert.rejects(writeFileDurably(path, Buffer.from('new')));
  assert.deepEqual(await readdir(folder, { recursive: true }), ['file', 'file/old']);
  await assert.rejects(writeFileDurably(join(path, 'old', 'below'), Buffer.from('new')));
  assert.deepEqual(await readdir(folder, { recursive: true }), ['file', 'file/old']);
});

test('folders are made once, however deep, from relative paths too', async (t) => {
  const folder = await temporaryFolder(t);
  await makeFolderDurably(join(folder, 'a', 'b', 'c'));
  await makeFolderDurably(join(folder, 'a', 'b', 'c'));
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(folder);
  await makeFolderDurably('x/y/');
  assert.deepEqual((await readdir(folder, { recursive: true })).sort(), ['a', 'a/b', 'a/b/c', 'x', 'x/y']);
});
