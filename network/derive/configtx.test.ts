import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { native } from '../layout.js';
import { channel, TRIAL } from '../trial.test-support.js';
import { channelPolicies, configtx } from './configtx.js';

interface Policy {
  readonly Type: string;
  readonly Rule: string;
}
interface Member {
  readonly Name: string;
  readonly MSPDir: string;
  readonly Policies: Record<string, Policy>;
  readonly AnchorPeers?: readonly { readonly Host: string; readonly Port: number }[];
  readonly OrdererEndpoints?: readonly string[];
}
interface Profile {
  readonly Policies: Record<string, Policy>;
  readonly Application: {
    readonly Organizations: readonly Member[];
    readonly Policies: Record<string, Policy>;
  };
  readonly Orderer: {
    readonly OrdererType: string;
    readonly Organizations: readonly Member[];
    readonly Policies: Record<string, Policy>;
    readonly ConsenterMapping: readonly {
      readonly ID: number;
      readonly MSPID: string;
      readonly Identity: string;
    }[];
    readonly SmartBFT: Record<string, string | number>;
  };
}

const { Profiles } = parse(configtx(TRIAL, native('/net'))) as { Profiles: Record<string, Profile> };
const profile = (name: string): Profile => {
  const found = Profiles[name];
  assert.ok(found);
  return found;
};

test('a peer of each regulator endorses, and a majority of regulators and founders configures', () => {
  assert.deepEqual(channelPolicies(TRIAL, channel('records')), {
    endorsement: "AND('DghsMSP.peer', 'DgfpMSP.peer')",
    configuration:
      "OutOf(3, 'DghsMSP.admin', 'DgfpMSP.admin', 'HospitalGroupMSP.admin', 'DiagnosticGroupMSP.admin')",
  });
  assert.equal(
    channelPolicies(TRIAL, channel('shares')).configuration,
    "OutOf(2, 'DghsMSP.admin', 'DgfpMSP.admin', 'HospitalGroupMSP.admin')",
  );
});

test('these two policies stand wherever a channel asks for one', () => {
  for (const name of ['records', 'shares']) {
    const { endorsement, configuration } = channelPolicies(TRIAL, channel(name));
    const { Policies, Application, Orderer } = profile(name);
    for (const each of [Policies, Application.Policies, Orderer.Policies]) {
      assert.deepEqual(each['Admins'], { Type: 'Signature', Rule: configuration });
    }
    for (const policy of ['Endorsement', 'LifecycleEndorsement']) {
      assert.deepEqual(Application.Policies[policy], { Type: 'Signature', Rule: endorsement });
    }
  }
});

test('each channel has its organisations, and their anchor peers', () => {
  const members = (name: string) => profile(name).Application.Organizations.map((each) => each.Name);
  assert.deepEqual(members('records'), ['DghsMSP', 'DgfpMSP', 'HospitalGroupMSP', 'DiagnosticGroupMSP']);
  assert.deepEqual(members('shares'), ['DghsMSP', 'DgfpMSP', 'HospitalGroupMSP', 'PoliceMSP']);
  for (const member of profile('records').Application.Organizations)
    assert.equal(member.AnchorPeers?.length, 1);
  assert.deepEqual(profile('records').Application.Organizations[0]?.AnchorPeers, [
    { Host: '127.0.0.1', Port: 7070 },
  ]);
});

test('roles come from certificates: peers endorse, clients write, administrators administrate', () => {
  const [member] = profile('records').Application.Organizations;
  assert.deepEqual(member?.Policies, {
    Readers: { Type: 'Signature', Rule: "OR('DghsMSP.admin', 'DghsMSP.peer', 'DghsMSP.client')" },
    Writers: { Type: 'Signature', Rule: "OR('DghsMSP.admin', 'DghsMSP.client')" },
    Admins: { Type: 'Signature', Rule: "OR('DghsMSP.admin')" },
    Endorsement: { Type: 'Signature', Rule: "OR('DghsMSP.peer')" },
  });
});

test('the two regulators order by SmartBFT, under one MSP each', () => {
  const { Orderer, Application } = profile('shares');
  assert.equal(Orderer.OrdererType, 'BFT');
  assert.deepEqual(
    Orderer.ConsenterMapping.map(({ ID, MSPID }) => [ID, MSPID]),
    [
      [1, 'DghsMSP'],
      [2, 'DghsMSP'],
      [3, 'DgfpMSP'],
      [4, 'DgfpMSP'],
    ],
  );
  assert.equal(new Set(Orderer.ConsenterMapping.map(({ Identity }) => Identity)).size, 4);
  assert.deepEqual(
    Orderer.Organizations.map(({ MSPDir }) => MSPDir),
    Application.Organizations.slice(0, 2).map(({ MSPDir }) => MSPDir),
  );
  assert.deepEqual(Orderer.Organizations[1]?.OrdererEndpoints, ['127.0.0.1:7150', '127.0.0.1:7160']);
});

test("the consenters' time-outs are the description's, under SmartBFT's names", () => {
  const { SmartBFT } = profile('records').Orderer;
  assert.equal(SmartBFT['RequestBatchMaxInterval'], TRIAL.ordering.consensus.requestBatchMaxInterval);
  assert.equal(SmartBFT['RequestComplainTimeout'], TRIAL.ordering.consensus.requestComplainTimeout);
  assert.equal(Object.keys(SmartBFT).length, Object.keys(TRIAL.ordering.consensus).length);
});
