import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { appendArguments, Facility } from '@spondon/chaincode/sample.test-support';
import { dismiss } from '@spondon/network/config/members';
import { native } from '@spondon/network/layout';
import { renew } from '@spondon/network/native/certificates';
import { propose, sign, submit, type Site } from '@spondon/network/native/configuration';
import { findFabric } from '@spondon/network/native/fabric';
import { untilDone } from '@spondon/network/native/health';
import { makeConfiguration } from '@spondon/network/native/material';
import { addOrganisation, removeOrganisation, type Running } from '@spondon/network/native/members';
import { revokeEverywhere } from '@spondon/network/native/revocations';
import { status } from '@spondon/network/native/status';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { furtherPorts, parseMember, type JoiningMember } from '@spondon/network/topology-changes';
import { organisationNamed } from '@spondon/network/topology';
import type { LedgerError } from '../port.js';
import { cutAtEveryStep } from './cut-short.test-support.js';
import type { FabricLedger } from './engine.js';
import { found, type Founded } from './founded.test-support.js';
import { Gateways } from './gateways.js';
import { headOf, isUndisturbed, trafficDuring } from './traffic.test-support.js';
import { startTrial, type TrialNetwork } from './trial.test-support.js';

const EXAMPLE = new URL('../../../network/examples/diagnostic-c.json', import.meta.url);

