import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadline } from './deadline.js';

const OUTAGE = { code: 'STORAGE_UNAVAILABLE' };

/** A question whose answer is given by hand. */
function question() {
  let give: (answer: string) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const answer = new Promise<string>((resolve, reject) => ([give, fail] = [resolve, reject]));
  return { ask: () => answer, give, fail };
}

/** The deadline itself keeps no process alive. */
async function whileAlive(work: Promise<void>): Promise<void> {
  const alive = setInterval(() => undefined, 1000);
  await work.finally(() => clearInterval(alive));
}

void test('an answer in time is passed on, and so is a failure', async () => {
  const deadline = new Deadline(60_000);
  assert.equal(await deadline.meet(() => Promise.resolve('yes')), 'yes');
  await assert.rejects(
    deadline.meet(() => Promise.reject(new TypeError('wrong'))),
    TypeError,
  );
});

void test('while a question is overdue, others are not asked, and once it is answered they are', async () => {
  const deadline = new Deadline(1);
  for (const end of ['give', 'fail'] as const) {
    const silent = question();
    await whileAlive(assert.rejects(deadline.meet(silent.ask), OUTAGE));
    let asked = 0;
    const count = (): Promise<number> => Promise.resolve((asked += 1));
    await assert.rejects(deadline.meet(count), OUTAGE);
    assert.equal(asked, 0);
    if (end === 'give') silent.give('at last');
    else silent.fail(new Error('the connection is lost'));
    await silent.ask().catch(() => undefined);
    assert.equal(await deadline.meet(count), 1);
  }
});
