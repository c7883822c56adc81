import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NetworkError } from '../error.js';
import { parseTopology, type Topology } from '../topology.js';
import { writeWhole } from '../whole-file.js';

/** What the network in a data folder consists of now: as it was founded, and as members and nodes came and went. */

const topologyIn = (folder: string) => join(folder, 'topology.json');

export const holdsNetwork = (folder: string) => existsSync(topologyIn(folder));

/** A network is what it was made as: its certificates and channels say so. */
export async function keepTopology(topology: Topology, folder: string): Promise<void> {
  if (!holdsNetwork(folder)) {
    await rememberTopology(topology, folder);
    return;
  }
  const kept = await readTopology(folder);
  if (JSON.stringify(kept) === JSON.stringify(topology)) return;
  throw new NetworkError(
    'TOPOLOGY_CHANGED',
    `${folder} holds a network of another description: give its own one, take another folder, or erase it`,
  );
}

/** For whoever has just made the network so. */
export async function rememberTopology(topology: Topology, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeWhole(topologyIn(folder), `${JSON.stringify(topology, null, 2)}\n`);
}

/** @throws NetworkError `NO_NETWORK` */
export async function readTopology(folder: string): Promise<Topology> {
  if (!holdsNetwork(folder)) throw new NetworkError('NO_NETWORK', `there is no network in ${folder}`);
  return parseTopology(await readFile(topologyIn(folder), 'utf8'));
}