describe('members of a running network', { skip: await whyNoTrial(), timeout: 9 * 60_000 }, () => {
  let trial: TrialNetwork;
  let running: Running;
  let joining: JoiningMember;
  let hospital: FabricLedger;
  let decide: Founded['decide'];
  const facility = new Facility('bd.dghs.1', 'HospitalGroupMSP');
  const laboratory = new Facility('bd.dghs.2', 'DiagnosticGroupMSP');
  const newcomer = new Facility('bd.dghs.3', 'DiagnosticCMSP');

  before(async () => {
    trial = await startTrial();
    const { topology, folder } = trial;
    running = { fabric: await findFabric(topology.release, process.env), folder, say: () => undefined };
    joining = onFreePorts(parseMember(readFileSync(EXAMPLE, 'utf8')));
    ({ hospital, decide } = await found(trial, [facility, laboratory, newcomer]));
  });
  after(() => trial.stop());

  function onFreePorts({ organisation, channels }: JoiningMember): JoiningMember {
    const [listen = 0, chaincode = 0, operations = 0, server = 0, health = 0] = furtherPorts(
      trial.topology,
      5,
    );
    const peers = organisation.peers.map((each) => ({ ...each, ports: { listen, chaincode, operations } }));
    const chaincodes = organisation.chaincodes.map((each) => ({
      ...each,
      ports: { listen: server, health },
    }));
    return { organisation: { ...organisation, peers, chaincodes }, channels };
  }

  const append = async (ledger: FabricLedger, by: Facility) =>
    ledger.submit('Append', appendArguments((await headOf(ledger)).size, [await by.issue()]));
  /** On the hospital's peer, which has a block a moment after the peer that told of it. */
  const sizeBecomes = ({ mspId }: Facility, size: number) =>
    untilDone(async () => assert.equal((await headOf(hospital, mspId)).size, size));

  test('an organisation joins while others anchor, and then anchors itself', async () => {
    isUndisturbed(await trafficDuring(hospital, facility, () => addOrganisation(joining, running)));
    const member = await trial.open('diagnostic-c');
    await append(member, newcomer);
    await sizeBecomes(newcomer, 1);
  });

  test('all its nodes run, and are known to status', async () => {
    const nodes = await status(trial.folder);
    const own = nodes.filter(({ node }) => node.owner === 'diagnostic-c');
    assert.deepEqual(
      own.map(({ state }) => state),
      ['running', 'running'],
    );
  });

  test('joining again changes nothing', async () => {
    const height = await hospital.height();
    await addOrganisation(joining, running);
    assert.equal(await hospital.height(), height);
  });

  test('too few signatures change nothing', async () => {
    const { topology } = trial;
    const place = native(trial.folder);
    const site: Site = {
      topology,
      fabric: running.fabric,
      config: await makeConfiguration(running.fabric, place),
      place,
    };
    const [records] = topology.channels;
    assert.ok(records);
    const [dghs, dgfp] = ['dghs', 'dgfp'].map((name) => organisationNamed(topology, name));
    assert.ok(dghs && dgfp);
    const height = await hospital.height();
    const proposal = await propose(site, records, dghs, (group) => dismiss(group, 'DiagnosticGroupMSP'));
    assert.ok(proposal);
    const signed = await sign(site, await sign(site, proposal, dghs), dgfp);
    await assert.rejects(submit(site, signed, dghs), { code: 'MAJORITY_MISSING' });
    assert.equal(await hospital.height(), height);
  });

  test('a suspended issuer can no longer anchor, while others do, until it is reinstated', async () => {
    const member = await trial.open('diagnostic-group');
    await append(member, laboratory);
    const about = { iss: laboratory.iss };
    isUndisturbed(
      await trafficDuring(hospital, facility, async () => {
        await decide({ do: 'suspend', ...about, nonce: '1' });
        const { code, refusal } = await failureOf(append(member, laboratory));
        assert.deepEqual([code, refusal?.code], ['REFUSED', 'ISSUER_SUSPENDED']);
        await decide({ do: 'reinstate', ...about, nonce: '2' });
        await append(member, laboratory);
      }),
    );
    await sizeBecomes(laboratory, 2);
  });

  test('a removed member can no longer anchor, not even what was endorsed before', async () => {
    const member = await trial.open('diagnostic-c');
    const settings = await trial.settings('diagnostic-c');
    const gateways = new Gateways(settings);
    const asked = [...settings.endorsers, settings.mspId];
    const args = appendArguments((await headOf(member)).size, [await newcomer.issue()]);
    const endorsed = await gateways.call(({ network }) => {
      const options = { arguments: args, endorsingOrganizations: asked };
      return network.getContract('records').newProposal('Append', options).endorse();
    }, asked);
    assert.ok(endorsed.kind === 'done');

    isUndisturbed(
      await trafficDuring(hospital, facility, () =>
        removeOrganisation('diagnostic-c', { ...running, erase: false }),
      ),
    );
    const bytes = endorsed.value.getBytes();
    const sent = await gateways.call(({ gateway }) => gateway.newTransaction(bytes).submit(), []);
    gateways.close();
    assert.notEqual(sent.kind, 'done');
    assert.equal((await failureOf(append(member, newcomer))).code, 'UNAVAILABLE');
    assert.equal((await headOf(hospital, newcomer.mspId)).size, 1);
  });

  test('nothing of it runs any more, and no description names it', async () => {
    const nodes = await status(trial.folder);
    assert.deepEqual(
      nodes.filter(({ node }) => node.owner === 'diagnostic-c'),
      [],
    );
    assert.ok(nodes.every(({ state }) => state === 'running'));
    await assert.rejects(removeOrganisation('diagnostic-c', { ...running, erase: false }), {
      code: 'MEMBER_UNKNOWN',
    });
  });

  test('taken in again, cut short at every step, it goes on with the log that it had', async (t) => {
    const cuts = await cutAtEveryStep((once) => addOrganisation(joining, once), running);
    t.diagnostic(`cut short ${cuts} times`);
    const nodes = await status(trial.folder);
    assert.ok(nodes.every(({ state }) => state === 'running'));
    const member = await trial.open('diagnostic-c');
    await append(member, newcomer);
    await sizeBecomes(newcomer, 2);
  });

  test('a revoked certificate is refused without a restart, and given again the command changes nothing', async () => {
    const member = await trial.open('diagnostic-group');
    await append(member, laboratory);
    isUndisturbed(
      await trafficDuring(hospital, facility, () => revokeEverywhere('diagnostic-group', 'User1', running)),
    );
    // Peers have the block a moment after the orderers.
    await untilDone(() => assert.rejects(append(member, laboratory)));
    const { size } = await headOf(hospital, laboratory.mspId);
    await assert.rejects(append(member, laboratory));
    const height = await hospital.height();
    await revokeEverywhere('diagnostic-group', 'User1', running);
    assert.equal(await hospital.height(), height);
    assert.equal((await headOf(hospital, laboratory.mspId)).size, size);
  });

  test('with a new certificate its holder goes on', async () => {
    await renew('diagnostic-group', 'User1', { ...running, days: 30 });
    const { size } = await headOf(hospital, laboratory.mspId);
    await append(await trial.open('diagnostic-group'), laboratory);
    await sizeBecomes(laboratory, size + 1);
  });

  test('let go, cut short at every step, it is gone', async (t) => {
    const cuts = await cutAtEveryStep(
      (once) => removeOrganisation('diagnostic-c', { ...once, erase: true }),
      running,
    );
    t.diagnostic(`cut short ${cuts} times`);
    const nodes = await status(trial.folder);
    assert.ok(nodes.every(({ node, state }) => node.owner !== 'diagnostic-c' && state === 'running'));
  });
});

async function failureOf(call: Promise<unknown>): Promise<LedgerError> {
  return call.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => error as LedgerError,
  );
}
