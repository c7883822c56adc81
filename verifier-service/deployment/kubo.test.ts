import assert from 'node:assert/strict';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startFakeCluster } from '../ipfs/fake-cluster.test-support.js';
import { faults } from '../ipfs/fake-kubo.test-support.js';
import { openEmbeddedStore } from '../ipfs/embedded.js';
import { startKubo, type TestNode, whyNoKubo } from '../ipfs/kubo.test-support.js';
import { copyData, restoreData } from './backup.js';
import { scratchFolders, startTestService, type TestService, until } from './deployment.test-support.js';
import { checkData, type Finding } from './fsck.js';
import { tidyData } from './tidy.js';

const skip = whyNoKubo();
const newFolder = scratchFolders();

suite('a service whose documents are on Kubo', { skip }, () => {
  let node: TestNode;
  let dataDir: string;
  let service: TestService;
  before(async () => {
    node = await startKubo();
    dataDir = await newFolder();
    service = await startTestService(dataDir, { SPONDON_KUBO: node.url });
  });
  after(async () => {
    await service.close();
    await node.remove();
  });
  const kubo = () => ({ nodes: [{ url: node.url, auth: undefined }], cluster: null });
  const pins = () =>
    node
      .ipfs('pin', 'ls', '--type=recursive', '--name=spondon', '--quiet')
      .split('\n')
      .filter(Boolean)
      .sort();
  const restart = async () => {
    service = await startTestService(dataDir, { SPONDON_KUBO: node.url }, service.hospitalKey);
  };
  const statusOfFile = async (code: string) =>
    (await service.ask('GET', `/v1/documents/${code}/file`, { key: service.hospitalKey })).status;

  test('what is issued is on the node and comes back; what is erased is gone from there, also after a restart', async () => {
    const codes = [await service.issue(), await service.issue()].map(({ body }) => body.documentId ?? '');
    const [kept = '', erased = ''] = codes;
    assert.equal(pins().length, 2);
    for (const code of codes) assert.equal(await statusOfFile(code), 200);
    const before = pins();
    const answer = await service.ask('DELETE', `/v1/documents/${erased}/file`, { key: service.hospitalKey });
    assert.equal(answer.status, 200, answer.text);
    const [cid = '', ...others] = before.filter((each) => !pins().includes(each));
    assert.deepEqual(others, []);
    assert.doesNotMatch(node.ipfs('refs', 'local'), new RegExp(cid));
    await service.close();
    await restart();
    assert.equal(await statusOfFile(kept), 200);
    assert.equal(await statusOfFile(erased), 410);
  });

  test('while the node is down nothing is acknowledged and look-ups answer; then it goes on by itself', async () => {
    const { body } = await service.issue();
    const code = body.documentId ?? '';
    await node.kill();
    const refused = await service.issue();
    assert.deepEqual([refused.status, refused.body.code], [503, 'STORAGE_UNAVAILABLE']);
    assert.ok(Number(refused.headers['retry-after']) > 0);
    const ready = await service.ask('GET', '/health/ready');
    assert.equal(ready.status, 503);
    assert.match(ready.text, /Kubo node 127\.0\.0\.1:\d+ cannot be reached/);
    assert.equal((await service.ask('GET', `/v1/verify?code=${code}`)).status, 200);
    assert.match(
      (await service.ask('GET', '/metrics')).text,
      /document_store_troubles_total\{reason="down"\} [1-9]/,
    );
    await node.start();
    assert.equal((await service.ask('GET', '/health/ready')).status, 200);
    assert.equal(await statusOfFile(code), 200);
    await service.issue();
  });

  test('it starts while the node is down, and finishes erasures when it is there', async () => {
    const { body } = await service.issue();
    const before = pins().length;
    await node.kill();
    const erase = `/v1/documents/${body.documentId}/file`;
    const half = await service.ask('DELETE', erase, { key: service.hospitalKey });
    assert.equal(half.body.code, 'STORAGE_UNAVAILABLE');
    await service.close();
    await restart();
    await node.start();
    assert.equal((await service.ask('DELETE', erase, { key: service.hospitalKey })).status, 200);
    assert.equal(pins().length, before - 1);
  });

  test('while IPFS Cluster fails documents are issued all the same; it is said, and made up for', async () => {
    const cluster = await startFakeCluster();
    cluster.faults.set('*', faults.broken);
    const env = { SPONDON_KUBO: node.url, SPONDON_IPFS_CLUSTER: cluster.url };
    await service.close();
    service = await startTestService(dataDir, env, service.hospitalKey);
    try {
      assert.equal((await service.issue()).status, 201);
      const warned = async () =>
        (await service.ask('GET', '/health/ready')).text.includes('IPFS Cluster peer');
      await until(warned);
      assert.equal((await service.ask('GET', '/health/ready')).status, 200);
      assert.match(
        (await service.ask('GET', '/metrics')).text,
        /ipfs_cluster_troubles_total\{reason="failing"\} [1-9]/,
      );
      cluster.faults.clear();
      await service.close();
      service = await startTestService(dataDir, env, service.hospitalKey);
      await until(() => pins().every((cid) => cluster.pins.has(cid)));
      cluster.pins.delete(pins()[0] ?? '');
      const elsewhere = {
        nodes: kubo().nodes,
        cluster: { peers: [{ url: cluster.url, auth: undefined }], copies: 2 },
      };
      await service.anchored();
      await service.close();
      const findings: Finding[] = [];
      await checkData(dataDir, undefined, (each) => findings.push(each), { kubo: elsewhere });
      const [note] = findings.find(({ area }) => area === 'files')?.notes ?? [];
      assert.deepEqual([note?.code, note?.count], ['FEW_COPIES', 1]);
    } finally {
      await service.close();
      await cluster.close();
      await restart();
    }
  });

  test('fsck, tidy, backup and restore say where the documents are', async () => {
    await service.anchored();
    await service.close();
    await assert.rejects(startTestService(dataDir), { code: 'CONFIG_INVALID', message: /set SPONDON_KUBO/ });
    const findings: Finding[] = [];
    assert.ok(
      await checkData(dataDir, undefined, (each) => findings.push(each), { kubo: kubo() }),
      JSON.stringify(findings),
    );
    assert.match(String(findings.find(({ area }) => area === 'files')?.checked), /^\d encrypted files/);
    assert.equal(await checkData(dataDir, undefined, () => undefined), false);

    const documents = pins();
    await assert.rejects(tidyData(dataDir, { kubo: kubo() }), { code: 'CONFIG_INVALID', message: /--alone/ });
    await assert.rejects(tidyData(dataDir, {}, true), {
      code: 'CONFIG_INVALID',
      message: /set SPONDON_KUBO/,
    });
    await tidyData(dataDir, { kubo: kubo() }, true);
    assert.deepEqual(pins(), documents);

    const backup = join(await newFolder(), 'backup');
    const restored = join(await newFolder(), 'restored');
    await copyData(dataDir, backup);
    await restoreData(backup, restored);
    await copyFile(join(dataDir, 'master.key'), join(restored, 'master.key'));
    await assert.rejects(startTestService(restored), { code: 'CONFIG_INVALID', message: /set SPONDON_KUBO/ });
    await restart();
  });

  test('a folder that has documents of its own is not started on Kubo', async () => {
    const other = await newFolder();
    await (await openEmbeddedStore(join(other, 'ipfs'))).put(Uint8Array.of(1));
    await assert.rejects(startTestService(other, { SPONDON_KUBO: node.url }), {
      code: 'CONFIG_INVALID',
      message: /documents in .* already/,
    });
    await rm(other, { recursive: true });
  });
});
