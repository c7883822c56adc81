import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keyAt, readLocation, RECORD_BYTES, sortRecords, writeRecord } from './index-record.js';

test('records are sorted by their keys, and equal keys keep the order in which they came', () => {
  const largest = 2 ** 48 - 1;
  const keys = fc.oneof(
    fc.integer({ min: 0, max: largest }),
    fc.constantFrom(0, 1, 255, 256, 2 ** 24, largest),
  );
  fc.assert(
    fc.property(fc.array(keys, { maxLength: 300 }), (unsorted) => {
      const records = Buffer.alloc(unsorted.length * RECORD_BYTES);
      unsorted.forEach((key, index) =>
        writeRecord(records, index * RECORD_BYTES, key, { log: 0, index, offset: 7 }),
      );
      const sorted = sortRecords(records);
      const expected = unsorted.map((key, index) => ({ key, index })).sort((a, b) => a.key - b.key);
      assert.deepEqual(
        expected.map((_, at) => ({
          key: keyAt(sorted, at),
          index: readLocation(sorted, at * RECORD_BYTES).index,
        })),
        expected,
      );
    }),
  );
});
