import assert from 'node:assert/strict';
import { rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { concatBytes } from '@spondon/protocol/bytes';
import { sha256 } from '@spondon/protocol/crypto-node';
import { appendLeaf, type Frontier, rootOf } from '@spondon/protocol/merkle/compact-range';
import { verifyInclusion } from '@spondon/protocol/merkle/inclusion';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { decodeEntryBundle } from '@spondon/protocol/tile';
import {
  bytesOf,
  contentsOf,
  copyOf,
  randomNumbers,
  temporaryFolder,
  type Test,
} from '../sample.test-support.js';
import { LogTiles } from './tiles.js';

/** Past the first full tile of level 1. */
const SIZE = 65_536 + 700;
const pool = bytesOf('entries', 4096);

/** Entry number `at`: of varying length, different from its neighbours. */
function entryOf(at: number): Uint8Array {
  const number = new Uint8Array([at >> 16, at >> 8, at]);
  return concatBytes(number, pool.subarray(at % 2048, (at % 2048) + 10 + (at % 23)));
}

/** Roots at the sizes that tests ask for, by the protocol's own compact range. */
function rootsAt(sizes: readonly number[]): Map<number, Uint8Array> {
  const wanted = new Set(sizes);
  const roots = new Map<number, Uint8Array>();
  let frontier: Frontier = [];
  for (let size = 0; size <= Math.max(...sizes); size += 1) {
    if (wanted.has(size)) roots.set(size, rootOf(frontier, size, sha256));
    frontier = appendLeaf(frontier, size, leafHash(entryOf(size), sha256), sha256);
  }
  return roots;
}

/** Appends up to `size`, as the follower does: with a pause now and then. */
async function grow(log: LogTiles, size: number): Promise<void> {
  while (log.size < size) {
    log.append(entryOf(log.size));
    if (log.size % 1000 === 0) await log.settle();
  }
}

async function commit(log: LogTiles): Promise<void> {
  const removeOld = await log.checkpoint();
  await removeOld();
}

interface Built {
  readonly folder: string;
  readonly log: LogTiles;
}

/** The large one, which takes a while. */
let large: Built;
const cleanUps: (() => unknown)[] = [];
before(async () => {
  large = await buildLog({ after: (cleanUp) => cleanUps.push(cleanUp) }, SIZE);
});
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp();
});

/** A folder with a checkpointed log of `size` entries, made in one go. */
async function buildLog(t: Test, size: number): Promise<Built> {
  const folder = await temporaryFolder(t);
  const log = LogTiles.create(folder, sha256);
  await grow(log, size);
  await commit(log);
  return { folder, log };
}

test('an entry is read back at once, from memory, from disk, and by its offset in its bundle', async (t) => {
  const folder = await temporaryFolder(t);
  const log = LogTiles.create(folder, sha256);
  const offsets: number[] = [];
  const readAll = (): void => {
    for (const [at, offset] of offsets.entries()) {
      assert.deepEqual(log.entry(at), entryOf(at));
      assert.deepEqual(log.entry(at, offset), entryOf(at));
    }
  };
  for (let at = 0; at < 700; at += 1) offsets.push(log.append(entryOf(at)));
  readAll();
  await commit(log);
  readAll();
  assert.equal(log.bundle(0).length, 256);
  assert.equal(log.bundle(2).length, 700 - 512);
});

test('asking for what is not in the log is told apart from damage', async (t) => {
  const { log } = await buildLog(t, 600);
  for (const ask of [
    () => log.entry(600),
    () => log.entry(-1),
    () => log.entry(0.5),
    () => log.entry(601, 0),
    () => log.bundle(3),
    () => log.bundle(-1),
    () => log.inclusionPath(600, 600),
    () => log.inclusionPath(-1, 600),
    () => log.inclusionPath(0, 601),
    () => log.inclusionPath(NaN, 600),
  ]) {
    assert.throws(ask, { code: 'ENTRY_UNKNOWN' });
  }
});

