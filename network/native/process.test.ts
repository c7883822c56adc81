import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { untilDone } from './health.js';
import { pidOf, start, stop } from './process.js';

async function run(t: TestContext, script: string) {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-process-'));
  const note = join(folder, 'notes', 'node.json');
  const log = join(folder, 'logs', 'node.log');
  await start({
    command: process.execPath,
    args: ['--eval', script],
    env: { GREETING: 'hello' },
    folder: join(folder, 'work'),
    log,
    note,
  });
  t.after(async () => {
    await stop(note);
    await rm(folder, { recursive: true });
  });
  const said = (text: string) =>
    untilDone(async () => assert.ok((await readFile(log, 'utf8')).includes(text)));
  return { note, said };
}

test('a program runs in its own folder and environment until it is stopped', async (t) => {
  const { note, said } = await run(
    t,
    'console.log(process.env.GREETING, process.cwd()); setInterval(() => {}, 1e6)',
  );
  await said('hello');
  await said('/work');
  assert.notEqual(await pidOf(note), undefined);
  await stop(note);
  assert.equal(await pidOf(note), undefined);
  assert.equal(existsSync(note), false);
});

test('one that ended by itself is known to have ended', async (t) => {
  const { note } = await run(t, '');
  await untilDone(async () => assert.equal(await pidOf(note), undefined));
});

test('another process that got the same number is neither taken for it nor stopped', async (t) => {
  const { note, said } = await run(t, 'console.log("here"); setInterval(() => {}, 1e6)');
  await said('here');
  const pid = (await pidOf(note)) ?? 0;
  const original = await readFile(note, 'utf8');
  await writeFile(note, JSON.stringify({ pid, started: 'at another time' }));
  await stop(note);
  assert.doesNotThrow(() => process.kill(pid, 0));
  await writeFile(note, original);
});

test('what could not be noted does not run', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-process-'));
  t.after(() => rm(folder, { recursive: true }));
  const note = join(folder, 'note');
  await mkdir(note); // where a file should be
  const script = "require('node:fs').writeFileSync('ran', ''); setTimeout(() => {}, 1e4)";
  const program = { command: process.execPath, args: ['--eval', script], env: {}, folder };
  await assert.rejects(start({ ...program, log: join(folder, 'log'), note }));
  // As long as another one takes, which began later.
  const { said } = await run(t, 'console.log("here")');
  await said('here');
  assert.equal(existsSync(join(folder, 'ran')), false);
});
