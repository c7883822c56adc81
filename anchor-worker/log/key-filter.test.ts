import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomKey, randomNumbers } from '../sample.test-support.js';
import { KeyFilter } from './key-filter.js';

const MAX_KEY = 2 ** 48 - 1;

test('what was added may always be there', () => {
  const random = randomNumbers(20);
  for (const count of [1, 2, 100, 4096, 8192, 131_072]) {
    const filter = new KeyFilter(count);
    const keys = [0, MAX_KEY, 2 ** 31, 2 ** 32, 2 ** 47];
    while (keys.length < count) keys.push(randomKey(random));
    for (const key of keys) filter.add(key);
    for (const key of keys) assert.equal(filter.mayHold(key), true);
  }
});

test('of strangers, at most one in ten passes', () => {
  const random = randomNumbers(21);
  const filter = new KeyFilter(8192);
  for (let added = 0; added < 8192; added += 1) filter.add(randomKey(random));
  let passed = 0;
  for (let asked = 0; asked < 10_000; asked += 1) passed += filter.mayHold(randomKey(random)) ? 1 : 0;
  assert.ok(passed < 1000, `${passed} of 10,000 passed`);
});

test('a filter of nothing holds nothing', () => {
  const filter = new KeyFilter(0);
  assert.equal(filter.mayHold(0), false);
  assert.equal(filter.mayHold(MAX_KEY), false);
});
