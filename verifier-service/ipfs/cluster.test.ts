import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { until } from '../deployment/deployment.test-support.js';
import { IpfsCluster } from './cluster.js';
import { startPeer, type TestPeer, whyNoCluster } from './cluster.test-support.js';
import { newSwarmKey, startKubo, type TestNode, whyNoKubo } from './kubo.test-support.js';
import { type KuboStore, openKuboStore } from './kubo.js';
import { MIB, seededContent } from './store-contract.test-support.js';
import type { DocumentStore } from './store.js';

const skip = whyNoKubo() || whyNoCluster();

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const lengthOf = async (store: DocumentStore, cid: string): Promise<number> =>
  (await all(store.get(cid))).reduce((sum, { length }) => sum + length, 0);

suite('two nodes, not connected with each other, with IPFS Cluster beside them', { skip }, () => {
  const swarmKey = newSwarmKey();
  const clusterSecret = randomBytes(32).toString('hex');
  let nodes: TestNode[];
  let peers: TestPeer[];
  let cluster: IpfsCluster;
  let store: KuboStore;
  const addressed = (each: readonly { readonly url: string }[]) =>
    each.map(({ url }) => ({ url, auth: undefined }));
  const open = (...some: TestNode[]) => openKuboStore(addressed(some), { copies: { cluster, wanted: 2 } });
  const untilCopied = (cid: string) =>
    until(async () => (await cluster.copiesOf([cid])).get(cid) === nodes.length);
  before(async () => {
    nodes = await Promise.all([startKubo({ swarmKey }), startKubo({ swarmKey })]);
    const [one, two] = nodes;
    assert.ok(one && two);
    const first = await startPeer(one, clusterSecret);
    peers = [first, await startPeer(two, clusterSecret, first)];
    cluster = new IpfsCluster(addressed(peers));
    store = open(one, two);
    await store.check();
    await until(async () => (await cluster.size()) === 2);
  });
  after(async () => {
    for (const each of [...peers, ...nodes]) await each.remove();
  });

  test('a document is copied by itself, and read from the copy when its node is gone', async () => {
    const [one, two] = nodes;
    assert.ok(one && two);
    const { cid } = await store.put(seededContent(2 * MIB, 'copied'));
    await untilCopied(cid);
    assert.deepEqual(await all(store.shortOfCopies()), []);
    await one.kill();
    assert.equal(await lengthOf(store, cid), 2 * MIB);
    await one.start();
    assert.deepEqual(await store.problems(), []);
    // By its name on one node, by the word of the cluster on the other.
    assert.deepEqual(await all(open(two).list()), [cid]);
    assert.deepEqual(await all(store.verify()), []);
  });

  test('what is erased is erased on both nodes, and does not come back', async () => {
    const { cid } = await store.put(seededContent(1000, 'erased'));
    await untilCopied(cid);
    await store.remove(cid);
    assert.ok(!(await cluster.pins()).has(cid));
    await until(() => nodes.every((node) => !node.ipfs('pin', 'ls', '--quiet').includes(cid)));
    await assert.rejects(lengthOf(store, cid), { code: 'BLOB_MISSING' });
  });

  test('a document that was put while the second node and its peer were away is copied once they are back', async () => {
    const [one, two] = nodes;
    const [, peer] = peers;
    assert.ok(one && two && peer);
    await peer.kill();
    await two.kill();
    const { cid } = await open(one).put(seededContent(1000, 'late'));
    await until(async () => (await cluster.copiesOf([cid])).get(cid) === 1);
    const few = await all(open(one).shortOfCopies());
    assert.ok(few.some((each) => each.cid === cid && each.copies === 1));
    await two.start();
    await peer.start();
    await untilCopied(cid);
  });

  test('a node that is new, as after the loss of a disk, fetches everything', async (t) => {
    const [peer] = peers;
    const third = await startKubo({ swarmKey });
    t.after(() => third.remove());
    const beside = await startPeer(third, clusterSecret, peer);
    t.after(() => beside.remove());
    for (const cid of await cluster.pins())
      await until(async () => (await cluster.copiesOf([cid])).get(cid) === nodes.length + 1);
    const readBack = openKuboStore(addressed([third]), { copies: { cluster, wanted: 2 } });
    assert.deepEqual(await all(readBack.verify()), []);
  });

  test('what was never asked for, and what a dead cluster was asked for, is asked for by a new start', async () => {
    const [one] = nodes;
    assert.ok(one);
    for (const peer of peers) await peer.kill();
    const started = open(one);
    const { cid } = await started.put(seededContent(1000, 'forgotten'));
    await started.tend();
    assert.match(String(started.warnings()), /cannot be reached/);
    for (const peer of peers) await peer.start();
    await open(one).tend();
    await untilCopied(cid);
  });
});
