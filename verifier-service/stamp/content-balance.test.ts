import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balanceOf } from './content-balance.js';

const balance = (content: string): [number, string] => {
  const { unmatchedRestores, closing } = balanceOf(Buffer.from(content, 'latin1'));
  return [unmatchedRestores, closing.trim()];
};

test('content that closes what it opens needs nothing', () => {
  for (const content of [
    '',
    'q Q',
    'q BT /F1 12 Tf (text) Tj ET Q',
    '/Span BMC q Q EMC',
    'q\rQ\nq%comment q\nQ',
  ]) {
    assert.deepEqual(balance(content), [0, '']);
  }
});

test('what is left open is closed from the inside out', () => {
  assert.deepEqual(balance('q q BT'), [0, 'ET Q Q']);
  assert.deepEqual(balance('/OC /Layer BDC q 1 0 0 1 0 0 cm'), [0, 'Q EMC']);
});

test('what is closed once too often is counted', () => {
  assert.deepEqual(balance('q Q Q 2 0 0 2 0 0 cm Q'), [2, '']);
  assert.deepEqual(balance('Q q'), [1, 'Q']);
});

test('operators in strings, names, comments and pictures are none', () => {
  assert.deepEqual(balance('(q q \\) q (q)) Tj /q gs <71> Tj % q Q Q'), [0, '']);
  assert.deepEqual(balance('BI /W 2 /H 2 ID q Q Q\xff q EI Q'), [1, '']);
  assert.deepEqual(balance('[(q)(Q)]TJ<</q 1>>'), [0, '']);
});
