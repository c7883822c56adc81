import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Facility } from '@spondon/chaincode/sample.test-support';
import { readProposalResponse } from '@spondon/protocol/attestation/proposal-response';
import { canonicalJson } from '@spondon/protocol/canonical';
import { files, native } from '@spondon/network/layout';
import { expiries, renew } from '@spondon/network/native/certificates';
import { down } from '@spondon/network/native/down';
import { findFabric } from '@spondon/network/native/fabric';
import { untilDone } from '@spondon/network/native/health';
import { readTopology } from '@spondon/network/native/kept-topology';
import type { Running } from '@spondon/network/native/members';
import { addOrderer, removeOrderer, startOrdererAnew } from '@spondon/network/native/orderers';
import { pidOf } from '@spondon/network/native/process';
import { status } from '@spondon/network/native/status';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { up } from '@spondon/network/native/up';
import { upgradeChaincode } from '@spondon/network/native/upgrade';
import { organisationNamed, type Topology } from '@spondon/network/topology';
import type { FabricLedger } from './engine.js';
import { found } from './founded.test-support.js';
import { allRun, ordererHeightsAgree } from './nodes.test-support.js';
import { headOf, isUndisturbed, trafficDuring, withoutUnknown } from './traffic.test-support.js';
import { startTrial, type TrialNetwork } from './trial.test-support.js';

describe('a network that changes under way', { skip: await whyNoTrial(), timeout: 9 * 60_000 }, () => {
  let trial: TrialNetwork;
  let running: Running;
  let hospital: FabricLedger;
  const facility = new Facility('bd.dghs.1', 'HospitalGroupMSP');

  before(async () => {
    // All that is written needs a peer of each regulator: one that restarts leaves another.
    trial = await startTrial((topology) => withSecondPeer(topology, 'dghs'));
    const { topology, folder } = trial;
    running = { fabric: await findFabric(topology.release, process.env), folder, say: () => undefined };
    ({ hospital } = await found(trial, [facility]));
  });
  after(() => trial.stop());

  const during = (act: () => Promise<unknown>) => trafficDuring(hospital, facility, act);
  const allRuns = () => allRun(trial.folder);
  const answering = async () => {
    const question = { heads: [], documents: [], issuers: [facility.iss] };
    const { payload } = await hospital.attest(canonicalJson(question));
    return readProposalResponse(payload).chaincode;
  };

  test('its contract is upgraded while transactions flow, with two versions at once', async (t) => {
    assert.deepEqual(await answering(), { name: 'records', version: '1' });
    const traffic = await during(() => upgradeChaincode('records', '2', running));
    // What was endorsed by the old version does not commit after the new definition, and is tried again.
    isUndisturbed(traffic, 1);
    t.diagnostic(`${traffic.anchored} batches anchored during the upgrade`);
    assert.deepEqual(await answering(), { name: 'records', version: '2' });
  });

  test('the old servers are gone, and the same upgrade again changes nothing', async () => {
    const hosts = await allRuns();
    assert.ok(hosts.includes('records-2.dghs.example') && !hosts.includes('records.dghs.example'));
    const height = await hospital.height();
    await upgradeChaincode('records', '2', running);
    assert.equal(await hospital.height(), height);
    assert.deepEqual(await allRuns(), hosts);
  });

  test('a fifth orderer comes, and then the leading one goes', async (t) => {
    isUndisturbed(withoutUnknown(await during(() => addOrderer('dghs', 'orderer3', running))));
    assert.ok((await allRuns()).includes('orderer3.dghs.example'));
    const leader = await untilDone(() => leaderOf('records'));
    t.diagnostic(`${leader.orderer} of ${leader.organisation} leads`);
    // The other regulator keeps the two that it has, should one of them lead since the others were started anew.
    const leaving = leader.organisation === 'dghs' ? leader.orderer : 'orderer1';
    const remove = () => removeOrderer('dghs', leaving, { ...running, erase: true });
    isUndisturbed(withoutUnknown(await during(remove)));
    assert.ok(!(await allRuns()).includes(`${leaving}.dghs.example`));
    await untilDone(() => ordererHeightsAgree(trial.folder));
  });

  test('four orderers stay, and no regulator orders alone', async () => {
    const height = await hospital.height();
    const removal = removeOrderer('dgfp', 'orderer1', { ...running, erase: false });
    await assert.rejects(removal, { code: 'ORDERERS_TOO_FEW' });
    await assert.rejects(removeOrderer('dgfp', 'orderer9', { ...running, erase: false }), {
      code: 'ORDERER_UNKNOWN',
    });
    await assert.rejects(addOrderer('hospital-group', 'orderer1', running), { code: 'MEMBER_ROLE' });
    assert.equal(await hospital.height(), height);
  });

  test('an orderer that stands still is started anew, and fetches what it missed', async () => {
    const pid = await pidOf(files.process(native(trial.folder), 'orderer2.dgfp.example'));
    assert.ok(pid);
    process.kill(pid, 'SIGSTOP');
    isUndisturbed(withoutUnknown(await during(() => startOrdererAnew('dgfp', 'orderer2', running))));
    await allRuns();
    await untilDone(() => ordererHeightsAgree(trial.folder));
  });

  test('all certificates of a regulator are renewed while transactions flow', async () => {
    const dghs = organisationNamed(await readTopology(trial.folder), 'dghs');
    const own = async () =>
      (await expiries(trial.folder)).filter(
        ({ holder, use }) => holder.endsWith(dghs.domain) && (use === 'identity' || use === 'tls'),
      );
    const before = await own();
    isUndisturbed(withoutUnknown(await during(() => renew('dghs', undefined, { ...running, days: 90 }))));
    const after = await own();
    assert.equal(after.length, before.length);
    const inHundredDays = Date.now() + 100 * 24 * 60 * 60_000;
    assert.ok(before.every(({ until }) => until.getTime() > inHundredDays));
    assert.ok(after.every(({ until }) => until.getTime() < inHundredDays));
    await allRuns();
    await untilDone(() => ordererHeightsAgree(trial.folder));
  });

  test('stopped and started again it is as it was changed', async () => {
    const { size } = await headOf(hospital);
    const hosts = await allRuns();
    await down({ folder: trial.folder, erase: false });
    const topology = await readTopology(trial.folder);
    await up({ ...running, topology });
    assert.deepEqual(await allRuns(), hosts);
    const again = await trial.open('hospital-group');
    assert.equal((await headOf(again)).size, size);
  });

  /** As the orderers agree about it. */
  async function leaderOf(channel: string): Promise<{ organisation: string; orderer: string }> {
    const nodes = await status(trial.folder);
    const leaders = new Set(nodes.flatMap(({ leaders: each }) => each.get(channel) ?? []));
    assert.equal(leaders.size, 1);
    const { organisations } = await readTopology(trial.folder);
    for (const organisation of organisations) {
      const orderer = organisation.orderers.find(({ consenter }) => leaders.has(consenter));
      if (orderer !== undefined) return { organisation: organisation.name, orderer: orderer.name };
    }
    return assert.fail('no orderer leads');
  }
});

function withSecondPeer(topology: Topology, name: string): Topology {
  const ports = { listen: 1, chaincode: 2, operations: 3 };
  const organisations = topology.organisations.map((each) =>
    each.name === name ? { ...each, peers: [...each.peers, { name: 'peer2', ports }] } : each,
  );
  return { ...topology, organisations };
}
