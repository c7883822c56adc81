import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { civilToMs, formatMoment } from './civil-time.js';

const anyMoment = fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });

test('a civil moment gives the same milliseconds as the platform', () => {
  fc.assert(
    fc.property(anyMoment, (date) => {
      const whole = Math.floor(date.getTime() / 1000) * 1000;
      const ms = civilToMs(
        date.getUTCFullYear(),
        date.getUTCMonth() + 1,
        date.getUTCDate(),
        date.getUTCHours(),
        date.getUTCMinutes(),
        date.getUTCSeconds(),
      );
      assert.equal(ms, whole);
    }),
  );
});

test('moments that do not exist are null', () => {
  const notMoments: readonly [number, number, number, number, number, number][] = [
    [2026, 2, 29, 0, 0, 0],
    [1900, 2, 29, 0, 0, 0],
    [2026, 4, 31, 0, 0, 0],
    [2026, 0, 1, 0, 0, 0],
    [2026, 13, 1, 0, 0, 0],
    [2026, 1, 0, 0, 0, 0],
    [2026, 1, 1, 24, 0, 0],
    [2026, 1, 1, 0, 60, 0],
    [2026, 6, 30, 23, 59, 60],
    [Number.NaN, 1, 1, 0, 0, 0],
  ];
  for (const parts of notMoments) assert.equal(civilToMs(...parts), null, parts.join());
});

test('the 29th of February exists in leap years', () => {
  assert.equal(civilToMs(2024, 2, 29, 0, 0, 0), Date.UTC(2024, 1, 29));
  assert.equal(civilToMs(2000, 2, 29, 0, 0, 0), Date.UTC(2000, 1, 29));
});

test('a moment is written with its month in letters, the same as the platform counts it', () => {
  assert.equal(formatMoment(0), '1 January 1970, 00:00 UTC');
  assert.equal(formatMoment(Date.UTC(2026, 3, 3, 14, 5, 59, 999)), '3 April 2026, 14:05 UTC');
  const since1970 = fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true });
  fc.assert(
    fc.property(since1970, (date) => {
      const month = date.toLocaleString('en-GB', { timeZone: 'UTC', month: 'long' });
      const clock = date.toISOString().slice(11, 16);
      const expected = `${date.getUTCDate()} ${month} ${date.getUTCFullYear()}, ${clock} UTC`;
      assert.equal(formatMoment(date.getTime()), expected);
    }),
  );
});
