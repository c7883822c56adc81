import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const HANDLERS = new URL('./contract-api-handlers.js', import.meta.url).href;
const RUN = [
  `await import('fabric-contract-api')`,
  `(await import('${HANDLERS}')).removeContractApiHandlers(process)`,
];

test('an exception that nobody catches ends a process that has loaded the contract library', () => {
  const script = [
    ...RUN,
    `setImmediate(() => { throw new Error('unforeseen') })`,
    'setTimeout(() => {}, 5000)',
  ].join(';');
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /unforeseen/);
});

test('a rejection that nobody handles ends it too', () => {
  const script = [...RUN, `void Promise.reject(new Error('unforeseen'))`, 'setTimeout(() => {}, 5000)'].join(
    ';',
  );
  const { status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script]);
  assert.equal(status, 1);
});
