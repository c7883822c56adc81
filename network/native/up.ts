import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NetworkError } from '../error.js';
import { files, native, type Place } from '../layout.js';
import { parseTopology, serverOf, type Organisation, type Topology } from '../topology.js';
import { administrator, joinOrderer, joinPeer } from './channels.js';
import type { Fabric } from './fabric.js';
import { checkPorts, untilHealthy } from './health.js';
import { deploy, labelOf } from './lifecycle.js';
import { makeBlocks, makeConfiguration, makeCrypto, makePackage, writeConnections } from './material.js';
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
  const packages = await packagesOf(topology, place);
  const packageOf = (organisation: Organisation, chaincode: string) =>
    packages.get(`${organisation.name}/${chaincode}`) ?? '';

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
  await Promise.all(
    topology.organisations.flatMap((organisation) => [
      ...organisation.orderers.map((orderer) => joinOrderer(topology, organisation, orderer, fabric, place)),
      ...organisation.peers.map((peer) =>
        joinPeer(topology, organisation, as(organisation, peer), (channel) => files.block(place, channel)),
      ),
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

const topologyIn = (folder: string) => join(folder, 'topology.json');

/** A network is what it was made as: its certificates and first blocks say so. */
async function keepTopology(topology: Topology, folder: string): Promise<void> {
  if (existsSync(topologyIn(folder))) {
    const kept = await readTopology(folder);
    if (JSON.stringify(kept) === JSON.stringify(topology)) return;
    throw new NetworkError(
      'TOPOLOGY_CHANGED',
      `${folder} holds a network of another description: give its own one, take another folder, or erase it`,
    );
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unfinished = `${topologyIn(folder)}.unfinished`;
  await writeFile(unfinished, `${JSON.stringify(topology, null, 2)}\n`);
  await rename(unfinished, topologyIn(folder));
}

/** @throws NetworkError `NO_NETWORK` */
export async function readTopology(folder: string): Promise<Topology> {
  if (!existsSync(topologyIn(folder)))
    throw new NetworkError('NO_NETWORK', `there is no network in ${folder}`);
  return parseTopology(await readFile(topologyIn(folder), 'utf8'));
}

async function packagesOf(
  topology: Topology,
  place: ReturnType<typeof native>,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for (const { chaincode } of topology.channels) {
    if (chaincode === undefined) continue;
    for (const organisation of topology.organisations) {
      const server = serverOf(organisation, chaincode.name);
      if (server === undefined) continue;
      const { id } = await makePackage(organisation, server, labelOf(chaincode), place);
      ids.set(`${organisation.name}/${chaincode.name}`, id);
    }
  }
  return ids;
}
