import { labelOf } from '../chaincode-package.js';
import { connectionSettings } from '../derive/connection.js';
import { NetworkError } from '../error.js';
import { addressOf, files, packageIn, type Place } from '../layout.js';
import {
  hostOf,
  membersOf,
  regulatorsOf,
  serverOf,
  type ChaincodeDefinition,
  type Channel,
  type Organisation,
  type Topology,
} from '../topology.js';
import { connectClient } from './client.js';
import { untilDone } from './health.js';
import type { PackageOf } from './material.js';
import { anyOrdererFlags } from './ordering.js';

export type AsAdministrator = (
  organisation: Organisation,
  peer: Organisation['peers'][number],
) => (args: readonly string[]) => Promise<string>;

export interface Deployment {
  readonly topology: Topology;
  readonly channel: Channel;
  readonly chaincode: ChaincodeDefinition;
  readonly place: Place;
  readonly as: AsAdministrator;
  readonly packageOf: PackageOf;
  /** How long to wait for what others have to do first. */
  readonly patienceMs?: number;
}

/**
 * Brings a channel's chaincode into use: installs each organisation's package on its peers, lets each organisation
 * approve the definition, commits it with the regulators' peers, and asks as each organisation, so that afterwards all
 * are known to answer. What was done before is left alone.
 */
export async function deploy(deployment: Deployment): Promise<void> {
  const members = membersOf(deployment.topology, deployment.channel);
  await Promise.all(members.map((member) => adopt(deployment, member)));
  await commit(deployment);
  await Promise.all(members.map((member) => ask(deployment, member)));
}

/** Resolves when every peer of the channel executes this definition, and none an earlier one. */
export async function untilEverywhere(deployment: Deployment): Promise<void> {
  const { topology, channel, chaincode } = deployment;
  for (const member of membersOf(topology, channel)) {
    for (const peer of member.peers) {
      await untilDone(async () => {
        const { committed } = await definition(deployment, member, peer);
        if (committed) return;
        throw new NetworkError(
          'NOT_READY',
          `${hostOf(member, peer)} does not know ${labelOf(chaincode)} yet`,
        );
      });
    }
  }
}

/** One member's part: its package on its peers, and its approval. */
export async function adopt(deployment: Deployment, member: Organisation): Promise<void> {
  await install(deployment, member);
  await approve(deployment, member);
}

async function install({ chaincode, place, as, packageOf }: Deployment, member: Organisation): Promise<void> {
  const server = serverNamed(member, chaincode);
  const id = packageOf(member, server);
  for (const peer of member.peers) {
    const admin = as(member, peer);
    const installed = await admin(['lifecycle', 'chaincode', 'queryinstalled', '--output', 'json']);
    if (installed.includes(id)) continue;
    const file = packageIn(files.chaincode(place, member, server));
    await admin(['lifecycle', 'chaincode', 'install', file]);
  }
}

/** Who approved this definition, and whether it is in use, as a member's peer knows it. */
async function definition(
  { channel, chaincode, as }: Deployment,
  member: Organisation,
  peer = firstPeer(member),
): Promise<{ readonly approved: ReadonlySet<string>; readonly committed: boolean }> {
  const admin = as(member, peer);
  const lifecycle = async (command: string, args: readonly string[]) => {
    const common = ['--channelID', channel.name, '--output', 'json'];
    return JSON.parse(await admin(['lifecycle', 'chaincode', command, ...common, ...args])) as {
      approvals?: Record<string, boolean>;
      chaincode_definitions?: { name: string; sequence: number }[];
    };
  };
  const { chaincode_definitions: inUse = [] } = await lifecycle('querycommitted', []);
  const current = inUse.find(({ name }) => name === chaincode.name);
  const committed = current !== undefined && current.sequence >= chaincode.sequence;
  const { approvals = {} } = committed
    ? await lifecycle('querycommitted', ['--name', chaincode.name])
    : await lifecycle('checkcommitreadiness', definitionFlags(chaincode));
  const approved = Object.keys(approvals).filter((mspId) => approvals[mspId] === true);
  return { approved: new Set(approved), committed };
}

/**
 * Repeated, because orderers that have just started have no leader yet and refuse; and each time only after a look,
 * because a try of which nobody heard may have succeeded, and Fabric refuses a second approval.
 */
async function approve(deployment: Deployment, member: Organisation): Promise<void> {
  const { channel, chaincode, as, packageOf } = deployment;
  const args = [
    ...['lifecycle', 'chaincode', 'approveformyorg', '--channelID', channel.name],
    ...definitionFlags(chaincode),
    ...['--package-id', packageOf(member, serverNamed(member, chaincode))],
    ...anyOrdererFlags(deployment.topology, member, deployment.place),
  ];
  await untilDone(async () => {
    const { approved } = await definition(deployment, member);
    if (!approved.has(member.mspId)) await as(member, firstPeer(member))(args);
  }, deployment.patienceMs);
}

/** As {@link approve}; here a peer that has not read the approvals yet refuses, too. */
export async function commit(deployment: Deployment): Promise<void> {
  const { topology, channel, chaincode, place, as } = deployment;
  const regulators = regulatorsOf(topology);
  const [first] = regulators;
  if (first === undefined) throw new TypeError('there is no regulator');
  const endorsers = regulators.flatMap((each) => {
    const address = addressOf(place, each, firstPeer(each));
    return ['--peerAddresses', address, '--tlsRootCertFiles', files.tlsRoot(place, each)];
  });
  const args = [
    ...['lifecycle', 'chaincode', 'commit', '--channelID', channel.name],
    ...definitionFlags(chaincode),
    ...endorsers,
    ...anyOrdererFlags(topology, first, place),
  ];
  await untilDone(async () => {
    const { committed } = await definition(deployment, first);
    if (!committed) await as(first, firstPeer(first))(args);
  }, deployment.patienceMs);
}

/**
 * Lets everybody whom a member will ask endorse a call that changes nothing: only now its peer is known to have found
 * the regulators' peers, which takes some seconds, and each of them its chaincode. `Clock` answers in every state.
 */
export async function ask(
  { topology, channel, place, patienceMs }: Deployment,
  member: Organisation,
): Promise<void> {
  const client = await connectClient(connectionSettings(topology, member, place), channel.name);
  try {
    const endorsers = [...new Set([...client.endorsers, client.mspId])];
    await untilDone(() => client.endorse('Clock', [], endorsers), patienceMs);
  } finally {
    client.close();
  }
}

function definitionFlags({ name, version, sequence }: ChaincodeDefinition): string[] {
  // No policy: the channel's own, a peer of each regulator, is the default.
  return ['--name', name, '--version', version, '--sequence', String(sequence)];
}

/** Descriptions without one are refused. */
function serverNamed(member: Organisation, chaincode: ChaincodeDefinition): string {
  const server = serverOf(member, chaincode);
  if (server === undefined) throw new TypeError(`${member.name} does not run ${labelOf(chaincode)}`);
  return server.name;
}

/** Descriptions without one are refused. */
function firstPeer({ name, peers: [peer] }: Organisation): Organisation['peers'][number] {
  if (peer === undefined) throw new TypeError(`${name} has no peer`);
  return peer;
}
