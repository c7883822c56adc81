import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Ledger, LedgerError } from '@spondon/ledger/port';
import { startTicker } from './ticker.js';
import { ToyLedger } from './toy-ledger.test-support.js';

interface Ticking {
  readonly ledger: ToyLedger;
  readonly troubles: unknown[];
  readonly stop: () => void;
  /** Lets so much time pass. */
  readonly pass: (ms: number) => Promise<void>;
}

function start(t: TestContext, submit?: Ledger['submit']): Ticking {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const ledger = new ToyLedger();
  if (submit) ledger.submit = submit;
  const troubles: unknown[] = [];
  const { stop } = startTicker(ledger, (error) => troubles.push(error));
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    await setImmediate();
  };
  return { ledger, troubles, stop, pass };
}

test('the clock is advanced at once, and then a little over once a minute', async (t) => {
  const { ledger, stop, pass } = start(t);
  await pass(0);
  assert.deepEqual(ledger.submitted, ['Tick']);
  await pass(60_000);
  assert.equal(ledger.submitted.length, 1);
  await pass(1000);
  assert.equal(ledger.submitted.length, 2);
  await pass(10 * 61_000);
  assert.equal(ledger.submitted.length, 12);
  stop();
  await pass(10 * 61_000);
  assert.equal(ledger.submitted.length, 12);
});

for (const [what, error] of [
  ['too early', new LedgerError('REFUSED', 'too early', { code: 'TICK_EARLY', message: 'too early' })],
  ['overtaken', new LedgerError('CONFLICT', 'another tick came first')],
] as const) {
  test(`a tick that is ${what} means that another member ticked: no trouble, and the next comes as usual`, async (t) => {
    let ticks = 0;
    const { troubles, pass } = start(t, () => {
      ticks += 1;
      return Promise.reject(error);
    });
    await pass(61_000);
    assert.deepEqual([ticks, troubles], [2, []]);
  });
}

for (const error of [
  new LedgerError('UNAVAILABLE', 'no connection'),
  new LedgerError('REFUSED', 'no', { code: 'CLOCK_SKEW', message: 'whose clock is right?' }),
  new Error('a bug'),
]) {
  test(`a tick that fails otherwise is reported, and the next is tried as usual: ${error.message}`, async (t) => {
    const { troubles, pass } = start(t, () => Promise.reject(error));
    await pass(0);
    assert.deepEqual(troubles, [error]);
    await pass(61_000);
    assert.deepEqual(troubles, [error, error]);
  });
}
