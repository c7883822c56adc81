import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorkerPool } from './worker-pool.js';

const never = new AbortController().signal;

function poolOf(size: number) {
  const started: string[] = [];
  const ended: string[] = [];
  /** What was to be called back later, until it is called off. */
  const later = new Set<() => void>();
  const pool = createWorkerPool({
    start: () => {
      const name = `thread ${started.length + 1}`;
      started.push(name);
      return { name, terminate: () => ended.push(name) };
    },
    size,
    idleMs: 1000,
    after: (_, callBack) => {
      later.add(callBack);
      return () => later.delete(callBack);
    },
  });
  return { pool, started, ended, later };
}

test('a thread is started when it is needed, and kept for the next job', async () => {
  const { pool, started } = poolOf(2);
  assert.deepEqual(started, []);
  const thread = await pool.borrow(never);
  pool.giveBack(thread, true);
  assert.equal(await pool.borrow(never), thread);
  assert.deepEqual(started, ['thread 1']);
});

test('there are never more than the pool’s size; who waits is served in turn', async () => {
  const { pool, started } = poolOf(2);
  const [first, second] = [await pool.borrow(never), await pool.borrow(never)];
  const served: string[] = [];
  const waiting = ['a', 'b'].map((who) =>
    pool.borrow(never).then(({ name }) => served.push(`${who}: ${name}`)),
  );
  pool.giveBack(second, true);
  pool.giveBack(first, true);
  await Promise.all(waiting);
  assert.deepEqual(served, ['a: thread 2', 'b: thread 1']);
  assert.equal(started.length, 2);
});

test('a thread that is not usable is ended, and another takes its place for who waits', async () => {
  const { pool, ended } = poolOf(1);
  const broken = await pool.borrow(never);
  const waiting = pool.borrow(never);
  pool.giveBack(broken, false);
  assert.equal((await waiting).name, 'thread 2');
  assert.deepEqual(ended, ['thread 1']);
});

test('who is called off while waiting gets the reason, and the thread goes to the next', async () => {
  const { pool } = poolOf(1);
  const thread = await pool.borrow(never);
  const impatient = new AbortController();
  const [left, stayed] = [pool.borrow(impatient.signal), pool.borrow(never)];
  impatient.abort(new Error('cancelled'));
  await assert.rejects(left, /cancelled/);
  await assert.rejects(pool.borrow(impatient.signal), /cancelled/);
  pool.giveBack(thread, true);
  assert.equal(await stayed, thread);
});

test('a thread that nobody needs is ended after a while; one that is borrowed is not', async () => {
  const { pool, ended, later } = poolOf(2);
  const [first, second] = [await pool.borrow(never), await pool.borrow(never)];
  pool.giveBack(first, true);
  pool.giveBack(second, true);
  assert.equal(await pool.borrow(never), second);
  for (const callBack of later) callBack();
  assert.deepEqual(ended, ['thread 1']);
  assert.equal((await pool.borrow(never)).name, 'thread 3');
});