test('the files are those of C2SP tlog-tiles', async () => {
  const files = await contentsOf(join(large.folder, 'tile'));
  const leaf = (at: number) => Buffer.from(leafHash(entryOf(at), sha256)).toString('hex');
  const leaves = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => leaf(from + at)).join('');
  assert.equal(files['0/000'], leaves(0, 256));
  assert.equal(files['0/256'], leaves(65_536, 65_792));
  assert.equal(files['0/258.p/188'], leaves(66_048, SIZE));
  assert.equal(files['1/000']?.length, 256 * 64);
  assert.equal(files['1/001.p/2']?.length, 2 * 64);
  assert.equal(files['2/000.p/1']?.length, 64);
  const bundle = (name: string) => decodeEntryBundle(Buffer.from(files[name] ?? '', 'hex')).map(hex);
  assert.deepEqual(
    bundle('entries/258.p/188'),
    Array.from({ length: 188 }, (_, at) => hex(entryOf(66_048 + at))),
  );
  assert.equal(bundle('entries/001')[255], hex(entryOf(511)));
  // Level 0 and entries: 258 full ones and an incomplete one each.
  assert.equal(Object.keys(files).length, 2 * 259 + 2 + 1);
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

const BOUNDARIES = [0, 1, 255, 256, 257, 300, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 65_792, SIZE];

test('a log reopened at any kind of boundary goes on, and ends in the same bytes', async (t) => {
  const roots = rootsAt(BOUNDARIES);
  const folder = await temporaryFolder(t);
  for (const size of BOUNDARIES) {
    const log = await LogTiles.open(folder, previous(size), sha256);
    assert.deepEqual(log.root(), roots.get(previous(size)));
    await grow(log, size);
    assert.deepEqual(log.root(), roots.get(size));
    await commit(log);
  }
  assert.deepEqual(await contentsOf(folder), await contentsOf(large.folder));
});

function previous(size: number): number {
  return BOUNDARIES[BOUNDARIES.indexOf(size) - 1] ?? 0;
}

test('inclusion paths verify for any entry in the tree of any earlier size, also after reopening', async () => {
  const random = randomNumbers(1);
  const sizes = [1, 2, 255, 256, 257, 65_535, 65_536, 65_537, SIZE];
  for (let draw = 0; draw < 300; draw += 1) sizes.push(1 + Math.floor(random() * SIZE));
  const roots = rootsAt(sizes);
  const reopened = await LogTiles.open(large.folder, SIZE, sha256);
  for (const size of sizes) {
    for (const index of [0, size - 1, Math.floor(random() * size), Math.floor(random() * size)]) {
      const leaf = leafHash(entryOf(index), sha256);
      for (const tiles of [large.log, reopened]) {
        verifyInclusion(leaf, index, size, tiles.inclusionPath(index, size), roots.get(size) ?? leaf, sha256);
      }
    }
  }
});

test('incomplete tiles stay until a newer checkpoint counts, and no longer', async (t) => {
  const folder = await temporaryFolder(t);
  const log = LogTiles.create(folder, sha256);
  const incomplete = async () => Object.keys(await contentsOf(folder)).filter((path) => path.includes('.p/'));
  await grow(log, 300);
  await commit(log);
  const first = ['tile/0/001.p/44', 'tile/1/000.p/1', 'tile/entries/001.p/44'];
  assert.deepEqual(await incomplete(), first);
  await grow(log, 700);
  const removeOld = await log.checkpoint();
  const second = ['tile/0/002.p/188', 'tile/1/000.p/2', 'tile/entries/002.p/188'];
  assert.deepEqual(await incomplete(), [...first, ...second].sort());
  await removeOld();
  assert.deepEqual(await incomplete(), second);
});

test('entries appended while a checkpoint is being written are not in it', async (t) => {
  const folder = await temporaryFolder(t);
  const log = LogTiles.create(folder, sha256);
  await grow(log, 255);
  const checkpoint = log.checkpoint();
  await grow(log, 600);
  await (
    await checkpoint
  )();
  const [root] = rootsAt([255]).values();
  assert.deepEqual((await LogTiles.open(folder, 255, sha256)).root(), root);
});

test('the folder is the same, byte for byte, whatever the checkpoints and crashes on the way', async (t) => {
  const random = randomNumbers(2);
  const size = 3000;
  const expected = await contentsOf((await buildLog(t, size)).folder);
  for (let round = 0; round < 6; round += 1) {
    let folder = await temporaryFolder(t);
    let log = LogTiles.create(folder, sha256);
    for (let committed = 0; committed < size;) {
      await grow(log, Math.min(size, log.size + 1 + Math.floor(random() * 700)));
      const removeOld = await log.checkpoint();
      // A crash before the checkpoint counts, after it counts, or after everything; mostly none.
      const crash = Math.floor(random() * 6);
      if (crash > 0) committed = log.size;
      if (crash > 1) await removeOld();
      if (crash > 2) continue;
      folder = copyOf(t, folder);
      log = await openAt(folder, committed);
    }
    assert.deepEqual(await contentsOf(folder), expected);
  }
});

/** As the store does it: it removes a log that no checkpoint knows. */
async function openAt(folder: string, size: number): Promise<LogTiles> {
  if (size > 0) return LogTiles.open(folder, size, sha256);
  await rm(folder, { recursive: true });
  return LogTiles.create(folder, sha256);
}

test('what a write that was cut short left behind is removed or overwritten', async (t) => {
  const { folder, log } = await buildLog(t, 300);
  await grow(log, 355);
  await log.checkpoint();
  // Killed in the middle of the checkpoint, and of writing a full tile.
  const copy = copyOf(t, folder);
  await rename(join(copy, 'tile/0/001.p/99'), join(copy, 'tile/0/001.p/99.unfinished'));
  await writeFile(join(copy, 'tile/0/001.unfinished'), 'half');
  const reopened = await LogTiles.open(copy, 300, sha256);
  await grow(reopened, 600);
  await commit(reopened);
  assert.deepEqual(await contentsOf(copy), await contentsOf((await buildLog(t, 600)).folder));
});

test('a tile that is missing, cut short or scrambled is reported as damage, at opening or when it is needed', async (t) => {
  const { folder } = await buildLog(t, 600);
  const damages: [string, (path: string) => Promise<void>, 'open' | 'read'][] = [
    ['tile/0/002.p/88', (path) => rm(path), 'open'],
    ['tile/0/002.p/88', (path) => truncate(path, 31), 'open'],
    ['tile/1/000.p/2', (path) => rm(path), 'open'],
    ['tile/entries/002.p/88', (path) => rm(path), 'open'],
    ['tile/entries/002.p/88', (path) => truncate(path, 20), 'open'],
    ['tile/entries/002.p/88', (path) => writeFile(path, new Uint8Array(2)), 'open'],
    ['tile/entries/000', (path) => rm(path), 'read'],
    ['tile/entries/000', (path) => truncate(path, 3), 'read'],
    ['tile/0/000', (path) => rm(path), 'read'],
    ['tile/0/000', (path) => truncate(path, 32), 'read'],
  ];
  for (const [name, damage, when] of damages) {
    const copy = copyOf(t, folder);
    await damage(join(copy, name));
    if (when === 'open') {
      await assert.rejects(LogTiles.open(copy, 600, sha256), { code: 'LOG_DAMAGED' });
      continue;
    }
    const log = await LogTiles.open(copy, 600, sha256);
    const ask = name.startsWith('tile/entries') ? () => log.entry(0, 0) : () => log.inclusionPath(1, 600);
    assert.throws(ask, { code: 'LOG_DAMAGED' });
  }
});

test('a folder that cannot be written to fails the checkpoint, and settling too', async (t) => {
  const parent = await temporaryFolder(t);
  const folder = join(parent, 'log');
  await writeFile(folder, 'a file in the way');
  const log = LogTiles.create(folder, sha256);
  await grow(log, 300);
  await assert.rejects(log.checkpoint(), { code: 'UNWRITABLE' });
  await assert.rejects(log.settle(), { code: 'UNWRITABLE' });
  await log.idle();
});
