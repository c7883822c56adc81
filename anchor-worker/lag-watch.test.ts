import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LedgerError } from '@spondon/ledger/port';
import { LagWatch } from './lag-watch.js';

/** A ledger and a reader of it, at a time that the test sets. */
function scene() {
  const state = { at: 0, height: 1, nextBlock: 1, answers: true };
  const watch = new LagWatch({
    ledger: {
      height: () =>
        state.answers
          ? Promise.resolve(state.height)
          : Promise.reject(new LedgerError('UNAVAILABLE', 'no peer')),
    },
    store: {
      get nextBlock() {
        return state.nextBlock;
      },
    },
    now: () => state.at * 1000,
  });
  const lookAt = async (at: number, changes: Partial<typeof state> = {}): Promise<number> => {
    Object.assign(state, changes, { at });
    await watch.look().catch(() => undefined);
    return watch.lag();
  };
  return { state, watch, lookAt };
}

test('who has read everything is behind by no more than the time since the last look', async () => {
  const { state, watch, lookAt } = scene();
  assert.equal(await lookAt(10), 0);
  state.at = 10.4;
  assert.ok(Math.abs(watch.lag() - 0.4) < 1e-9);
});

test('an unread block counts from the last moment when all had been read', async () => {
  const { state, watch, lookAt } = scene();
  await lookAt(10);
  assert.equal(await lookAt(11, { height: 2 }), 1);
  assert.equal(await lookAt(14), 4);
  state.nextBlock = 2;
  assert.equal(watch.lag(), 0, 'the ledger had no other block at 14');
});

test('blocks that keep coming are no lag as long as each is read soon', async () => {
  const { watch, lookAt } = scene();
  for (let second = 1; second < 20; second += 1)
    assert.equal(await lookAt(second, { height: second + 1, nextBlock: second }), 1);
  assert.equal(watch.lag(), 1);
});

test('while the ledger does not answer, the lag grows, since nobody knows', async () => {
  const { lookAt } = scene();
  await lookAt(10);
  assert.equal(await lookAt(40, { answers: false }), 30);
  assert.equal(await lookAt(41, { answers: true }), 0);
});
