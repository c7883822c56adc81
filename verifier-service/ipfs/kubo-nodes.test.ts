import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { openKuboStore } from './kubo.js';
import { PATIENCE } from './kubo-node.js';
import { changeBlockOf, newSwarmKey, startKubo, type TestNode, whyNoKubo } from './kubo.test-support.js';
import type { DocumentStore, StoreProblem } from './store.js';
import { MIB, seededContent } from './store-contract.test-support.js';

const skip = whyNoKubo();
const patience = { ...PATIENCE, swarm: 2000 };

async function lengthOf(store: DocumentStore, cid: string): Promise<number> {
  let length = 0;
  for await (const bytes of store.get(cid)) length += bytes.length;
  return length;
}

async function problems(store: DocumentStore): Promise<StoreProblem[]> {
  const all: StoreProblem[] = [];
  for await (const problem of store.verify()) all.push(problem);
  return all;
}

suite('Kubo nodes of one private swarm', { skip }, () => {
  let one: TestNode;
  let two: TestNode;
  const storeOn = (...nodes: TestNode[]) =>
    openKuboStore(
      nodes.map(({ url }) => ({ url, auth: undefined })),
      { patience },
    );
  before(async () => {
    const swarmKey = newSwarmKey();
    [one, two] = await Promise.all([startKubo({ swarmKey }), startKubo({ swarmKey })]);
    one.ipfs('swarm', 'connect', two.peerAddress);
  });
  after(() => Promise.all([one, two].map((node) => node.remove())));

  test('both are found fit for documents', () => storeOn(one, two).check());

  test('killed right after a put and started again, the node has the document', async () => {
    const store = storeOn(one);
    const { cid } = await store.put(seededContent(2 * MIB, 'killed'));
    await one.kill();
    await assert.rejects(lengthOf(store, cid), { code: 'STORAGE_UNAVAILABLE' });
    await one.start();
    assert.deepEqual(await store.problems(), []);
    assert.equal(await lengthOf(store, cid), 2 * MIB);
    assert.deepEqual(await problems(store), []);
    one.ipfs('swarm', 'connect', two.peerAddress);
  });

  test('a document that only another node of the swarm has is fetched from there', async () => {
    const { cid } = await storeOn(two).put(seededContent(1000, 'elsewhere'));
    assert.equal(await lengthOf(storeOn(one), cid), 1000);
    await storeOn(one, two).remove(cid);
    await assert.rejects(lengthOf(storeOn(one, two), cid), { code: 'BLOB_MISSING' });
  });

  test('when the node that took a document dies, the one that has a copy serves it', async () => {
    const store = storeOn(one, two);
    const { cid } = await store.put(seededContent(2 * MIB, 'copied'));
    // As IPFS Cluster does.
    two.ipfs('pin', 'add', '--name', 'spondon', cid);
    await one.kill();
    assert.equal(await lengthOf(store, cid), 2 * MIB);
    const late = await store.put(seededContent(1000, 'late'));
    assert.equal(await lengthOf(store, late.cid), 1000);
    assert.deepEqual(await store.problems(), []);
    await one.start();
    one.ipfs('swarm', 'connect', two.peerAddress);
    assert.equal(await store.has(late.cid), true);
  });

  test('a node that falls silent is given up, and used again when it speaks', async () => {
    const store = openKuboStore([{ url: one.url, auth: undefined }], {
      patience: { ...patience, call: 1000, write: 1000, probe: 1000 },
    });
    one.pause();
    await assert.rejects(store.put(Uint8Array.of(1)), { code: 'STORAGE_UNAVAILABLE' });
    assert.match(String(await store.problems()), /does not answer in time/);
    one.resume();
    assert.deepEqual(await storeOn(one).problems(), []);
    await storeOn(one).put(Uint8Array.of(1));
  });

  test('what changes on the disk of a node is found, by reading and by verify, and put again repairs it', async () => {
    const store = storeOn(one);
    const { cid } = await store.put(seededContent(3000, 'damaged'));
    await changeBlockOf(one, 3000);
    await assert.rejects(lengthOf(store, cid), { code: 'BLOB_DAMAGED' });
    assert.deepEqual(
      (await problems(store)).map(({ code, block }) => ({ code, block })),
      [{ code: 'BLOB_DAMAGED', block: cid }],
    );
    await store.put(seededContent(3000, 'damaged'));
    assert.equal(await lengthOf(store, cid), 3000);
  });

  test('leftovers are what no pin needs', async () => {
    const store = storeOn(one);
    await store.removeLeftovers();
    const { cid } = await store.put(seededContent(2 * MIB, 'kept'));
    one.ipfs('block', 'put', join(one.folder, 'config'));
    assert.equal(await store.removeLeftovers(), 1);
    assert.equal(await lengthOf(store, cid), 2 * MIB);
  });
});

test(
  'a node without a swarm key, or that does not flush, is refused with what to do',
  { skip },
  async (t) => {
    const node = await startKubo({
      swarmKey: null,
      configure: (ipfs) => {
        const mounts = JSON.parse(ipfs('config', 'Datastore.Spec.mounts')) as object[];
        ipfs(
          'config',
          '--json',
          'Datastore.Spec.mounts',
          JSON.stringify(mounts).replace('"sync":true', '"sync":false'),
        );
      },
    });
    t.after(() => node.remove());
    await assert.rejects(openKuboStore([{ url: node.url, auth: undefined }]).check(), {
      code: 'CONFIG_INVALID',
      message: /no swarm key.*does not flush/,
    });
  },
);

test('credentials open a node that asks for them', { skip }, async (t) => {
  const node = await startKubo({
    configure: (ipfs) =>
      ipfs(
        'config',
        '--json',
        'API.Authorizations',
        JSON.stringify({ spondon: { AuthSecret: 'basic:spondon:a-secret', AllowedPaths: ['/api/v0'] } }),
      ),
  });
  t.after(() => node.remove());
  const { url } = node;
  await openKuboStore([{ url, auth: 'basic:spondon:a-secret' }]).put(Uint8Array.of(1));
  const store = openKuboStore([{ url, auth: 'basic:spondon:wrong' }]);
  await assert.rejects(store.put(Uint8Array.of(2)), { code: 'STORAGE_UNAVAILABLE' });
  assert.match(String(await store.problems()), /denies access/);
});
