import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { failFiles } from '@spondon/ledger/failing-files.test-support';
import { LedgerError } from '@spondon/ledger/port';
import { DiskWatch } from './disk.js';
import { toServiceError } from './problems.js';

const withCode = (code: string) => Object.assign(new Error('x'), { code });
const full = new LedgerError('UNKNOWN', 'x', undefined, { cause: withCode('ENOSPC') });

void test('what fails because of the disk is answered as such, whoever met with it', () => {
  for (const error of [full, withCode('SQLITE_FULL'), withCode('EDQUOT')]) {
    const { code, message } = toServiceError(error);
    assert.equal(code, 'STORAGE_UNAVAILABLE');
    assert.match(message, /disk .* is full/);
  }
  assert.match(toServiceError(withCode('EIO')).message, /disk .* does not work/);
  assert.equal(toServiceError(new LedgerError('UNAVAILABLE', 'x')).code, 'LEDGER_UNAVAILABLE');
  assert.equal(toServiceError(withCode('EACCES')).code, 'INTERNAL');
});

void test('a disk that was full is a problem until it can be written again, and is not written before', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-disk-'));
  t.after(() => rm(folder, { recursive: true }));
  let isFull = true;
  let calls = 0;
  failFiles(t, () => {
    calls += 1;
    return isFull ? 'half' : null;
  });
  const disk = new DiskWatch(join(folder, 'trial'));
  disk.note(withCode('EACCES'));
  assert.deepEqual([await disk.problems(), calls], [[], 0]);
  disk.note(full);
  const [first, second] = await Promise.all([disk.problems(), disk.problems()]);
  assert.match(first[0] ?? '', /is full/);
  assert.deepEqual(first, second);
  isFull = false;
  assert.deepEqual(await disk.problems(), []);
  assert.equal(existsSync(join(folder, 'trial')), false);
  const before = calls;
  assert.deepEqual([await disk.problems(), calls], [[], before]);
});

void test('what keeps the trial from being written is a problem too, whatever it is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-disk-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'trial'));
  const disk = new DiskWatch(join(folder, 'trial'));
  disk.note(full);
  assert.equal((await disk.problems()).length, 1);
  await rm(join(folder, 'trial'), { recursive: true });
  assert.deepEqual(await disk.problems(), []);
});
