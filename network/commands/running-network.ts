import { findFabric } from '../native/fabric.js';
import { readTopology } from '../native/kept-topology.js';
import type { Running } from '../native/members.js';

/** The network in a data folder, and the programs that change it. */
export async function runningNetwork(folder: string): Promise<Running> {
  const { release } = await readTopology(folder);
  const fabric = await findFabric(release, process.env);
  return { fabric, folder, say: (step) => console.log(step) };
}
