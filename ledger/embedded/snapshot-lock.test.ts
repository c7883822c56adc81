import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gate, turn } from './gate.test-support.js';
import { SnapshotLock } from './snapshot-lock.js';

test('a commit waits for every reader and goes before those that come later', async () => {
  const lock = new SnapshotLock();
  const order: string[] = [];
  const [first, second] = [gate(), gate()];
  const readers = [first, second].map(({ opened }, index) =>
    lock.shared(async () => {
      await opened;
      order.push(`reader ${index}`);
    }),
  );
  const commit = lock.exclusive(() => order.push('commit'));
  const late = lock.shared(() => Promise.resolve(order.push('late reader')));
  second.open();
  await turn();
  assert.deepEqual(order, ['reader 1']);
  first.open();
  await Promise.all([...readers, commit, late]);
  assert.deepEqual(order, ['reader 1', 'reader 0', 'commit', 'late reader']);
});

test('a reader that throws, or a commit that throws, leaves the lock usable', async () => {
  const lock = new SnapshotLock();
  const held = gate();
  const reader = lock.shared(async () => {
    await held.opened;
    throw new Error('reader');
  });
  const commit = lock.exclusive(() => {
    throw new Error('commit');
  });
  held.open();
  await assert.rejects(reader, /reader/);
  await assert.rejects(commit, /commit/);
  assert.equal(await lock.shared(() => Promise.resolve(1)), 1);
  assert.equal(await lock.exclusive(() => 2), 2);
});

test('without readers a commit happens at once', () => {
  let committed = false;
  void new SnapshotLock().exclusive(() => {
    committed = true;
  });
  assert.ok(committed);
});
