import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Drain } from './drain.js';

test('all is done when all that is under way has ended, also what came meanwhile', async () => {
  const drain = new Drain();
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string): Promise<void> => {
    const ended = new Promise<void>((resolve) => ends.push(resolve)).then(() => void order.push(name));
    drain.add(ended);
    return ended;
  };
  const first = work('first');
  const idle = drain.idle().then(() => order.push('idle'));
  const second = work('second');
  ends[0]?.();
  await first;
  ends[1]?.();
  await Promise.all([second, idle]);
  assert.deepEqual(order, ['first', 'second', 'idle']);
});

test('nothing under way keeps nobody', () => new Drain().idle());
