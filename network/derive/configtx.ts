import { stringify } from 'yaml';
import { addressOf, files, identityIn, serverTlsIn, type Place } from '../layout.js';
import {
  decidersOf,
  hostOf,
  membersOf,
  regulatorsOf,
  type Channel,
  type Organisation,
  type Topology,
} from '../topology.js';

/** The policies that the network stands on, in the language of configtx.yaml. */
export interface ChannelPolicies {
  /** Of chaincodes and their lifecycle: a peer of each regulator. */
  readonly endorsement: string;
  /** Of the channel's configuration: a majority of regulators and founding facilities. */
  readonly configuration: string;
}

export function channelPolicies(topology: Topology, channel: Channel): ChannelPolicies {
  const deciders = decidersOf(topology, channel).map(({ mspId }) => `'${mspId}.admin'`);
  const majority = Math.floor(deciders.length / 2) + 1;
  return {
    endorsement: `AND(${regulatorsOf(topology)
      .map(({ mspId }) => `'${mspId}.peer'`)
      .join(', ')})`,
    configuration: `OutOf(${majority}, ${deciders.join(', ')})`,
  };
}

/** configtx.yaml, with one profile for each channel, named like it: configtxgen makes the first blocks from it. */
export function configtx(topology: Topology, place: Place): string {
  const profiles = topology.channels.map((channel) => [channel.name, profileOf(topology, channel, place)]);
  return stringify({ Profiles: Object.fromEntries(profiles) as object }, { aliasDuplicateObjects: false });
}

export const MEMBER_PROFILE = 'member';

/**
 * configtx.yaml for an organisation that describes itself, in a channel of its own that nobody opens. It is described as
 * founders are, so that members do not differ by when they came.
 */
export function memberConfigtx(organisation: Organisation, place: Place): string {
  const policies = { Readers: any('Readers'), Writers: any('Writers'), Admins: any('Admins') };
  const profile = {
    Policies: policies,
    // configtxgen makes no block without.
    Orderer: { OrdererType: 'solo', Policies: { ...policies, BlockValidation: any('Writers') } },
    Application: { Organizations: [applicationMember(organisation, place)], Policies: policies },
  };
  return stringify({ Profiles: { [MEMBER_PROFILE]: profile } });
}

function profileOf(topology: Topology, channel: Channel, place: Place): object {
  const policies = channelPolicies(topology, channel);
  const configuration = signature(policies.configuration);
  const endorsement = signature(policies.endorsement);
  const common = { Readers: any('Readers'), Writers: any('Writers'), Admins: configuration };
  return {
    Capabilities: { V3_0: true },
    Policies: common,
    Orderer: {
      ...orderingOf(topology, place),
      Policies: {
        ...common,
        // configtxgen puts the consenters' quorum in its place.
        BlockValidation: any('Writers'),
      },
    },
    Application: {
      Organizations: membersOf(topology, channel).map((each) => applicationMember(each, place)),
      Policies: {
        ...common,
        Endorsement: endorsement,
        LifecycleEndorsement: endorsement,
      },
      Capabilities: { V2_5: true },
    },
  };
}

function orderingOf({ organisations, ordering }: Topology, place: Place): object {
  const owners = organisations.filter(({ orderers }) => orderers.length > 0);
  const { batch, consensus } = ordering;
  return {
    OrdererType: 'BFT',
    // Raft's; SmartBFT closes a block after requestBatchMaxInterval.
    BatchTimeout: consensus.requestBatchMaxInterval,
    BatchSize: {
      MaxMessageCount: batch.maxMessages,
      AbsoluteMaxBytes: batch.absoluteMaxBytes,
      PreferredMaxBytes: batch.preferredMaxBytes,
    },
    ConsenterMapping: owners
      .flatMap((owner) => owner.orderers.map((orderer) => consenter(owner, orderer, place)))
      .sort((a, b) => a.ID - b.ID),
    SmartBFT: Object.fromEntries(
      Object.entries(consensus).map(([name, value]) => [
        name.replace(/^./, (first) => first.toUpperCase()),
        value,
      ]),
    ) as object,
    Organizations: owners.map((each) => orderingMember(each, place)),
    Capabilities: { V2_0: true },
  };
}

function consenter(owner: Organisation, orderer: Organisation['orderers'][number], place: Place) {
  const folder = files.orderer(place, owner, orderer);
  const host = hostOf(owner, orderer);
  const tls = serverTlsIn(folder).certificate;
  return {
    ID: orderer.consenter,
    Host: place.reach(host),
    Port: orderer.ports.listen,
    MSPID: owner.mspId,
    Identity: identityIn(folder, host).certificate,
    ClientTLSCert: tls,
    ServerTLSCert: tls,
  };
}

function applicationMember(organisation: Organisation, place: Place): object {
  const { mspId, peers } = organisation;
  return {
    Name: mspId,
    ID: mspId,
    MSPDir: files.msp(place, organisation),
    Policies: {
      Readers: signedByRole(mspId, ['admin', 'peer', 'client']),
      Writers: signedByRole(mspId, ['admin', 'client']),
      Admins: signedByRole(mspId, ['admin']),
      Endorsement: signedByRole(mspId, ['peer']),
    },
    AnchorPeers: peers.map((peer) => ({
      Host: place.reach(hostOf(organisation, peer)),
      Port: peer.ports.listen,
    })),
  };
}

function orderingMember(organisation: Organisation, place: Place): object {
  const { mspId, orderers } = organisation;
  return {
    Name: mspId,
    ID: mspId,
    MSPDir: files.msp(place, organisation),
    Policies: {
      Readers: signedByRole(mspId, ['admin', 'orderer', 'client']),
      Writers: signedByRole(mspId, ['admin', 'orderer', 'client']),
      Admins: signedByRole(mspId, ['admin']),
    },
    OrdererEndpoints: orderers.map((orderer) => addressOf(place, organisation, orderer)),
  };
}

const signature = (rule: string) => ({ Type: 'Signature', Rule: rule });
const any = (policy: string) => ({ Type: 'ImplicitMeta', Rule: `ANY ${policy}` });
const signedByRole = (mspId: string, roles: readonly string[]) =>
  signature(`OR(${roles.map((role) => `'${mspId}.${role}'`).join(', ')})`);
