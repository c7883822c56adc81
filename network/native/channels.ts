import { NetworkError } from '../error.js';
import { administratorEnvironment } from '../derive/node-environment.js';
import { clientTlsIn, files, type Place } from '../layout.js';
import {
  channelsOf,
  hostOf,
  type Channel,
  type Orderer,
  type Organisation,
  type Peer,
  type Topology,
} from '../topology.js';
import type { Fabric } from './fabric.js';
import { untilDone } from './health.js';
import { run } from './run.js';

/** Runs `peer` as an organisation's administrator, who talks to one of its peers. */
export function administrator(
  organisation: Organisation,
  peer: Peer,
  { fabric, config, place }: { readonly fabric: Fabric; readonly config: string; readonly place: Place },
): (args: readonly string[]) => Promise<string> {
  const env = { FABRIC_CFG_PATH: config, ...administratorEnvironment(organisation, peer, place) };
  return async (args) => (await run(fabric.programs.peer, args, env)).stdout;
}

/** What an orderer says of a channel that it is in. */
export interface OrdererChannel {
  readonly name: string;
  /** `onboarding` while it still reads what the others have. */
  readonly status: 'active' | 'onboarding' | 'inactive' | 'failed';
  readonly consensusRelation: 'consenter' | 'follower' | 'config-tracker' | 'other';
  readonly height: number;
}

/** Runs `osnadmin`, with which an orderer's own organisation joins it to channels. */
export function ordererAdministrator(
  organisation: Organisation,
  orderer: Orderer,
  fabric: Fabric,
  place: Place,
): {
  readonly list: () => Promise<ReadonlySet<string>>;
  readonly describe: (channel: Channel) => Promise<OrdererChannel>;
  readonly join: (channel: Channel, block: string) => Promise<void>;
  /** It forgets what it has of the channel. Resolves when it may join it again. */
  readonly leave: (channel: Channel) => Promise<void>;
} {
  const { certificate, key } = clientTlsIn(files.user(place, organisation, 'Admin'));
  const address = `${place.reach(hostOf(organisation, orderer))}:${orderer.ports.admin}`;
  const osnadmin = async (command: string, args: readonly string[]): Promise<string> => {
    const tls = [
      ...['--ca-file', files.tlsRoot(place, organisation)],
      ...['--client-cert', certificate, '--client-key', key],
    ];
    const { stdout } = await run(
      fabric.programs.osnadmin,
      ['channel', command, '-o', address, ...tls, '--no-status', ...args],
      {},
    );
    return stdout;
  };
  const describe = async ({ name }: Channel) =>
    JSON.parse(await osnadmin('list', ['--channelID', name])) as OrdererChannel;
  const list = async () => {
    const { channels } = JSON.parse(await osnadmin('list', [])) as { channels?: { name: string }[] | null };
    return new Set(channels?.map(({ name }) => name));
  };
  return {
    list,
    describe,
    join: async ({ name }, block) => {
      await osnadmin('join', ['--channelID', name, '--config-block', block]);
    },
    leave: async (channel) => {
      await osnadmin('remove', ['--channelID', channel.name]);
      await untilDone(async () => {
        const { status } = (await describe(channel)) as Partial<OrdererChannel>;
        if (status === undefined) return; // it answers that there is no such channel
        throw new NetworkError('NOT_READY', `an orderer has not left ${channel.name} yet: it is ${status}`);
      });
    },
  };
}

/**
 * Every orderer orders every channel. Joins the ones that it is not in yet, by a block with the channel's configuration:
 * of orderers that are not consenters in it, it reads the channel from there and waits.
 */
export async function joinOrderer(
  topology: Topology,
  administrator: ReturnType<typeof ordererAdministrator>,
  blockOf: (channel: Channel) => string,
): Promise<void> {
  // The administration's listener opens a little after the one that says that the orderer is well.
  const joined = await untilDone(administrator.list);
  for (const channel of topology.channels.filter(({ name }) => !joined.has(name))) {
    await administrator.join(channel, blockOf(channel));
  }
}

/** Joins the channels of the peer's organisation that the peer is not in yet. */
export async function joinPeer(
  topology: Topology,
  organisation: Organisation,
  as: (args: readonly string[]) => Promise<string>,
  blockOf: (channel: Channel) => string,
): Promise<void> {
  const joined = (await untilDone(() => as(['channel', 'list']))).split('\n').map((line) => line.trim());
  for (const channel of channelsOf(topology, organisation)) {
    if (!joined.includes(channel.name)) await as(['channel', 'join', '-b', blockOf(channel)]);
  }
}
