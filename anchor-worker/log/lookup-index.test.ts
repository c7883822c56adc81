import assert from 'node:assert/strict';
import { cp, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { bytesOf, contentsOf, copyOf, randomNumbers, temporaryFolder } from '../sample.test-support.js';
import type { Location } from './index-record.js';
import { LookupIndex } from './lookup-index.js';

/** Past the first merge, which comes with entry 65,536. */
const SIZE = 71_000;
const pool = bytesOf('keys', 65_536);

interface Added {
  readonly keys: readonly Uint8Array[];
  readonly location: Location;
}

/** What the ledger brought, in order: issues under two keys, revocations under one that was there before; three logs. */
const ENTRIES = ((): Added[] => {
  const random = randomNumbers(4);
  const sizes = [0, 0, 0];
  const entries: Added[] = [];
  const freshKey = (at: number, length: number) => {
    const key = Uint8Array.from(pool.subarray(at % 60_000, (at % 60_000) + length));
    key[5] = at >> 16;
    return key;
  };
  for (let at = 0; at < SIZE; at += 1) {
    const log = Math.floor(random() ** 3 * 3);
    const index = sizes[log] ?? 0;
    sizes[log] = index + 1;
    const earlier = entries[Math.floor(random() * at)];
    const [, code] = earlier?.keys ?? [];
    const keys = code && random() < 0.1 ? [code] : [freshKey(at * 7, 32), freshKey(at * 7 + 3, 10)];
    entries.push({ keys, location: { log, index, offset: Math.floor(random() * 100_000) } });
  }
  return entries;
})();

function add(index: LookupIndex, from: number, to: number): void {
  for (const { keys, location } of ENTRIES.slice(from, to)) index.add(keys, location);
}

async function commit(index: LookupIndex): Promise<void> {
  const removeOld = await index.checkpoint();
  await removeOld();
}

/** By the six bytes that count. */
function modelOf(entries: readonly Added[]): Map<string, { key: Uint8Array; locations: Location[] }> {
  const model = new Map<string, { key: Uint8Array; locations: Location[] }>();
  for (const { keys, location } of entries) {
    for (const key of keys) {
      const name = Buffer.from(key.subarray(0, 6)).toString('hex');
      const known = model.get(name);
      if (known) known.locations.push(location);
      else model.set(name, { key, locations: [location] });
    }
  }
  return model;
}

function assertFindsAll(index: LookupIndex, size: number, step: number): void {
  const model = [...modelOf(ENTRIES.slice(0, size)).values()];
  for (let at = 0; at < model.length; at += step) {
    const { key, locations } = model[at] ?? { key: new Uint8Array(6), locations: [] };
    assert.deepEqual(index.find(key), locations);
  }
  for (let at = 0; at < 100; at += 1) assert.deepEqual(index.find(bytesOf(`stranger ${at}`, 32)), []);
}

/** The files of an index of the first `size` entries that was made in one go. */
async function straightFiles(t: TestContext, size: number): Promise<Record<string, string>> {
  const folder = await temporaryFolder(t);
  const index = await LookupIndex.open(folder, 0);
  add(index, 0, size);
  await commit(index);
  await index.close();
  return contentsOf(folder);
}

test('every entry is found under its keys, in the order of the ledger, while runs are written and merged', async (t) => {
  const index = await LookupIndex.open(await temporaryFolder(t), 0);
  const random = randomNumbers(5);
  for (let from = 0; from < SIZE;) {
    const to = Math.min(SIZE, from + 1 + Math.floor(random() * 9000));
    add(index, from, to);
    // Nothing was waited for: runs are on their way to disk, or being merged.
    assertFindsAll(index, to, 997);
    await index.settle();
    if (random() < 0.3) await commit(index);
    from = to;
  }
  assertFindsAll(index, SIZE, 1);
  await commit(index);
  assertFindsAll(index, SIZE, 7);
  await index.close();
});

test('sixteen runs become one, and only files that are needed remain', async (t) => {
  const files = (size: number) => straightFiles(t, size).then(Object.keys);
  const level0 = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => `0/${String(from + at).padStart(8, '0')}`);
  assert.deepEqual(await files(4095), ['tail-4095']);
  assert.deepEqual(await files(4096), ['0/00000000']);
  assert.deepEqual(await files(65_535), [...level0(0, 15), 'tail-65535']);
  assert.deepEqual(await files(65_536), ['0/', '1/00000000']);
  assert.deepEqual(await files(65_536 + 4096 + 7), ['0/00000016', '1/00000000', 'tail-69639']);
});

