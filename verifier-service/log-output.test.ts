import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { logTo } from './log-output.js';

void test('lines come in order, the last ones too when the process ends at once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spondon-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'log');
  const fd = openSync(path, 'w');
  const output = logTo(fd);
  const lines = Array.from({ length: 2000 }, (_, at) => `পঙ্‌ক্তি ${at}\n`);
  for (const line of lines.slice(0, 1000)) output.write(line);
  while (readFileSync(path, 'utf8') !== lines.slice(0, 1000).join('')) await setImmediate();
  await setImmediate();
  for (const line of lines.slice(1000)) output.write(line);
  output.end();
  while (readFileSync(path, 'utf8').length < lines.join('').length) await setImmediate();
  assert.deepEqual(readFileSync(path, 'utf8').split('\n').sort(), lines.join('').split('\n').sort());
  closeSync(fd);
});

const full = '/dev/full';
void test(
  'what cannot be written ends nothing and keeps nothing from ending',
  { skip: !existsSync(full) },
  async () => {
    const fd = openSync(full, 'w');
    const output = logTo(fd);
    for (let line = 0; line < 5000; line += 1) {
      output.write(`${'x'.repeat(1000)}\n`);
      if (line % 100 === 0) await setImmediate();
    }
    output.end();
    closeSync(fd);
  },
);
