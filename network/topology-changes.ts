import { z } from 'zod';
import { NetworkError } from './error.js';
import {
  checked,
  memberSchema,
  portsOf,
  serverOf,
  type ChaincodeDefinition,
  type ChaincodeServer,
  type Channel,
  type Orderer,
  type Organisation,
  type Topology,
} from './topology.js';

/** How the description of a network changes while it runs: another one is made, and the old one stays as it was. */

export type JoiningMember = z.infer<typeof memberSchema>;

/** @throws NetworkError `TOPOLOGY` */
export function parseMember(json: string): JoiningMember {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new NetworkError('TOPOLOGY', 'the description of the organisation is not JSON', { cause: error });
  }
  const read = memberSchema.safeParse(value);
  if (!read.success) throw new NetworkError('TOPOLOGY', z.prettifyError(read.error));
  return read.data;
}

/**
 * The network with another member.
 *
 * @throws NetworkError `NAME_TAKEN`, `PORT_TAKEN`, `MEMBER_ROLE`, `TOPOLOGY`
 */
export function withOrganisation(topology: Topology, { organisation, channels }: JoiningMember): Topology {
  const { name, role, orderers } = organisation;
  if (role === 'regulator' || orderers.length > 0) {
    throw new NetworkError(
      'MEMBER_ROLE',
      `${name} would endorse or order for everybody: regulators are there from the beginning`,
    );
  }
  const unknown = channels.find((channel) => topology.channels.every((each) => each.name !== channel));
  if (unknown !== undefined) throw new NetworkError('TOPOLOGY', `there is no channel ${unknown}`);
  const grown = {
    ...topology,
    organisations: [...topology.organisations, organisation],
    channels: topology.channels.map((channel) =>
      channels.includes(channel.name) ? { ...channel, members: [...channel.members, name] } : channel,
    ),
  };
  return checked(grown);
}

/** The network without a member: whether it can be missed is for the channels to say. */
export function withoutOrganisation(topology: Topology, { name }: Organisation): Topology {
  return {
    ...topology,
    organisations: topology.organisations.filter((each) => each.name !== name),
    channels: topology.channels.map((channel) => ({
      ...channel,
      members: channel.members.filter((each) => each !== name),
    })),
  };
}

/** The network with another orderer: the next number among the consenters is its own for ever. */
export function withOrderer(
  topology: Topology,
  { name: owner }: Organisation,
  node: { readonly name: string; readonly ports: Orderer['ports'] },
): Topology {
  const numbers = topology.organisations.flatMap(({ orderers }) =>
    orderers.map(({ consenter }) => consenter),
  );
  const added: Orderer = { name: node.name, consenter: Math.max(...numbers) + 1, ports: node.ports };
  return checked(withChanged(topology, owner, (each) => ({ ...each, orderers: [...each.orderers, added] })));
}

export function withoutOrderer(topology: Topology, { name }: Organisation, orderer: Orderer): Topology {
  return withChanged(topology, name, (each) => ({
    ...each,
    orderers: each.orderers.filter((other) => other.name !== orderer.name),
  }));
}

/**
 * The network with a second server of the channel's chaincode beside each one, for its next version. Until the channel
 * uses that, the old ones are named with the version that they serve.
 */
export function withNextServers(
  topology: Topology,
  chaincode: ChaincodeDefinition,
  version: string,
): Topology {
  const ports = [...furtherPorts(topology, 2 * topology.organisations.length)];
  const organisations = topology.organisations.map((organisation) => {
    const now = serverOf(organisation, chaincode);
    if (now === undefined) return organisation;
    const [listen = 0, health = 0] = ports.splice(0, 2);
    const next: ChaincodeServer = {
      name: `${chaincode.name}-${version.replace(/[^a-z0-9-]/g, '-')}`,
      chaincode: chaincode.name,
      version,
      ports: { listen, health },
    };
    const chaincodes = organisation.chaincodes.map((each) =>
      each === now ? { ...each, version: chaincode.version } : each,
    );
    return { ...organisation, chaincodes: [...chaincodes, next] };
  });
  return checked({ ...topology, organisations });
}

/** The network in which a channel uses another version of its chaincode. */
export function withDefinition(
  topology: Topology,
  channel: Channel,
  chaincode: ChaincodeDefinition,
): Topology {
  const channels = topology.channels.map((each) =>
    each.name === channel.name ? { ...each, chaincode } : each,
  );
  return { ...topology, channels };
}

/** The network without the servers of versions that no channel uses. */
export function withoutIdleServers(topology: Topology): Topology {
  const used = topology.channels.flatMap(({ chaincode }) => chaincode ?? []);
  const organisations = topology.organisations.map((organisation) => ({
    ...organisation,
    chaincodes: organisation.chaincodes.filter((server) =>
      used.some((chaincode) => serverOf(organisation, chaincode) === server),
    ),
  }));
  return { ...topology, organisations };
}

function withChanged(
  topology: Topology,
  name: string,
  change: (organisation: Organisation) => Organisation,
): Topology {
  const organisations = topology.organisations.map((each) => (each.name === name ? change(each) : each));
  return { ...topology, organisations };
}

/** So many ports that nothing of the network uses. */
export function furtherPorts(topology: Topology, count: number): readonly number[] {
  const last = Math.max(...portsOf(topology));
  return Array.from({ length: count }, (_, at) => last + 1 + at);
}
