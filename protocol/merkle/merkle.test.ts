import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { equalBytes, fromHex, toHex, utf8 } from '../bytes.js';
import type { Hash } from '../crypto.js';
import { sha256 } from '../crypto-node.js';
import { appendLeaf, appendLeaves, rootOf, type Frontier } from './compact-range.js';
import { consistencyPath, verifyConsistency } from './consistency.js';
import { inclusionPath, rootFromInclusionPath, verifyInclusion } from './inclusion.js';
import type { NodeAt } from './subtree.js';
import { emptyRoot, leafHash, nodeHash } from './tree.js';

// The leaves and roots of Certificate Transparency's reference implementations.
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => leafHash(fromHex(hex), sha256));
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const leavesOf = (size: number): Uint8Array[] =>
  Array.from({ length: size }, (_, i) => leafHash(utf8(`leaf ${i}`), sha256));

/** MTH of RFC 9162 §2.1.1, as it is written there. */
function merkleTreeHash(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) return emptyRoot(sha256);
  if (leaves.length === 1) return first;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return nodeHash(merkleTreeHash(leaves.slice(0, k)), merkleTreeHash(leaves.slice(k)), sha256);
}

/** Perfect subtrees of `leaves`; fails when asked for one that is not complete. */
const nodesOf =
  (leaves: readonly Uint8Array[]): NodeAt =>
  (level, index) => {
    const end = (index + 1) * 2 ** level;
    assert.ok(end <= leaves.length, 'asked for an incomplete subtree');
    return merkleTreeHash(leaves.slice(index * 2 ** level, end));
  };

const refused = (code: string): object => ({ name: 'ProtocolError', code });

test('roots of the reference trees of 0 to 8 leaves', () => {
  for (const [size, root] of ROOTS.entries()) {
    assert.equal(toHex(rootOf(appendLeaves([], 0, LEAVES.slice(0, size), sha256), size, sha256)), root);
  }
});

test('appending in any portions gives the root that the definition gives', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 6 }), (portions) => {
      const total = portions.reduce((sum, count) => sum + count, 0);
      const leaves = leavesOf(total);
      let frontier: Frontier = [];
      let size = 0;
      for (const count of portions) {
        frontier = appendLeaves(frontier, size, leaves.slice(size, size + count), sha256);
        size += count;
      }
      assert.deepEqual(rootOf(frontier, size, sha256), merkleTreeHash(leaves));
    }),
  );
});

test('appending leaves the frontier it was given as it was', () => {
  const before = appendLeaves([], 0, leavesOf(7), sha256);
  const copy = before.map((subtree) => subtree.slice());
  appendLeaf(before, 7, leavesOf(1)[0] ?? assert.fail(), sha256);
  assert.deepEqual(before, copy);
});

test('4,096 leaves take fewer than 4,096 hashes', () => {
  let hashes = 0;
  const counting: Hash = (data) => {
    hashes += 1;
    return sha256(data);
  };
  const frontier = appendLeaves([], 0, leavesOf(4096), counting);
  assert.equal(hashes, 4095);
  assert.equal(frontier.length, 1);
});

test('each perfect subtree is told of once, when it is complete', () => {
  const leaves = leavesOf(21);
  const node = nodesOf(leaves);
  const first = appendLeaves([], 0, leaves.slice(0, 6), sha256);
  const seen = new Set<string>();
  const onNode = (level: number, index: number, hash: Uint8Array): void => {
    const name = `${level}/${index}`;
    assert.ok(!seen.has(name), name);
    seen.add(name);
    assert.deepEqual(hash, node(level, index));
  };
  appendLeaves(first, 6, leaves.slice(6), sha256, onNode);
  // Of 21 leaves there are 21 + 10 + 5 + 2 + 1 subtrees, of the first 6 there were 6 + 3 + 1.
  assert.equal(seen.size, 39 - 10);
});

test('sizes beyond 32 bits append as small ones do', () => {
  const size = 2 ** 40 + 1;
  const [a, b, c] = leavesOf(3) as [Uint8Array, Uint8Array, Uint8Array];
  const frontier = appendLeaf([a, b], size, c, sha256);
  assert.deepEqual(frontier, [a, nodeHash(b, c, sha256)]);
  assert.deepEqual(rootOf(frontier, size + 1, sha256), nodeHash(a, nodeHash(b, c, sha256), sha256));
});

