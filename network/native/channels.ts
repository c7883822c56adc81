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

/** Every orderer orders every channel. Joins the ones that it is not in yet. */
export async function joinOrderer(
  topology: Topology,
  organisation: Organisation,
  orderer: Orderer,
  fabric: Fabric,
  place: Place,
): Promise<void> {
  const { certificate, key } = clientTlsIn(files.user(place, organisation, 'Admin'));
  const address = `${place.reach(hostOf(organisation, orderer))}:${orderer.ports.admin}`;
  const osnadmin = async (command: string, args: readonly string[]) => {
    const tls = [
      '--ca-file',
      files.tlsRoot(place, organisation),
      '--client-cert',
      certificate,
      '--client-key',
      key,
    ];
    const { stdout } = await run(
      fabric.programs.osnadmin,
      ['channel', command, '-o', address, ...tls, '--no-status', ...args],
      {},
    );
    return JSON.parse(stdout) as { channels?: { name: string }[] | null; error?: string };
  };
  // The administration's listener opens a little after the one that says that the orderer is well.
  const { channels } = await untilDone(() => osnadmin('list', []));
  const joined = new Set(channels?.map(({ name }) => name));
  for (const channel of topology.channels.filter(({ name }) => !joined.has(name))) {
    await osnadmin('join', ['--channelID', channel.name, '--config-block', files.block(place, channel)]);
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