test('the files are the same, byte for byte, whatever the checkpoints', async (t) => {
  const expected = await straightFiles(t, SIZE);
  for (const seed of [6, 7]) {
    const random = randomNumbers(seed);
    const folder = await temporaryFolder(t);
    let index = await LookupIndex.open(folder, 0);
    for (let from = 0; from < SIZE;) {
      const to = Math.min(SIZE, from + 1 + Math.floor(random() * 12_000));
      add(index, from, to);
      const checkpoint = index.checkpoint();
      // What comes while it is being written belongs to the next one.
      const after = Math.min(SIZE, to + Math.floor(random() * 5000));
      add(index, to, after);
      await (
        await checkpoint
      )();
      if (random() < 0.5) {
        await index.close();
        index = await LookupIndex.open(folder, to);
        add(index, to, after);
      }
      from = after;
    }
    await commit(index);
    await index.close();
    assert.deepEqual(await contentsOf(folder), expected);
  }
});

/** Where the last checkpoint was and where the crash came; both sides of every kind of boundary. */
const CRASHES: [number, number][] = [
  [0, 1],
  [0, 4096],
  [100, 4095],
  [4000, 4096],
  [4095, 8200],
  [4096, 4097],
  [61_440, 65_535],
  [61_440, 65_536],
  [65_000, 65_536],
  [65_535, 65_537],
  [65_000, 69_700],
  [65_536, 65_537],
  [66_000, 69_632],
];

test('a crash before, while or after a checkpoint comes to count costs nothing but the entries since the last', async (t) => {
  const random = randomNumbers(8);
  const end = SIZE;
  const expected = await straightFiles(t, end);
  const folder = await temporaryFolder(t);
  let index = await LookupIndex.open(folder, 0);
  let size = 0;
  const reach = (to: number) => {
    add(index, size, to);
    size = to;
  };
  for (const [last, crash] of CRASHES) {
    if (size > last) {
      // Begin again for a pair that overlaps the one before.
      await index.close();
      await rm(folder, { recursive: true });
      index = await LookupIndex.open(folder, 0);
      size = 0;
    }
    reach(last);
    await commit(index);
    reach(crash);
    const killed: [string, number][] = [[copyOf(t, folder), last]];
    const removeOld = await index.checkpoint();
    const written = copyOf(t, folder);
    killed.push([written, last], [copyOf(t, folder), crash]);
    await removeOld();
    killed.push([copyOf(t, folder), crash]);
    for (const [copy, committed] of killed) {
      const reopened = await LookupIndex.open(copy, committed);
      assertFindsAll(reopened, committed, 499);
      add(reopened, committed, crash);
      assertFindsAll(reopened, crash, 499);
      // Not all of them to the end: that takes longer than it tells.
      if (random() < 0.3) {
        add(reopened, crash, end);
        await commit(reopened);
        await reopened.close();
        assert.deepEqual(await contentsOf(copy), expected);
      } else {
        await reopened.close();
      }
    }
  }
  await index.close();
});

test('a merge that was cut short is made again', async (t) => {
  const folder = await temporaryFolder(t);
  const index = await LookupIndex.open(folder, 0);
  add(index, 0, 65_000);
  await commit(index);
  await index.close();
  await cp(join(folder, '0'), join(folder, '1'), { recursive: true });
  await writeFile(join(folder, '1/00000000.unfinished'), 'half a merge');
  await writeFile(join(folder, '0/00000015.unfinished'), 'half a run');
  await writeFile(join(folder, 'tail-65001'), 'a tail that never counted');
  const reopened = await LookupIndex.open(folder, 65_000);
  add(reopened, 65_000, 66_000);
  await commit(reopened);
  await reopened.close();
  assert.deepEqual(await contentsOf(folder), await straightFiles(t, 66_000));
});

test('files that are missing or have another size are reported as damage', async (t) => {
  const folder = await temporaryFolder(t);
  const index = await LookupIndex.open(folder, 0);
  add(index, 0, 69_640);
  await commit(index);
  await index.close();
  for (const name of ['0/00000016', '1/00000000', 'tail-69640']) {
    const missing = copyOf(t, folder);
    await rm(join(missing, name));
    await assert.rejects(LookupIndex.open(missing, 69_640), { code: 'LOG_DAMAGED' });
    const short = copyOf(t, folder);
    await truncate(join(short, name), 16);
    await assert.rejects(LookupIndex.open(short, 69_640), { code: 'LOG_DAMAGED' });
  }
});

test('a folder that cannot be written to fails the checkpoint, and settling too', async (t) => {
  const folder = await temporaryFolder(t);
  const index = await LookupIndex.open(folder, 0);
  await writeFile(join(folder, '0'), 'a file in the way');
  add(index, 0, 65_536);
  await assert.rejects(index.checkpoint(), { code: 'UNWRITABLE' });
  await assert.rejects(index.settle(), { code: 'UNWRITABLE' });
  await index.close();
});
