import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Witnesses, type Tip } from './witnesses.js';

const hash = (byte: number) => new Uint8Array(32).fill(byte);

/** Two witnesses, who answer with what stands in `tips`, or not at all. */
function watched() {
  const tips = new Map<string, Tip>();
  const ask = (name: string) => {
    const tip = tips.get(name);
    return tip ? Promise.resolve(tip) : Promise.reject(new Error('away'));
  };
  return { tips, witnesses: new Witnesses(['AMSP', 'BMSP'], ask, () => 7) };
}

test('who holds the same agrees, and who is away or behind is no difference', async () => {
  const { tips, witnesses } = watched();
  for (const number of [0, 1, 2]) witnesses.hold(number, hash(number));
  tips.set('AMSP', { height: 3, hash: hash(2) });
  await witnesses.compare();
  assert.deepEqual([...witnesses.agreedAt()], [['AMSP', 7]]);
  tips.set('BMSP', { height: 2, hash: hash(1) });
  await witnesses.compare();
  assert.deepEqual([...witnesses.agreedAt().keys()], ['AMSP', 'BMSP']);
  assert.equal(witnesses.difference, undefined);
  assert.equal(witnesses.alarm.aborted, false);
});

test('another hash of a block that we hold raises the alarm, naming the block and whose peer it is', async () => {
  const { tips, witnesses } = watched();
  witnesses.hold(0, hash(0));
  witnesses.hold(1, hash(1));
  tips.set('BMSP', { height: 2, hash: hash(9) });
  await witnesses.compare();
  assert.equal(witnesses.difference?.code, 'FORKED');
  assert.match(witnesses.difference.message, /BMSP holds another block 1/);
  assert.equal(witnesses.alarm.aborted, true);
});

test('what a witness ahead of us says is compared once we are there', async () => {
  const { tips, witnesses } = watched();
  tips.set('AMSP', { height: 2, hash: hash(1) });
  tips.set('BMSP', { height: 2, hash: hash(9) });
  await witnesses.compare();
  witnesses.hold(0, hash(0));
  assert.equal(witnesses.alarm.aborted, false);
  witnesses.hold(1, hash(1));
  assert.deepEqual([...witnesses.agreedAt().keys()], ['AMSP']);
  assert.equal(witnesses.difference?.code, 'FORKED');
});
