import { z } from 'zod';
import { NetworkError } from './error.js';

/**
 * What a network consists of: the one description from which certificates, channel configuration, the nodes' settings
 * and the clients' connection settings are derived. `topology.json` is the trial network; another file may be given.
 */

const name = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);
const port = z.int().min(1).max(65535);
const duration = z.string().regex(/^[0-9]+(ms|s|m)$/);
const count = z.int().min(1);

const orderer = z.strictObject({
  name,
  /** Number among the consenters, which stays with it for ever. */
  consenter: z.int().min(1).max(65535),
  ports: z.strictObject({ listen: port, admin: port, operations: port }),
});

const peer = z.strictObject({
  name,
  /** `chaincode` is opened by every peer, for chaincodes that it starts itself; ours start on their own. */
  ports: z.strictObject({ listen: port, chaincode: port, operations: port }),
  /** Left out of the native start, for whose one machine it would be too many. */
  containersOnly: z.literal(true).optional(),
});

/** A chaincode that an organisation runs: one process for all its peers. During an upgrade, one for each version. */
const chaincodeServer = z.strictObject({
  name,
  /** What it serves, where that is not its name. */
  chaincode: name.optional(),
  /** Where it is not the channel's. */
  version: z.string().min(1).optional(),
  ports: z.strictObject({ listen: port, health: port }),
});

const organisation = z.strictObject({
  name,
  mspId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  title: z.string().min(1),
  domain: z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/),
  role: z.enum(['regulator', 'facility', 'authority']),
  /** Regulators, and the facilities that founded the network, decide on its configuration. */
  founder: z.boolean().default(false),
  orderers: z.array(orderer).default([]),
  peers: z.array(peer).min(1),
  chaincodes: z.array(chaincodeServer).default([]),
  /** Copies of the service that it runs, in containers; absent where it issues nothing itself. */
  services: count.optional(),
});

const channel = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9.-]{0,248}$/),
  members: z.array(name).min(1),
  chaincode: z.strictObject({ name, version: z.string().min(1), sequence: count }).optional(),
});

const schema = z.strictObject({
  /** Of Hyperledger Fabric. */
  release: z.string().regex(/^[0-9]+\.[0-9]+\.[0-9]+$/),
  organisations: z.array(organisation).min(1),
  channels: z.array(channel).min(1),
  ordering: z.strictObject({
    batch: z.strictObject({ maxMessages: count, absoluteMaxBytes: count, preferredMaxBytes: count }),
    /** SmartBFT's options; docs/decisions/0034-native-network.md has the reasons. */
    consensus: z.strictObject({
      requestBatchMaxInterval: duration,
      requestForwardTimeout: duration,
      requestComplainTimeout: duration,
      requestAutoRemoveTimeout: duration,
      viewChangeResendInterval: duration,
      viewChangeTimeout: duration,
      leaderHeartbeatTimeout: duration,
      leaderHeartbeatCount: count,
      collectTimeout: duration,
      incomingMessageBufferSize: count,
      requestPoolSize: count,
    }),
  }),
});

export type Topology = z.infer<typeof schema>;
export type Organisation = Topology['organisations'][number];
export type Orderer = Organisation['orderers'][number];
export type Peer = Organisation['peers'][number];
export type ChaincodeServer = Organisation['chaincodes'][number];
export type Channel = Topology['channels'][number];
export type ChaincodeDefinition = NonNullable<Channel['chaincode']>;

/** @throws NetworkError `TOPOLOGY` */
export function parseTopology(json: string): Topology {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new NetworkError('TOPOLOGY', 'the topology is not JSON', { cause: error });
  }
  const read = schema.safeParse(value);
  if (!read.success) throw new NetworkError('TOPOLOGY', z.prettifyError(read.error));
  const fault = faultOf(read.data);
  if (fault !== undefined) throw new NetworkError('TOPOLOGY', fault);
  return read.data;
}

/** An organisation that is to join channels of a network that runs. */
export const memberSchema = z.strictObject({ organisation, channels: z.array(name).min(1) });

/** The same network, when its parts fit each other. */
export function checked(topology: Topology): Topology {
  const duplicate = duplicateIn(topology);
  if (duplicate !== undefined) {
    const { what, value } = duplicate;
    throw new NetworkError(
      what === 'a port' ? 'PORT_TAKEN' : 'NAME_TAKEN',
      `${what} is there already: ${value}`,
    );
  }
  const fault = faultOf(topology);
  if (fault !== undefined) throw new NetworkError('TOPOLOGY', fault);
  return topology;
}

/** @throws NetworkError `MEMBER_UNKNOWN` */
export function organisationNamed({ organisations }: Topology, name: string): Organisation {
  const found = organisations.find((each) => each.name === name);
  if (found === undefined) throw new NetworkError('MEMBER_UNKNOWN', `there is no organisation ${name}`);
  return found;
}

export function organisationOf({ organisations }: Topology, mspId: string): Organisation | undefined {
  return organisations.find((each) => each.mspId === mspId);
}

