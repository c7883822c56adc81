import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type KuboStore, openKuboStore } from './kubo.js';
import { PATIENCE } from './kubo-node.js';
import { startKubo, type TestNode, whyNoKubo } from './kubo.test-support.js';
import { MIB, seededContent, STORE_CONTRACT } from './store-contract.test-support.js';
import type { DocumentStore } from './store.js';

const skip = whyNoKubo();
const patience = { ...PATIENCE, swarm: 1000 };

suite('a store on a private Kubo node', { skip }, () => {
  let node: TestNode;
  let store: KuboStore;
  before(async () => {
    node = await startKubo();
    store = openKuboStore([{ url: node.url, auth: undefined }], { patience });
    await store.check();
  });
  after(() => node.remove());

  async function empty(): Promise<DocumentStore> {
    for await (const cid of store.list()) await store.remove(cid);
    return store;
  }

  for (const { promise, check } of STORE_CONTRACT) test(promise, async () => check(await empty()));

  test('of what was removed nothing is left on the node', async () => {
    await empty();
    const before = node.ipfs('refs', 'local');
    const documents = [
      await store.put(seededContent(1000, 'a')),
      await store.put(seededContent(2 * MIB, 'b')),
      await store.put(seededContent(2 * MIB + 1, 'b')),
    ];
    for (const { cid } of documents) await store.remove(cid);
    assert.equal(node.ipfs('refs', 'local'), before);
  });
});
