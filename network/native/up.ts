import { resolve } from 'node:path';
import { files, native, type Place } from '../layout.js';
import type { Channel, Organisation, Topology } from '../topology.js';
import { administrator, joinOrderer, joinPeer, ordererAdministrator } from './channels.js';
import type { Fabric } from './fabric.js';
import { checkPorts, untilHealthy } from './health.js';
import { keepTopology } from './kept-topology.js';
import { deploy } from './lifecycle.js';
import { makeBlocks, makeConfiguration, makeCrypto, makePackages, writeConnections } from './material.js';
import { nodesOf, type Command } from './nodes.js';
import { pidOf, start } from './process.js';

export interface Up {
  readonly topology: Topology;
  readonly fabric: Fabric;
  /** Data folder. */
  readonly folder: string;
  /** Told of each step. */
  readonly say: (step: string) => void;
  /** Of the folder's files and nodes, when these are not all reached at this machine's loopback address. */
  readonly placeOf?: (folder: string) => Place;
}

/**
 * Brings the network up on this machine, from whatever state it is in: what exists is kept, what runs is left alone.
 * Resolves when every node is well, the regulators endorse what any organisation asks through its own peer.
 *
 * @throws NetworkError
 */
export async function up({ topology, fabric, folder, say, placeOf = native }: Up): Promise<void> {
  const place = placeOf(resolve(folder));
  await keepTopology(topology, place.folder);

  say('certificates, first blocks, chaincode packages');
  await makeCrypto(topology, fabric, place);
  await makeBlocks(topology, fabric, place);
  const config = await makeConfiguration(fabric, place);
  const packageOf = await makePackages(topology, topology.organisations, place);

  const nodes = nodesOf(topology, place);
  say(`${nodes.length} nodes`);
  for (const node of nodes) {
    if ((await pidOf(node.note)) !== undefined) continue;
    await checkPorts(node);
    await start({ ...node, ...entered(place, node.host, node.command({ fabric, config, packageOf })) });
  }
  await Promise.all(nodes.map((node) => untilHealthy(node)));

  say(`channels ${topology.channels.map(({ name }) => name).join(', ')}`);
  const as = (organisation: Organisation, peer: Organisation['peers'][number]) =>
    administrator(organisation, peer, { fabric, config, place });
  const blockOf = (channel: Channel) => files.block(place, channel);
  await Promise.all(
    topology.organisations.flatMap((organisation) => [
      ...organisation.orderers.map((orderer) =>
        joinOrderer(topology, ordererAdministrator(organisation, orderer, fabric, place), blockOf),
      ),
      ...organisation.peers.map((peer) => joinPeer(topology, organisation, as(organisation, peer), blockOf)),
    ]),
  );

  for (const channel of topology.channels) {
    const { chaincode } = channel;
    if (chaincode === undefined) continue;
    say(`chaincode ${chaincode.name} on ${channel.name}`);
    await deploy({ topology, channel, chaincode, place, as, packageOf });
  }
  await writeConnections(topology, place);
}

function entered({ enter }: Place, host: string, { command, args, env }: Command): Command {
  const [first = command, ...words] = [...(enter?.(host) ?? []), command, ...args];
  return { command: first, args: words, env };
}