test('a frontier of another size is refused', () => {
  const [a, b] = leavesOf(2) as [Uint8Array, Uint8Array];
  for (const [frontier, size] of [
    [[a], 0],
    [[], 1],
    [[a], 3],
    [[a, b], 4],
    [[a.subarray(1)], 1],
    [[a], -1],
    [[a], 1.5],
    [[a], 2 ** 53],
  ] as const) {
    assert.throws(() => rootOf(frontier, size, sha256), refused('FRONTIER'));
    assert.throws(() => appendLeaf(frontier, size, a, sha256), refused('FRONTIER'));
  }
});

test('a log as large as the safe integers takes no more leaves', () => {
  const [leaf] = leavesOf(1) as [Uint8Array];
  const frontier = Array.from({ length: 53 }, () => leaf);
  assert.doesNotThrow(() => appendLeaves(frontier, Number.MAX_SAFE_INTEGER, [], sha256));
  assert.throws(() => appendLeaf(frontier, Number.MAX_SAFE_INTEGER, leaf, sha256), refused('FRONTIER'));
});

test('every leaf of every small tree has a path, and no path fits another place', () => {
  for (let size = 1; size <= 20; size++) {
    const leaves = leavesOf(size);
    const [root, node] = [merkleTreeHash(leaves), nodesOf(leaves)];
    for (const [index, leaf] of leaves.entries()) {
      const path = inclusionPath(index, size, node, sha256);
      verifyInclusion(leaf, index, size, path, root, sha256);
      for (let other = 0; other < size; other++) {
        if (other === index) continue;
        assert.throws(
          () => verifyInclusion(leaf, other, size, path, root, sha256),
          refused('INCLUSION_PROOF'),
          `${index} at ${other} of ${size}`,
        );
      }
    }
  }
});

test('each single-bit change of an inclusion proof is noticed', () => {
  const leaves = leavesOf(11);
  const root = merkleTreeHash(leaves);
  const leaf = leaves[6] ?? assert.fail();
  const path = inclusionPath(6, 11, nodesOf(leaves), sha256);
  const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return flipped;
  };
  for (let bit = 0; bit < 256; bit++) {
    assert.throws(
      () => verifyInclusion(flip(leaf, bit), 6, 11, path, root, sha256),
      refused('INCLUSION_PROOF'),
    );
    assert.throws(
      () => verifyInclusion(leaf, 6, 11, path, flip(root, bit), sha256),
      refused('INCLUSION_PROOF'),
    );
    for (const [i, item] of path.entries()) {
      const changed = path.with(i, flip(item, bit));
      assert.throws(() => verifyInclusion(leaf, 6, 11, changed, root, sha256), refused('INCLUSION_PROOF'));
    }
  }
});

test('a path too long, too short or of odd hashes, and a place outside the tree, are refused', () => {
  const leaves = leavesOf(5);
  const node = nodesOf(leaves);
  const leaf = leaves[2] ?? assert.fail();
  const path = inclusionPath(2, 5, node, sha256);
  const code = refused('INCLUSION_PROOF');
  assert.throws(() => rootFromInclusionPath(leaf, 2, 5, [...path, leaf], sha256), code);
  assert.throws(() => rootFromInclusionPath(leaf, 2, 5, path.slice(1), sha256), code);
  assert.throws(() => rootFromInclusionPath(leaf, 2, 5, [], sha256), code);
  assert.throws(() => rootFromInclusionPath(leaf, 2, 5, path.with(0, leaf.subarray(1)), sha256), code);
  assert.throws(() => rootFromInclusionPath(leaf.subarray(1), 2, 5, path, sha256), code);
  for (const [index, size] of [
    [5, 5],
    [-1, 5],
    [0, 0],
    [0.5, 5],
    [NaN, 5],
    [2, Infinity],
    [2, 2 ** 53],
    [2 ** 64, 2 ** 65],
  ] as const) {
    assert.throws(() => rootFromInclusionPath(leaf, index, size, path, sha256), code);
    assert.throws(() => inclusionPath(index, size, node, sha256), code);
  }
});