function duplicateIn(topology: Topology): { what: string; value: string | number } | undefined {
  const { organisations, channels } = topology;
  const unique: [string, readonly (string | number)[]][] = [
    ['an organisation', organisations.map((each) => each.name)],
    ['an MSP', organisations.map((each) => each.mspId)],
    ['a domain', organisations.map((each) => each.domain)],
    ['a node', organisations.flatMap((each) => hostsOf(each))],
    ['a channel', channels.map((each) => each.name)],
    ['a consenter', organisations.flatMap((each) => each.orderers.map(({ consenter }) => consenter))],
    ['a port', portsOf(topology)],
  ];
  for (const [what, values] of unique) {
    const value = values.find((each, at) => values.indexOf(each) !== at);
    if (value !== undefined) return { what, value };
  }
  return undefined;
}

/** What the parts say about each other and does not fit. */
function faultOf(topology: Topology): string | undefined {
  const { organisations, channels } = topology;
  const duplicate = duplicateIn(topology);
  if (duplicate !== undefined) return `${duplicate.what} is there twice: ${duplicate.value}`;
  const orderers = organisations.flatMap((each) => each.orderers);
  // 3f + 1 orderers bear f faulty ones; with fewer than four, none.
  if (orderers.length < 4) return `there are ${orderers.length} orderers; byzantine fault tolerance needs 4`;
  const stray = organisations.find((each) => each.orderers.length > 0 && each.role !== 'regulator');
  if (stray !== undefined) return `${stray.name} orders and is no regulator`;
  const without = nativePart(topology).organisations.find(({ peers }) => peers.length === 0);
  if (without !== undefined) return `${without.name} has peers in containers only`;
  for (const each of channels) {
    const fault = faultOfChannel(each, organisations);
    if (fault !== undefined) return `channel ${each.name}: ${fault}`;
  }
  return undefined;
}

function faultOfChannel(channel: Channel, organisations: readonly Organisation[]): string | undefined {
  const stranger = channel.members.find((member) => !organisations.some((each) => each.name === member));
  if (stranger !== undefined) return `${stranger} is no organisation`;
  if (new Set(channel.members).size !== channel.members.length) return 'a member is named twice';
  const absent = organisations.find(
    (each) => each.role === 'regulator' && !channel.members.includes(each.name),
  );
  if (absent !== undefined) return `regulators endorse on every channel, and ${absent.name} is not there`;
  const { chaincode } = channel;
  if (chaincode === undefined) return undefined;
  const without = organisations.find(
    (each) => channel.members.includes(each.name) && serverOf(each, chaincode) === undefined,
  );
  return without && `${without.name} does not run its chaincode ${chaincode.name}`;
}

/** The network that one machine is given: without what only containers run. */
export function nativePart(topology: Topology): Topology {
  const organisations = topology.organisations.map((each) => {
    const part = { ...each, peers: each.peers.filter(({ containersOnly }) => !containersOnly) };
    delete part.services;
    return part;
  });
  return { ...topology, organisations };
}

export function regulatorsOf({ organisations }: Topology): readonly Organisation[] {
  return organisations.filter(({ role }) => role === 'regulator');
}

/** Members of a channel, in the order of the description. */
export function membersOf({ organisations }: Topology, channel: Channel): readonly Organisation[] {
  return organisations.filter(({ name }) => channel.members.includes(name));
}

/** Those members whose majority changes the channel's configuration. */
export function decidersOf(topology: Topology, channel: Channel): readonly Organisation[] {
  return membersOf(topology, channel).filter(({ role, founder }) => role === 'regulator' || founder);
}

export function channelsOf({ channels }: Topology, { name }: Organisation): readonly Channel[] {
  return channels.filter(({ members }) => members.includes(name));
}

/** Who serves a version of a chaincode; without a version of its own, a server serves the channel's. */
export function serverOf(
  { chaincodes }: Organisation,
  { name, version }: { readonly name: string; readonly version: string },
): ChaincodeServer | undefined {
  const serving = chaincodes.filter((each) => (each.chaincode ?? each.name) === name);
  return (
    serving.find((each) => each.version === version) ?? serving.find((each) => each.version === undefined)
  );
}

/** The name of a node in certificates, containers and logs. */
export function hostOf({ domain }: Organisation, node: { readonly name: string }): string {
  return `${node.name}.${domain}`;
}

function hostsOf(organisation: Organisation): readonly string[] {
  const { orderers, peers, chaincodes } = organisation;
  return [...orderers, ...peers, ...chaincodes].map((node) => hostOf(organisation, node));
}

export function portsOf(topology: Topology): readonly number[] {
  const ports: number[] = [];
  withPorts(topology, (port) => {
    ports.push(port);
    return port;
  });
  return ports;
}

/** The same network on other ports: `change` gets each one, in a fixed order. */
export function withPorts(topology: Topology, change: (port: number) => number): Topology {
  const moved = <Node extends { readonly ports: Readonly<Record<string, number>> }>(node: Node): Node => ({
    ...node,
    ports: Object.fromEntries(Object.entries(node.ports).map(([use, port]) => [use, change(port)])),
  });
  const organisations = topology.organisations.map((each) => ({
    ...each,
    orderers: each.orderers.map(moved),
    peers: each.peers.map(moved),
    chaincodes: each.chaincodes.map(moved),
  }));
  return { ...topology, organisations };
}
