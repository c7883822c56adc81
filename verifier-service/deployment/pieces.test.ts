import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { hexOf, scratchFolders } from './deployment.test-support.js';
import { copyFile, filesBelow, firstDifference, sha256Of } from './pieces.js';

const MIB = 1024 * 1024;
const newFolder = scratchFolders();

async function newFile(bytes: Uint8Array): Promise<string> {
  const path = join(await newFolder(), 'file');
  await writeFile(path, bytes, { mode: 0o640 });
  return path;
}

for (const size of [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB]) {
  void test(`a file of ${size} bytes is copied with its mode and time, and its hash is told`, async () => {
    const bytes = randomBytes(size);
    const from = await newFile(bytes);
    await utimes(from, 1_700_000_000, 1_700_000_001);
    const to = `${from}-copy`;
    assert.equal(await copyFile(from, to), hexOf(bytes));
    assert.equal(await sha256Of(from), hexOf(bytes));
    assert.ok((await readFile(to)).equals(bytes));
    const { mode, mtimeMs } = await stat(to);
    assert.deepEqual([mode & 0o777, mtimeMs], [0o640, 1_700_000_001_000]);
  });
}

void test('what is gone is not copied, and nothing is overwritten', async () => {
  const there = await newFile(Buffer.from('there'));
  assert.equal(await copyFile(`${there}-not`, `${there}-copy`), null);
  await assert.rejects(copyFile(there, there), { code: 'EEXIST' });
  assert.equal(await readFile(there, 'utf8'), 'there');
});

void test('the first byte that differs is found, wherever it stands', async () => {
  const bytes = randomBytes(2 * MIB + 10);
  const one = await newFile(bytes);
  const other = await newFile(bytes);
  assert.equal(await firstDifference(one, other), null);
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), async (at) => {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      await writeFile(other, changed);
      assert.equal(await firstDifference(one, other), at);
    }),
    { numRuns: 10, examples: [[0], [MIB - 1], [MIB], [bytes.length - 1]] },
  );
});

void test('a file may begin with another one, or end too early', async () => {
  const bytes = randomBytes(MIB + 5);
  const whole = await newFile(bytes);
  for (const length of [0, 3, MIB, MIB + 4]) {
    const part = await newFile(bytes.subarray(0, length));
    assert.equal(await firstDifference(part, whole), null);
    assert.equal(await firstDifference(whole, part), length);
  }
});

void test('all files below a folder are found, and none below one that is missing', async () => {
  const folder = await newFolder();
  await mkdir(join(folder, 'a', 'empty'), { recursive: true });
  for (const path of ['one', 'a/two', 'a/three']) await writeFile(join(folder, path), '');
  const found: string[] = [];
  for await (const path of filesBelow(folder)) found.push(path);
  assert.deepEqual(found.sort(), ['a/three', 'a/two', 'one']);
  for await (const path of filesBelow(join(folder, 'none'))) assert.fail(path);
});
