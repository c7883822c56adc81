import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Service, watchUptime } from './uptime.js';

interface Look {
  /** Seconds since the look before. */
  readonly after?: number;
  readonly answered?: boolean | Error;
  readonly problems?: readonly string[];
}

/** Seconds counted after these looks, the first of which counts nothing yet. */
async function counted(looks: readonly Look[]): Promise<Record<Service, number>> {
  const seconds = { 'look-up': 0, ready: 0 };
  let at = 0;
  let turn = 0;
  const look = (): Look => looks[turn] ?? {};
  await new Promise<void>((resolve) => {
    const watch = watchUptime({
      lookUp: () => {
        const { answered = true } = look();
        return answered instanceof Error ? Promise.reject(answered) : Promise.resolve(answered);
      },
      problems: () => Promise.resolve(look().problems ?? []),
      onUp: (service, more) => (seconds[service] += more),
      now: () => at,
      wait: () => {
        turn += 1;
        at += (look().after ?? 2) * 1000;
        if (turn < looks.length) return Promise.resolve();
        watch.stop();
        resolve();
        return new Promise(() => undefined);
      },
    });
  });
  return seconds;
}

test('time between two looks that find all well is uptime', async () => {
  assert.deepEqual(await counted([{}, {}, {}, {}]), { 'look-up': 6, ready: 6 });
});

test('while look-ups are not answered nothing is up', async () => {
  for (const answered of [false, new Error('out of order')])
    assert.deepEqual(await counted([{}, { answered }, {}, {}]), { 'look-up': 2, ready: 2 });
});

test('with a problem look-ups go on, and the service is not ready', async () => {
  assert.deepEqual(await counted([{}, { problems: ['The disk is full'] }, {}]), { 'look-up': 4, ready: 0 });
});

test('time in which the process stood still is none', async () => {
  assert.deepEqual(await counted([{}, { after: 60 }, {}]), { 'look-up': 2, ready: 2 });
});
