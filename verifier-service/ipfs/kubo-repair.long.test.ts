import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { openKuboStore } from './kubo.js';
import { changeBlockOf, newSwarmKey, startKubo, type TestNode, whyNoKubo } from './kubo.test-support.js';
import { seededContent } from './store-contract.test-support.js';

/** What docs/operations.md says about damaged blocks, and about backups of a node. */
suite("a damaged node is repaired by Kubo's own commands", { skip: whyNoKubo() }, () => {
  let node: TestNode;
  let other: TestNode;
  const storeOn = ({ url }: TestNode) => openKuboStore([{ url, auth: undefined }]);
  before(async () => {
    const swarmKey = newSwarmKey();
    [node, other] = await Promise.all([startKubo({ swarmKey }), startKubo({ swarmKey })]);
    node.ipfs('swarm', 'connect', other.peerAddress);
  });
  after(() => Promise.all([node, other].map((each) => each.remove())));

  async function assertSound(each: TestNode): Promise<void> {
    for await (const problem of storeOn(each).verify()) assert.fail(problem.message);
  }

  async function backedUp(cid: string): Promise<string> {
    const env = { PATH: process.env.PATH, IPFS_PATH: node.folder };
    const path = join(node.folder, `${cid}.car`);
    await writeFile(path, execFileSync('ipfs', ['dag', 'export', cid], { env, stdio: 'pipe' }));
    return path;
  }

  test('what another node has is fetched from there', async () => {
    const { cid } = await storeOn(node).put(seededContent(3000, 'elsewhere too'));
    other.ipfs('pin', 'add', cid);
    await changeBlockOf(node, 3000);
    assert.throws(() => node.ipfs('repo', 'verify'), /1 blocks corrupt/);
    node.ipfs('repo', 'verify', '--heal');
    await assertSound(node);
  });

  test('what nobody else has comes back from a backup, once the damaged block is gone', async () => {
    const { cid } = await storeOn(node).put(seededContent(4000, 'here only'));
    const backup = await backedUp(cid);
    await changeBlockOf(node, 4000);
    node.ipfs('dag', 'import', '--pin-roots=false', backup);
    await assert.rejects(assertSound(node));
    await node.kill();
    node.ipfs('repo', 'verify', '--drop');
    await node.start();
    node.ipfs('dag', 'import', '--pin-roots=false', backup);
    await assertSound(node);
    assert.match(
      node.ipfs('pin', 'ls', '--names', '--type=recursive'),
      new RegExp(`${cid} recursive spondon`),
    );
  });

  test('a backup of a damaged document is made without a word, and cannot be restored', async () => {
    const { cid } = await storeOn(node).put(seededContent(5000, 'backed up late'));
    await changeBlockOf(node, 5000);
    const backup = await backedUp(cid);
    assert.throws(
      () => other.ipfs('dag', 'import', '--pin-roots=false', backup),
      /mismatch in content integrity/,
    );
  });
});
