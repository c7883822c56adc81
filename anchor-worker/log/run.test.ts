import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { contentsOf, randomKey, randomNumbers, temporaryFolder } from '../sample.test-support.js';
import {
  keyAt,
  keyOf,
  type Location,
  readLocation,
  RECORD_BYTES,
  sortRecords,
  writeRecord,
} from './index-record.js';
import { mergeRuns } from './merge-runs.js';
import { Run } from './run.js';

const MAX_KEY = 2 ** 48 - 1;

/** Records with these keys in this order, each at an index that says so. */
function recordsOf(keys: readonly number[], firstIndex = 0): Buffer {
  const records = Buffer.alloc(keys.length * RECORD_BYTES);
  for (const [at, key] of keys.entries()) {
    writeRecord(records, at * RECORD_BYTES, key, { log: at % 3, index: firstIndex + at, offset: at % 1000 });
  }
  return records;
}

function found(run: Run, key: number): Location[] {
  const locations: Location[] = [];
  run.find(key, locations);
  return locations;
}

/** What a run must answer, found by looking at every record. */
function scan(records: Buffer): Map<number, Location[]> {
  const byKey = new Map<number, Location[]>();
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    const key = keyAt(records, at / RECORD_BYTES);
    const known = byKey.get(key);
    if (known) known.push(readLocation(records, at));
    else byKey.set(key, [readLocation(records, at)]);
  }
  return byKey;
}

function assertFinds(run: Run, records: Buffer, step = 1): void {
  const byKey = scan(records);
  const keys = [...byKey.keys()];
  for (let at = 0; at < keys.length; at += step) {
    const key = keys[at] ?? 0;
    assert.deepEqual(found(run, key), byKey.get(key));
    for (const neighbour of [key - 1, key + 1]) {
      if (neighbour >= 0 && neighbour <= MAX_KEY && !byKey.has(neighbour))
        assert.deepEqual(found(run, neighbour), []);
    }
  }
}

const random = randomNumbers(3);
const anywhere = (): number => randomKey(random);

/** Keys as hashes give them, and as somebody would make them up who wants look-ups to be slow. */
const SHAPES: Record<string, (count: number) => number[]> = {
  random: (count) => Array.from({ length: count }, anywhere),
  'all the same': (count) => new Array<number>(count).fill(77),
  'few different ones': (count) => Array.from({ length: count }, () => Math.floor(random() * 5) * 2 ** 40),
  'crowded at the bottom': (count) => Array.from({ length: count }, (_, at) => at),
  'crowded at the top': (count) => Array.from({ length: count }, (_, at) => MAX_KEY - at),
  'doubling each time': (count) =>
    Array.from({ length: count }, (_, at) => Math.floor(2 ** ((at * 48) / count))),
  'both ends and nothing between': (count) => Array.from({ length: count }, (_, at) => (at % 2) * MAX_KEY),
};

test('a record holds the largest place that there can be', () => {
  const records = Buffer.alloc(RECORD_BYTES);
  const location = { log: 65_535, index: 2 ** 40 - 1, offset: 2 ** 24 - 1 };
  writeRecord(records, 0, MAX_KEY, location);
  assert.equal(keyAt(records, 0), MAX_KEY);
  assert.deepEqual(readLocation(records, 0), location);
});

test('a key is the first six bytes, so that records are in the order of these', () => {
  assert.equal(keyOf(Uint8Array.of(1, 2, 3, 4, 5, 6, 7)), 0x010203040506);
  assert.equal(keyOf(new Uint8Array(32).fill(255)), MAX_KEY);
  const records = Buffer.from('ff0000000001', 'hex');
  assert.equal(keyOf(records), keyAt(records, 0));
});

test('sorting keeps equal keys in the order in which they came', () => {
  for (const keys of [[3, 1, 2, 1, 3, 1], SHAPES['few different ones']?.(1000) ?? [], []]) {
    const records = recordsOf(keys);
    const sorted = sortRecords(records);
    assert.equal(sorted.length, records.length);
    const indices = [...scan(sorted).values()].map((locations) => locations.map(({ index }) => index));
    assert.deepEqual(scan(sorted), new Map([...scan(records)].sort(([a], [b]) => a - b)));
    for (const group of indices)
      assert.deepEqual(
        group,
        [...group].sort((a, b) => a - b),
      );
  }
});

for (const [shape, keysOf] of Object.entries(SHAPES)) {
  test(`a run in memory finds each key and no other: keys ${shape}`, () => {
    for (const count of [1, 2, 255, 256, 257, 700]) {
      const records = sortRecords(recordsOf(keysOf(count)));
      assertFinds(Run.of('nowhere', records), records);
    }
  });

  test(`a run too large for memory finds each key and no other: keys ${shape}`, async (t) => {
    const path = join(await temporaryFolder(t), 'run');
    // Over 4 MiB, and not a whole number of pages.
    const records = sortRecords(recordsOf(keysOf(270_001)));
    await writeFile(path, records);
    const run = Run.open(path);
    t.after(() => run.close());
    assertFinds(run, records, 1009);
  });
}

test('a run that is cut short is reported as damage', async (t) => {
  const path = join(await temporaryFolder(t), 'run');
  await writeFile(path, recordsOf([1, 2, 3]).subarray(0, 40));
  assert.throws(() => Run.open(path), { code: 'LOG_DAMAGED' });
  await writeFile(path, sortRecords(recordsOf(SHAPES.random?.(270_001) ?? [])));
  const run = Run.open(path);
  t.after(() => run.close());
  await truncate(path, 16 * 100);
  assert.throws(() => found(run, MAX_KEY), { code: 'LOG_DAMAGED' });
});

test('merging gives the records of all runs in order, of equal keys the older first', async (t) => {
  const folder = await temporaryFolder(t);
  const keys = Array.from({ length: 40_000 }, () => Math.floor(random() * 10_000));
  const ends = [0, 1, 500, 20_000, 20_000, 39_999, 40_000];
  const parts = ends.slice(1).map((end, part) => {
    const begin = ends[part] ?? 0;
    return Run.of(`part ${part}`, sortRecords(recordsOf(keys.slice(begin, end), begin)));
  });
  const path = join(folder, 'deep', 'merged');
  const merged = await mergeRuns(parts, path);
  assert.equal(merged.count, keys.length);
  // Log and offset stand for the place within a part: compare keys and indices.
  const expected = keys
    .map((key, index) => ({ key, index }))
    .sort((a, b) => a.key - b.key || a.index - b.index);
  const bytes = Buffer.from((await contentsOf(folder))['deep/merged'] ?? '', 'hex');
  const actual = expected.map((_, at) => ({
    key: keyAt(bytes, at),
    index: readLocation(bytes, at * RECORD_BYTES).index,
  }));
  assert.deepEqual(actual, expected);
  assert.deepEqual(Object.keys(await contentsOf(folder)), ['deep/merged']);
});
