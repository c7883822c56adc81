import { connectionSettings } from '../derive/connection.js';
import { clientTlsIn, files, packageIn, type Place } from '../layout.js';
import {
  hostOf,
  membersOf,
  regulatorsOf,
  type Channel,
  type Organisation,
  type Topology,
} from '../topology.js';
import { connectClient } from './client.js';
import { untilDone } from './health.js';

export type AsAdministrator = (
  organisation: Organisation,
  peer: Organisation['peers'][number],
) => (args: readonly string[]) => Promise<string>;

export interface Deployment {
  readonly topology: Topology;
  readonly channel: Channel;
  readonly chaincode: NonNullable<Channel['chaincode']>;
  readonly place: Place;
  readonly as: AsAdministrator;
  readonly packageOf: (organisation: Organisation, chaincode: string) => string;
}

/**
 * Brings a channel's chaincode into use: installs each organisation's package on its peers, lets each organisation
 * approve the definition, commits it with the regulators' peers, and asks as each organisation, so that afterwards all
 * are known to answer. What was done before is left alone.
 */
export async function deploy(deployment: Deployment): Promise<void> {
  const { topology, channel } = deployment;
  const members = membersOf(topology, channel);
  await Promise.all(members.map((member) => install(deployment, member)));
  const { approved, committed } = await definition(deployment);
  await Promise.all(
    members.filter(({ mspId }) => !approved.has(mspId)).map((member) => approve(deployment, member)),
  );
  if (!committed) await commit(deployment);
  await Promise.all(members.map((member) => ask(deployment, member)));
}

/** What a package is called on peers, before its hash. */
export const labelOf = ({ name, version }: Deployment['chaincode']) => `${name}_${version}`;

async function install({ chaincode, place, as, packageOf }: Deployment, member: Organisation): Promise<void> {
  const id = packageOf(member, chaincode.name);
  for (const peer of member.peers) {
    const admin = as(member, peer);
    const installed = await admin(['lifecycle', 'chaincode', 'queryinstalled', '--output', 'json']);
    if (installed.includes(id)) continue;
    const file = packageIn(files.chaincode(place, member, chaincode.name));
    await admin(['lifecycle', 'chaincode', 'install', file]);
  }
}

/** Who approved this definition, and whether it is in use. */
async function definition(
  deployment: Deployment,
): Promise<{ readonly approved: ReadonlySet<string>; readonly committed: boolean }> {
  const { topology, channel, chaincode } = deployment;
  const [member] = membersOf(topology, channel);
  const [peer] = member?.peers ?? [];
  if (member === undefined || peer === undefined) throw new TypeError(`${channel.name} has no peer`);
  const admin = deployment.as(member, peer);
  const lifecycle = async (command: string, args: readonly string[]) => {
    const common = ['--channelID', channel.name, '--output', 'json'];
    return JSON.parse(await admin(['lifecycle', 'chaincode', command, ...common, ...args])) as {
      approvals?: Record<string, boolean>;
      chaincode_definitions?: { name: string; sequence: number }[];
    };
  };
  const committed = await untilDone(() => lifecycle('querycommitted', []));
  const current = committed.chaincode_definitions?.find(({ name }) => name === chaincode.name);
  const inUse = current !== undefined && current.sequence >= chaincode.sequence;
  const { approvals = {} } = inUse
    ? await lifecycle('querycommitted', ['--name', chaincode.name])
    : await lifecycle('checkcommitreadiness', definitionFlags(chaincode));
  const approved = Object.keys(approvals).filter((mspId) => approvals[mspId] === true);
  return { approved: new Set(approved), committed: inUse };
}

async function approve(deployment: Deployment, member: Organisation): Promise<void> {
  const { channel, chaincode, as, packageOf } = deployment;
  const [peer] = member.peers;
  if (peer === undefined) return;
  const args = [
    ...[
      'lifecycle',
      'chaincode',
      'approveformyorg',
      '--channelID',
      channel.name,
      ...definitionFlags(chaincode),
    ],
    ...['--package-id', packageOf(member, chaincode.name)],
    ...ordererFlags(deployment, member),
  ];
  // Orderers that have just started have no leader yet and refuse.
  await untilDone(() => as(member, peer)(args));
}

async function commit(deployment: Deployment): Promise<void> {
  const { topology, channel, chaincode, place, as } = deployment;
  const regulators = regulatorsOf(topology);
  const [first] = regulators;
  const [peer] = first?.peers ?? [];
  if (first === undefined || peer === undefined) return;
  const endorsers = regulators.flatMap((each) =>
    each.peers
      .slice(0, 1)
      .flatMap((endorser) => [
        ...['--peerAddresses', `${place.reach(hostOf(each, endorser))}:${endorser.ports.listen}`],
        ...['--tlsRootCertFiles', files.tlsRoot(place, each)],
      ]),
  );
  const args = [
    'lifecycle',
    'chaincode',
    'commit',
    '--channelID',
    channel.name,
    ...definitionFlags(chaincode),
  ];
  // A peer that has not read the approvals yet refuses.
  await untilDone(() => as(first, peer)([...args, ...endorsers, ...ordererFlags(deployment, first)]));
}

/**
 * Lets everybody whom a member will ask endorse a call that changes nothing: only now its peer is known to have found
 * the regulators' peers, which takes some seconds, and each of them its chaincode. `Clock` answers in every state.
 */
async function ask({ topology, channel, place }: Deployment, member: Organisation): Promise<void> {
  const client = await connectClient(connectionSettings(topology, member, place), channel.name);
  try {
    await untilDone(() => client.endorse('Clock', [], [...new Set([...client.endorsers, client.mspId])]));
  } finally {
    client.close();
  }
}

function definitionFlags({ name, version, sequence }: Deployment['chaincode']): string[] {
  // No policy: the channel's own, a peer of each regulator, is the default.
  return ['--name', name, '--version', version, '--sequence', String(sequence)];
}

function ordererFlags({ topology, place }: Deployment, member: Organisation): string[] {
  const owner = topology.organisations.find(({ orderers }) => orderers.length > 0);
  const [orderer] = owner?.orderers ?? [];
  if (owner === undefined || orderer === undefined) return [];
  const { certificate, key } = clientTlsIn(files.user(place, member, 'Admin'));
  return [
    ...['-o', `${place.reach(hostOf(owner, orderer))}:${orderer.ports.listen}`, '--tls'],
    ...['--cafile', files.tlsRoot(place, owner)],
    ...['--clientauth', '--certfile', certificate, '--keyfile', key],
  ];
}
