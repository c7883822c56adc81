import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type ClusterTrouble, IpfsCluster } from './cluster.js';
import type { Count } from './copies.js';
import { startFakeCluster } from './fake-cluster.test-support.js';
import { faults, startFakeKubo } from './fake-kubo.test-support.js';
import { openKuboStore } from './kubo.js';
import { MIB, seededContent } from './store-contract.test-support.js';
import type { ShortOfCopies } from './store.js';

const DOCUMENT = Buffer.from('an encrypted document');
/** For peers that never answer. */
const IMPATIENT_MS = 200;
const PATIENT_MS = 20_000;

async function setUp(t: TestContext, { peers = 1, patience = PATIENT_MS } = {}) {
  const kubo = await startFakeKubo();
  const clusters = await Promise.all(Array.from({ length: peers }, startFakeCluster));
  t.after(() => Promise.all([kubo, ...clusters].map((each) => each.close())));
  const [cluster] = clusters;
  assert.ok(cluster);
  const troubles: ClusterTrouble[] = [];
  const said: string[] = [];
  const counts: Count[] = [];
  const open = () =>
    openKuboStore([{ url: kubo.url, auth: undefined }], {
      copies: {
        cluster: new IpfsCluster(
          clusters.map(({ url }) => ({ url, auth: 'basic:spondon:the-password' })),
          { patience, onTrouble: (kind, says) => void (troubles.push(kind), said.push(says)) },
        ),
        wanted: 2,
        onCount: (count) => counts.push(count),
      },
    });
  return { kubo, cluster, clusters, open, store: open(), troubles, said, counts };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('a document that was put is asked for by itself: by its name, and with the way to it', async (t) => {
  const { store, cluster, counts } = await setUp(t);
  const { cid } = await store.put(DOCUMENT);
  await store.tend();
  const asked = cluster.pins.get(cid);
  assert.equal(asked?.get('name'), 'spondon');
  assert.match(asked.get('origins') ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/4001\/p2p\/12D3/);
  assert.deepEqual([...cluster.authorizations], [`Basic ${btoa('spondon:the-password')}`]);
  assert.deepEqual(store.warnings(), []);
  assert.deepEqual(counts, [{ unfinished: 0, peers: 2 }]);
});

const KINDS = {
  hang: 'slow',
  cut: 'down',
  html: 'failing',
  unauthorized: 'denied',
  forbidden: 'denied',
  broken: 'failing',
} as const satisfies Partial<Record<keyof typeof faults, ClusterTrouble>>;

for (const [name, kind] of Object.entries(KINDS))
  test(`a cluster that answers with '${name}' keeps nobody waiting, is told, and is asked again`, async (t) => {
    const { store, cluster, troubles, said, counts } = await setUp(t, {
      patience: name === 'hang' ? IMPATIENT_MS : PATIENT_MS,
    });
    cluster.faults.set('*', faults[name as keyof typeof KINDS]);
    const { cid } = await store.put(DOCUMENT);
    assert.equal((await all(store.get(cid))).length, 1);
    await store.tend();
    assert.deepEqual([...new Set(troubles)], [kind]);
    assert.match(String(store.warnings()), /^The IPFS Cluster peer 127\.0\.0\.1:\d+ /);
    assert.deepEqual(await store.problems(), []);
    assert.deepEqual(counts, [{ unfinished: 1, peers: 0 }]);
    assert.doesNotMatch(said.join(), /the-password|secret words/);

    cluster.faults.clear();
    await store.tend();
    assert.ok(cluster.pins.has(cid));
    assert.deepEqual(store.warnings(), []);
    assert.deepEqual(counts.at(-1), { unfinished: 0, peers: 2 });
  });

test('what a crash kept from being asked for is found at the next start', async (t) => {
  const { store, cluster, open } = await setUp(t);
  cluster.faults.set('POST pins', faults.cut);
  const { cid } = await store.put(DOCUMENT);
  await store.tend();
  assert.equal(cluster.pins.size, 0);
  cluster.faults.clear();
  await open().tend();
  assert.deepEqual([...cluster.pins.keys()], [cid]);
});

test('when one peer does not answer the next is asked', async (t) => {
  const { store, clusters, troubles } = await setUp(t, { peers: 2 });
  const [first, second] = clusters;
  first?.faults.set('*', faults.broken);
  const { cid } = await store.put(DOCUMENT);
  await store.tend();
  assert.ok(second?.pins.has(cid));
  assert.deepEqual([...new Set(troubles)], ['failing']);
  assert.deepEqual(store.warnings(), []);
});

test('what is erased is asked for no longer, and not again', async (t) => {
  const { store, kubo, cluster, open } = await setUp(t);
  const { cid } = await store.put(DOCUMENT);
  await store.tend();
  await store.remove(cid);
  assert.deepEqual([cluster.pins.size, kubo.blocks.size], [0, 0]);
  await store.remove(cid);

  cluster.faults.set('*', faults.broken);
  await store.put(DOCUMENT);
  await assert.rejects(store.remove(cid), { code: 'STORAGE_UNAVAILABLE' });
  assert.equal(kubo.blocks.size, 0);
  cluster.faults.clear();
  await store.tend();
  await open().tend();
  assert.equal(cluster.pins.size, 0);
});

test('a peer that is no cluster does not pass for one that has nothing to erase', async (t) => {
  const { store, cluster } = await setUp(t);
  const { cid } = await store.put(DOCUMENT);
  await store.tend();
  cluster.faults.set('DELETE pins', (_request, response) =>
    response.writeHead(404).end('<title>Not found</title>'),
  );
  await assert.rejects(store.remove(cid), { code: 'STORAGE_UNAVAILABLE' });
});

test('too few peers, and documents with too few copies, are told', async (t) => {
  const { store, cluster, counts } = await setUp(t);
  const [whole, failed, unknown] = [
    await store.put(seededContent(1000, 'whole')),
    await store.put(seededContent(1000, 'failed')),
    await store.put(seededContent(1000, 'unknown')),
  ];
  await store.tend();
  cluster.states.set(failed.cid, ['pinned', 'pin_error']);
  cluster.pins.delete(unknown.cid);
  await store.tend();
  assert.deepEqual(counts.at(-1), { unfinished: 1, peers: 2 });
  const short = (await all(store.shortOfCopies())).sort((a, b) => a.copies - b.copies);
  assert.deepEqual(short, [
    { cid: unknown.cid, copies: 0, wanted: 2 },
    { cid: failed.cid, copies: 1, wanted: 2 },
  ] satisfies ShortOfCopies[]);
  assert.ok(!short.some(({ cid }) => cid === whole.cid));
  cluster.peers = 1;
  await store.tend();
  assert.match(String(store.warnings()), /1 of 2 peers/);
});

test('copies on a node are ours by the word of the cluster: they are listed, and checked', async (t) => {
  const { store, kubo, cluster } = await setUp(t);
  const { cid } = await store.put(seededContent(MIB + 1, 'copied'));
  await store.tend();
  // As on a node that was empty, and fetched everything anew.
  kubo.pins.delete(cid);
  kubo.copies.add(cid);
  kubo.copies.add('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku');
  assert.deepEqual(await all(store.list()), [cid]);
  kubo.blocks.delete(cid);
  assert.deepEqual(
    (await all(store.verify())).map(({ code, block }) => ({ code, block })),
    [{ code: 'BLOB_MISSING', block: cid }],
  );
  kubo.copies.clear();
  assert.deepEqual(await all(store.verify()), []);
  assert.deepEqual([...cluster.pins.keys()], [cid]);
});
