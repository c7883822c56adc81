import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256 } from '@spondon/protocol/crypto-node';
import { appendLeaf, type Frontier, rootOf } from '@spondon/protocol/merkle/compact-range';
import { leafHash, nodeHash } from '@spondon/protocol/merkle/tree';
import { bytesOf } from '../sample.test-support.js';
import { Tree } from './tree.js';

const ENTRIES = Array.from({ length: 1100 }, (_, at) => bytesOf(`entry ${at}`, 20));
const LEAVES = ENTRIES.map((entry) => leafHash(entry, sha256));
/** By size, from 0. */
const ROOTS = ((): Uint8Array[] => {
  let frontier: Frontier = [];
  const roots = [rootOf(frontier, 0, sha256)];
  for (const [size, leaf] of LEAVES.entries()) {
    frontier = appendLeaf(frontier, size, leaf, sha256);
    roots.push(rootOf(frontier, size + 1, sha256));
  }
  return roots;
})();

/** RFC 9162 §2.1.1, word by word, of 2^n leaves. */
function perfectRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (leaves.length === 1 && only) return only;
  const half = leaves.length / 2;
  return nodeHash(perfectRoot(leaves.slice(0, half)), perfectRoot(leaves.slice(half)), sha256);
}

interface FullTile {
  readonly level: number;
  readonly tile: number;
  readonly row: readonly Uint8Array[];
}

function newTree(): { tree: Tree; full: FullTile[] } {
  const full: FullTile[] = [];
  return { tree: new Tree(sha256, (level, tile, row) => full.push({ level, tile, row: [...row] })), full };
}

/** The incomplete rows of a tree of the first `size` leaves, made without it. */
function rowsOf(size: number): Uint8Array[][] {
  const rows: Uint8Array[][] = [];
  for (let width = 1; width <= size; width *= 256) {
    const hashes = Math.floor(size / width);
    const first = hashes - (hashes % 256);
    const subtree = (at: number) => perfectRoot(LEAVES.slice(at * width, (at + 1) * width));
    rows.push(Array.from({ length: hashes % 256 }, (_, at) => subtree(first + at)));
  }
  return rows;
}

test('the root is that of RFC 9162 at every size', () => {
  const { tree } = newTree();
  assert.deepEqual(tree.root(), ROOTS[0]);
  for (const [at, entry] of ENTRIES.entries()) {
    tree.append(entry);
    assert.equal(tree.size, at + 1);
    assert.deepEqual(tree.root(), ROOTS[at + 1]);
  }
});

test('rows hold the roots of the perfect subtrees that their tile stands for (C2SP tlog-tiles)', () => {
  const { tree, full } = newTree();
  for (const entry of ENTRIES) tree.append(entry);
  assert.deepEqual(
    full.map(({ level, tile }) => [level, tile]),
    [0, 1, 2, 3].map((tile) => [0, tile]),
  );
  for (const { tile, row } of full) assert.deepEqual(row, LEAVES.slice(tile * 256, (tile + 1) * 256));
  const rows = Array.from({ length: tree.tileLevels }, (_, level) => [...tree.row(level)]);
  assert.deepEqual(rows, rowsOf(ENTRIES.length));
});

test('a tree restored from its incomplete rows goes on as if it had never been away, at any size', () => {
  for (let size = 0; size < ENTRIES.length; size += 1) {
    const nearFullTile = size % 256 < 3 || size % 256 > 252;
    const { tree, full } = newTree();
    tree.restore(size, rowsOf(size));
    assert.equal(tree.size, size);
    assert.deepEqual(tree.root(), ROOTS[size]);
    const end = Math.min(ENTRIES.length, size + (nearFullTile ? 260 : 2));
    for (const entry of ENTRIES.slice(size, end)) tree.append(entry);
    assert.deepEqual(tree.root(), ROOTS[end]);
    for (const { tile, row } of full) assert.deepEqual(row, LEAVES.slice(tile * 256, (tile + 1) * 256));
    assert.equal(full.length, Math.floor(end / 256) - Math.floor(size / 256));
  }
});

test('the first full tile of level 1 is reported with the leaf that completes it', () => {
  const { tree, full } = newTree();
  const entry = bytesOf('the same', 8);
  for (let size = 0; size < 65_536; size += 1) tree.append(entry);
  const above = full.filter(({ level }) => level > 0);
  assert.deepEqual(
    above.map(({ level, tile }) => [level, tile]),
    [[1, 0]],
  );
  const width256 = perfectRoot(Array.from({ length: 256 }, () => leafHash(entry, sha256)));
  assert.deepEqual(
    above[0]?.row,
    Array.from({ length: 256 }, () => width256),
  );
  assert.deepEqual(tree.row(2), [perfectRoot(Array.from({ length: 256 }, () => width256))]);
  assert.deepEqual([...tree.row(0), ...tree.row(1)], []);
});
