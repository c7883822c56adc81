import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bn } from './bn.js';
import { en } from './en.js';
import { ageOf, fill, plainName, sizeOf } from './words.js';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

test('the size of a file in the words and digits of each language, one byte as one', () => {
  const inBoth = (bytes: number): string[] => [sizeOf(bytes, en), sizeOf(bytes, bn)];
  assert.deepEqual(inBoth(1), ['1 byte', '১ বাইট']);
  assert.deepEqual(inBoth(0), ['0 bytes', '০ বাইট']);
  assert.deepEqual(inBoth(999), ['999 bytes', '৯৯৯ বাইট']);
  assert.deepEqual(inBoth(1000), ['1 KB', '১ KB']);
  assert.deepEqual(inBoth(999_499), ['999 KB', '৯৯৯ KB']);
  assert.deepEqual(inBoth(999_500), ['1.0 MB', '১.০ MB']);
  assert.deepEqual(inBoth(25_300_000), ['25.3 MB', '২৫.৩ MB']);
});

test('how long ago something was, one day as one', () => {
  const inBoth = (ms: number): string[] => [ageOf(ms, en), ageOf(ms, bn)];
  assert.deepEqual(inBoth(MINUTE - 1), ['just now', 'এইমাত্র']);
  assert.deepEqual(inBoth(MINUTE), ['1 min ago', '১ মিনিট আগে']);
  assert.deepEqual(inBoth(119 * MINUTE), ['1 h ago', '১ ঘণ্টা আগে']);
  assert.deepEqual(inBoth(DAY), ['1 day ago', '১ দিন আগে']);
  assert.deepEqual(inBoth(2 * DAY), ['2 days ago', '২ দিন আগে']);
});

test('a count of one reads like a sentence', () => {
  const counts = { name: 'list.csv', rows: '1', count: '1', columns: 'code', age: 'just now' };
  for (const sentence of [en.bulk.sheetRead, en.panel.loaded])
    assert.doesNotMatch(fill(sentence, counts), /\b1 \w+s\b/);
});

test('a file cannot pass for another by signs that nobody sees', () => {
  assert.equal(plainName('certificate\u202efdp.exe'), 'certificate‹U+202E›fdp.exe');
  assert.equal(plainName('সোহ্‌রাওয়ার্দী.pdf'), 'সোহ্‌রাওয়ার্দী.pdf'.normalize('NFC'));
});
