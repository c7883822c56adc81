import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ServiceError } from '../error.js';
import { type FakeKubo, faults, FIT_CONFIG, startFakeKubo } from './fake-kubo.test-support.js';
import { type KuboTrouble, PATIENCE, type Patience } from './kubo-node.js';
import { openKuboStore } from './kubo.js';
import type { DocumentStore } from './store.js';
import { MIB, seededContent } from './store-contract.test-support.js';

/** For nodes that never answer. */
const IMPATIENT = { ...PATIENCE, call: 200, write: 200, probe: 200 };
const DOCUMENT = Buffer.from('an encrypted document');

async function setUp(t: TestContext, count: number, patience: Patience = PATIENCE) {
  const nodes = await Promise.all(Array.from({ length: count }, startFakeKubo));
  t.after(() => Promise.all(nodes.map((node) => node.close())));
  const troubles: KuboTrouble[] = [];
  const said: string[] = [];
  const store = openKuboStore(
    nodes.map(({ url }) => ({ url, auth: 'bearer:the-token' })),
    { patience, onTrouble: (kind, says) => void (troubles.push(kind), said.push(says)) },
  );
  return { nodes, store, troubles, said };
}

async function read(store: DocumentStore, cid: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.get(cid)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function only(nodes: readonly FakeKubo[]): FakeKubo {
  const [node] = nodes;
  assert.ok(node);
  return node;
}

const EVERYWHERE = ['config/show', 'block/put', 'pin/add', 'block/get', '*'];
const KINDS = {
  hang: 'slow',
  cut: 'down',
  html: 'failing',
  unauthorized: 'denied',
  forbidden: 'denied',
  broken: 'failing',
  full: 'full',
} as const satisfies Record<keyof typeof faults, KuboTrouble>;

for (const [name, kind] of Object.entries(KINDS))
  test(`a node that answers with '${name}': nothing is acknowledged, it is told, and it goes on by itself`, async (t) => {
    const tryAt = async (call: string) => {
      const patience = { ...(name === 'hang' ? IMPATIENT : PATIENCE) };
      const { nodes, store, troubles, said } = await setUp(t, 1, patience);
      const node = only(nodes);
      node.faults.set(call, faults[name as keyof typeof faults]);
      await assert.rejects(store.put(DOCUMENT), (error) => {
        assert.ok(error instanceof ServiceError);
        assert.equal(error.code, 'STORAGE_UNAVAILABLE');
        assert.doesNotMatch(error.message, /secret words|the-token/);
        return true;
      });
      // A page in place of a block is a block that is not what it should be.
      assert.deepEqual(troubles, [call === 'block/get' && name === 'html' ? 'wrong' : kind], call);
      assert.match(said.join(), /^The Kubo node 127\.0\.0\.1:\d+ [^:]+/);
      assert.doesNotMatch(said.join(), /secret words|the-token/);
      assert.equal((await store.problems()).length, 1, call);

      node.faults.clear();
      // However busy this machine is.
      Object.assign(patience, PATIENCE);
      assert.deepEqual(await store.problems(), [], call);
      const { cid } = await store.put(DOCUMENT);
      assert.deepEqual(await read(store, cid), DOCUMENT);
      assert.deepEqual([...node.authorizations], ['Bearer the-token']);
    };
    await Promise.all(EVERYWHERE.map(tryAt));
  });

test('a node that cannot be reached is told, and used again once it can', async (t) => {
  const { nodes, store, troubles } = await setUp(t, 1);
  await only(nodes).close();
  await assert.rejects(store.put(DOCUMENT), { code: 'STORAGE_UNAVAILABLE' });
  assert.deepEqual(troubles, ['down']);
  assert.match(String(await store.problems()), /cannot be reached/);
});

test('a node that keeps something else than it was given is found out before the document counts', async (t) => {
  const { nodes, store, troubles } = await setUp(t, 1);
  const node = only(nodes);
  node.faults.set('block/get', (_request, response) => response.end('something else'));
  await assert.rejects(store.put(DOCUMENT), { code: 'STORAGE_UNAVAILABLE' });
  assert.deepEqual(troubles, ['wrong']);
  assert.match(String(await store.problems()), /does not give back what it was given/);
});

test('a node that names another CID is found out', async (t) => {
  const { nodes, store, troubles } = await setUp(t, 1);
  const other = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
  only(nodes).faults.set('block/put', (_request, response) => response.end(JSON.stringify({ Key: other })));
  await assert.rejects(store.put(DOCUMENT), { code: 'STORAGE_UNAVAILABLE' });
  assert.deepEqual(troubles, ['wrong']);
});

test('a document that another node damaged is read from the one that has it whole', async (t) => {
  const { nodes, store } = await setUp(t, 2);
  const { cid } = await store.put(DOCUMENT);
  const [first, second] = nodes;
  assert.ok(first && second);
  first.blocks.set(cid, Buffer.from('damaged'));
  await assert.rejects(read(store, cid), { code: 'BLOB_DAMAGED' });
  second.blocks.set(cid, DOCUMENT);
  assert.deepEqual(await read(store, cid), DOCUMENT);
  // Nobody can say that it is missing while one does not answer.
  first.blocks.delete(cid);
  second.faults.set('*', faults.broken);
  await assert.rejects(read(store, cid), { code: 'STORAGE_UNAVAILABLE' });
  assert.deepEqual(await store.problems(), []);
});

test('a sign-in page in place of a block is not taken for damage', async (t) => {
  const { nodes, store } = await setUp(t, 1);
  const { cid } = await store.put(DOCUMENT);
  only(nodes).faults.set('*', faults.html);
  await assert.rejects(read(store, cid), { code: 'STORAGE_UNAVAILABLE' });
});

test('while one node is down the other takes documents, and what it has cannot be removed', async (t) => {
  const { nodes, store } = await setUp(t, 2);
  const [first, second] = nodes;
  assert.ok(first && second);
  const { cid: early } = await store.put(DOCUMENT);
  first.faults.set('*', faults.broken);
  const { cid } = await store.put(seededContent(MIB + 1, 'late'));
  assert.ok(second.pins.has(cid));
  assert.deepEqual(await store.problems(), []);
  await assert.rejects(store.remove(early), { code: 'STORAGE_UNAVAILABLE' });
  first.faults.clear();
  await store.remove(early);
  await store.remove(cid);
  assert.deepEqual([first.blocks.size, second.blocks.size], [0, 0]);
});

test('what garbage collection took before the pin is written again', async (t) => {
  const { nodes, store } = await setUp(t, 1);
  const node = only(nodes);
  node.faults.set('pin/add', (request, response) => {
    node.blocks.clear();
    node.faults.clear();
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ Message: 'pin: context deadline exceeded', Code: 0, Type: 'error' }));
  });
  const { cid } = await store.put(DOCUMENT);
  assert.deepEqual(await read(store, cid), DOCUMENT);
});

test('a node that is not set up for documents is refused at start, and never written to', async (t) => {
  const { nodes, store } = await setUp(t, 1);
  const node = only(nodes);
  node.config = { ...FIT_CONFIG, Routing: { Type: 'auto' } };
  await assert.rejects(store.check(), { code: 'CONFIG_INVALID', message: /ipfs config Routing\.Type none/ });
  await assert.rejects(store.put(DOCUMENT), { code: 'STORAGE_UNAVAILABLE' });
  assert.match(String(await store.problems()), /not set up for documents/);
  assert.equal(node.blocks.size, 0);
  // As after a restart with other settings, once it was in use.
  node.config = FIT_CONFIG;
  assert.deepEqual(await store.problems(), []);
  await store.put(DOCUMENT);
});

test('a node that is down at start is checked before its first use', async (t) => {
  const { nodes, store } = await setUp(t, 1);
  const node = only(nodes);
  node.faults.set('*', faults.cut);
  await store.check();
  node.faults.clear();
  node.config = { ...FIT_CONFIG, AutoConf: {} };
  await assert.rejects(store.put(DOCUMENT), { code: 'STORAGE_UNAVAILABLE' });
  assert.equal(node.blocks.size, 0);
});
