import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { appendArguments, Facility } from '@spondon/chaincode/sample.test-support';
import { canonicalJson } from '@spondon/protocol/canonical';
import { PACK_LIMITS } from '@spondon/protocol/pack';
import type { ConnectionSettings } from './derive/connection.js';
import { files, native } from './layout.js';
import { connectClient, type NetworkClient } from './native/client.js';
import { down } from './native/down.js';
import { findFabric, type Fabric } from './native/fabric.js';
import { untilDone } from './native/health.js';
import { status } from './native/status.js';
import { upOnFreePorts, whyNoTrial } from './native/trial.test-support.js';
import { up } from './native/up.js';
import type { Topology } from './topology.js';
import { TRIAL } from './trial.test-support.js';

describe('the native network', { skip: await whyNoTrial(), timeout: 8 * 60_000 }, () => {
  let base: string;
  let folder: string;
  let topology: Topology;
  let fabric: Fabric;
  let hospital: NetworkClient;
  let regulators: readonly NetworkClient[];
  const facility = new Facility('bd.dghs.1', 'HospitalGroupMSP');

  const start = () => up({ topology, fabric, folder, say: () => undefined });
  const client = async (name: string) => {
    const organisation = topology.organisations.find((each) => each.name === name);
    assert.ok(organisation);
    const settings = await readFile(files.connection(native(folder), organisation), 'utf8');
    return connectClient(JSON.parse(settings) as ConnectionSettings, 'records');
  };
  const submit = (by: NetworkClient, fn: string, argument: string) => by.submit(fn, [argument], by.endorsers);
  const size = async () =>
    ((await hospital.evaluate('Head', [hospital.mspId])) as { size: number } | null)?.size ?? 0;
  const append = async (endorsers: readonly string[], count = 1) => {
    const statements = await Promise.all(Array.from({ length: count }, () => facility.issue()));
    return hospital.submit('Append', appendArguments(await size(), statements), endorsers);
  };
  const everybody = () => [...hospital.endorsers, hospital.mspId];

  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'spondon-network-'));
    fabric = await findFabric(TRIAL.release, process.env);
    ({ folder, topology } = await upOnFreePorts(base, TRIAL));
    hospital = await client('hospital-group');
    regulators = await Promise.all([client('dghs'), client('dgfp')]);
  });

  after(async () => {
    for (const each of [hospital, ...regulators]) each.close();
    if (existsSync(folder)) await down({ folder, erase: true });
    await rm(base, { recursive: true });
  });

  test('all its nodes run, each on the channels of its organisation', async () => {
    const nodes = await status(folder);
    assert.deepEqual(
      nodes.filter(({ state }) => state !== 'running').map(({ node }) => node.host),
      [],
    );
    const channelsOf = (host: string) =>
      [...(nodes.find(({ node }) => node.host === host)?.heights.keys() ?? [])].sort();
    assert.deepEqual(channelsOf('peer1.hospital-group.example'), ['records', 'shares']);
    assert.deepEqual(channelsOf('peer1.diagnostic-group.example'), ['records']);
    assert.deepEqual(channelsOf('peer1.police.example'), ['shares']);
    assert.deepEqual(channelsOf('orderer1.dgfp.example'), ['records', 'shares']);
  });

  test('no node talks to somebody who shows no certificate', async () => {
    const ports = topology.organisations.flatMap(({ orderers, peers, chaincodes }) => [
      ...orderers.flatMap((each) => [each.ports.listen, each.ports.admin]),
      ...[...peers, ...chaincodes].map((each) => each.ports.listen),
    ]);
    for (const port of ports) assert.match(await refusalOfStranger(port), /ALERT/, `port ${port}`);
  });

  test('both regulators admit an issuer, and its organisation anchors', async () => {
    const [first, second] = regulators;
    assert.ok(first && second);
    const names = JSON.stringify(regulators.map(({ mspId }) => mspId));
    assert.equal(await submit(first, 'Init', names), 'VALID');
    const admission = canonicalJson(facility.admission());
    // The other regulator's peer may be a block behind.
    assert.equal(await untilDone(() => submit(first, 'Decide', admission)), 'VALID');
    assert.equal(await untilDone(() => submit(second, 'Decide', admission)), 'VALID');
    assert.equal(await untilDone(() => append(hospital.endorsers)), 'VALID');
    assert.equal(await size(), 1);
  });

  test('one regulator alone endorses nothing', async () => {
    const [first] = regulators;
    assert.ok(first);
    const suspension = canonicalJson({ do: 'suspend', iss: facility.iss, nonce: '1' });
    assert.equal(await first.submit('Decide', [suspension], [first.mspId]), 'ENDORSEMENT_POLICY_FAILURE');
  });

  test('nobody extends a log without its owner', async () => {
    assert.equal(await untilDone(() => append(hospital.endorsers)), 'ENDORSEMENT_POLICY_FAILURE');
    assert.equal(await size(), 1);
    assert.equal(await append(everybody()), 'VALID');
    assert.equal(await size(), 2);
  });

  test('a refusal of the contract reaches the client in its own words', async () => {
    const stranger = await new Facility('bd.dghs.404', 'HospitalGroupMSP').issue();
    const submitted = hospital.submit('Append', appendArguments(await size(), [stranger]), everybody());
    await assert.rejects(submitted, (error: { details?: { message: string }[] }) => {
      assert.match(error.details?.[0]?.message ?? '', /ISSUER_UNKNOWN\[0\]: /);
      return true;
    });
  });

  test('a batch as large as the contract takes is one transaction', async () => {
    const before = await size();
    assert.equal(await untilDone(() => append(everybody(), PACK_LIMITS.maxStatements)), 'VALID');
    assert.equal(await size(), before + PACK_LIMITS.maxStatements);
  });

  test('with the leading orderer killed, the next transaction commits', async (t) => {
    const before = await size();
    const leader = await leaderOf('records');
    process.kill(leader.pid, 'SIGKILL');
    const killed = performance.now();
    assert.equal(await untilDone(() => append(everybody())), 'VALID');
    t.diagnostic(
      `committed ${((performance.now() - killed) / 1000).toFixed(1)} s after ${leader.host} was killed`,
    );
    assert.equal(await size(), before + 1);
  });

  test('up starts what does not run, and leaves alone what does', async () => {
    const before = await status(folder);
    await start();
    for (const { node, pid, state } of await status(folder)) {
      assert.equal(state, 'running', node.host);
      const earlier = before.find((each) => each.node.host === node.host)?.pid;
      if (earlier !== undefined) assert.equal(pid, earlier, node.host);
    }
  });

  test('an orderer that was away fetches what it missed, so that the next one may fail', async () => {
    await untilDone(async () => {
      const orderers = (await status(folder)).filter(({ node }) => node.kind === 'orderer');
      assert.equal(new Set(orderers.map(({ heights }) => heights.get('records'))).size, 1);
    });
    // It takes part again once it has seen the others do so.
    const leader = await untilDone(async () => {
      await append(everybody());
      return leaderOf('records');
    });
    const before = await size();
    process.kill(leader.pid, 'SIGKILL');
    await untilDone(async () => {
      // An attempt that was given up may be ordered all the same, and then the next one comes second.
      await append(everybody());
      assert.ok((await size()) > before);
    });
    await start();
  });

  test('stopped and started again it has the same ledger, and goes on', async () => {
    const before = await size();
    await down({ folder, erase: false });
    assert.ok((await status(folder)).every(({ state }) => state === 'stopped'));
    await start();
    assert.equal(await untilDone(size), before);
    assert.equal(await untilDone(() => append(everybody())), 'VALID');
    assert.equal(await size(), before + 1);
  });

  test('a folder keeps to the network that it was made for', async () => {
    const other = { ...topology, channels: topology.channels.slice(0, 1) };
    await assert.rejects(up({ topology: other, fabric, folder, say: () => undefined }), {
      code: 'TOPOLOGY_CHANGED',
    });
  });

  test('down --erase leaves nothing', async () => {
    await down({ folder, erase: true });
    assert.equal(existsSync(folder), false);
    await assert.rejects(status(folder), { code: 'NO_NETWORK' });
  });

  /** As the orderers agree about it. One that was away names the last leader that it knew, until it takes part again. */
  async function leaderOf(channel: string): Promise<{ readonly host: string; readonly pid: number }> {
    const nodes = await status(folder);
    const leaders = new Set(nodes.flatMap(({ leaders }) => leaders.get(channel) ?? []));
    assert.equal(leaders.size, 1, `orderers name ${[...leaders].join(', ')}`);
    const [consenter] = leaders;
    for (const organisation of topology.organisations) {
      const orderer = organisation.orderers.find((each) => each.consenter === consenter);
      if (orderer === undefined) continue;
      const host = `${orderer.name}.${organisation.domain}`;
      const pid = nodes.find(({ node }) => node.host === host)?.pid;
      assert.ok(pid);
      return { host, pid };
    }
    throw new assert.AssertionError({ message: `no orderer is consenter ${consenter}` });
  }
});

/** What TLS says to a client without a certificate. */
function refusalOfStranger(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('close', () => resolve('closed without a word'));
    socket.resume();
  });
}
