import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIB, seededContent } from './store-contract.test-support.js';
import { importDocument } from './unixfs.js';

test('beyond 1,024 links the tree grows a level, as in Kubo', async () => {
  let parts = 0;
  const countPart = () => {
    parts++;
    return Promise.resolve();
  };
  const { cid } = await importDocument(seededContent(1025 * MIB, 'v1-2025-seed'), countPart, () =>
    Promise.resolve(),
  );
  assert.equal(cid, 'bafybeihmzokxxjqwxjcryerhp5ezpcog2wcawfryb2xm64xiakgm4a5jue');
  assert.equal(parts, 1025 + 2);
});

test('the root is written once, and after every part', async () => {
  const written: string[] = [];
  const slowly = async (cid: string) => {
    await new Promise((resolve) => setImmediate(resolve));
    written.push(cid);
  };
  const { cid } = await importDocument(seededContent(5 * MIB, 'order'), slowly, (root) => {
    written.push(root);
    return Promise.resolve();
  });
  assert.equal(written.length, 6);
  assert.equal(written.indexOf(cid), 5);
});

test('a part that cannot be written fails the import, and no root is written', async () => {
  const broken = () => Promise.reject(new RangeError('disk full'));
  const neverRoot = () => assert.fail('the root was written');
  await assert.rejects(importDocument(seededContent(5 * MIB, 'full'), broken, neverRoot), /disk full/);
});
