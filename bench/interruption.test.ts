import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

/** Says when it may be ended, and ends when the test closes its input. */
const PROGRAM = `
  import { interruption, untilAborted } from '${new URL('./interruption.js', import.meta.url).href}';
  const interrupted = interruption();
  process.stdin.resume();
  console.log('runs');
  await untilAborted(interrupted);
  console.log('hears of it');
`;

test('a program that is told to end, and told again, ends when it has cleared up', async () => {
  const words = ['--input-type=module', '--eval', PROGRAM];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const says = async (): Promise<string> => String((await once(child.stdout, 'data'))[0]).trim();
  assert.equal(await says(), 'runs');
  child.kill('SIGINT');
  assert.equal(await says(), 'hears of it');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  child.stdin.end();
  assert.deepEqual(await ended, [0, null]);
});