test('an entry that spells an inner node is no leaf: leaves and nodes hash apart', () => {
  const [a, b] = leavesOf(2) as [Uint8Array, Uint8Array];
  const spelt = new Uint8Array([...a, ...b]);
  assert.ok(!equalBytes(leafHash(spelt, sha256), nodeHash(a, b, sha256)));
});

test('an entry of any length hashes as 0x00 before it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 9000, size: 'max' }), (entry) => {
      assert.deepEqual(leafHash(entry, sha256), sha256(new Uint8Array([0, ...entry])));
    }),
  );
});

test('every two sizes of a tree are consistent, and no proof fits other sizes', () => {
  const leaves = leavesOf(18);
  const node = nodesOf(leaves);
  const roots = leaves.map((_, i) => merkleTreeHash(leaves.slice(0, i + 1)));
  const rootAt = (size: number): Uint8Array => roots[size - 1] ?? assert.fail();
  for (let size2 = 1; size2 <= 18; size2++) {
    for (let size1 = 1; size1 <= size2; size1++) {
      const proof = consistencyPath(size1, size2, node, sha256);
      verifyConsistency(size1, size2, rootAt(size1), rootAt(size2), proof, sha256);
      const other = size1 === size2 ? size1 - 1 : size1 + 1;
      assert.throws(
        () => verifyConsistency(other, size2, rootAt(size1), rootAt(size2), proof, sha256),
        refused('CONSISTENCY_PROOF'),
      );
    }
  }
});

test('a rewritten leaf makes two trees inconsistent', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), fc.nat(59), fc.nat(59), (size2, a, b) => {
      const size1 = 1 + (a % (size2 - 1));
      const leaves = leavesOf(size2);
      const rewritten = leaves.with(b % size1, leafHash(utf8('rewritten'), sha256));
      const [root1, root2] = [merkleTreeHash(leaves.slice(0, size1)), merkleTreeHash(rewritten)];
      const proof = consistencyPath(size1, size2, nodesOf(rewritten), sha256);
      assert.throws(
        () => verifyConsistency(size1, size2, root1, root2, proof, sha256),
        refused('CONSISTENCY_PROOF'),
      );
    }),
  );
});

test('consistency of impossible sizes, with the empty tree, or with odd hashes is refused', () => {
  const [a] = leavesOf(1) as [Uint8Array];
  const code = refused('CONSISTENCY_PROOF');
  for (const [size1, size2] of [
    [0, 1],
    [0, 0],
    [2, 1],
    [-1, 1],
    [1, 1.5],
    [1, 2 ** 53],
    [NaN, 1],
  ] as const) {
    assert.throws(() => verifyConsistency(size1, size2, a, a, [], sha256), code);
    assert.throws(() => consistencyPath(size1, size2, () => a, sha256), code);
  }
  assert.throws(() => verifyConsistency(1, 1, a, a, [a], sha256), code);
  assert.throws(() => verifyConsistency(1, 2, a, a, [a.subarray(1)], sha256), code);
  assert.throws(() => verifyConsistency(3, 4, a, a, [], sha256), code);
});

test('a hash cut short is refused, whatever was hashed before it', () => {
  const [a, b] = leavesOf(2) as [Uint8Array, Uint8Array];
  const root = nodeHash(a, b, sha256);
  const short = b.subarray(0, 31);
  verifyInclusion(a, 0, 2, [b], root, sha256);
  assert.throws(() => verifyInclusion(a, 0, 2, [short], root, sha256), refused('INCLUSION_PROOF'));
  verifyConsistency(1, 2, a, root, [b], sha256);
  assert.throws(() => verifyConsistency(1, 2, a, root, [short], sha256), refused('CONSISTENCY_PROOF'));
});

test('two trees of one size are consistent exactly when they are one tree', () => {
  const [a, b] = leavesOf(2) as [Uint8Array, Uint8Array];
  verifyConsistency(5, 5, a, a, [], sha256);
  assert.throws(() => verifyConsistency(5, 5, a, b, [], sha256), refused('CONSISTENCY_PROOF'));
});
