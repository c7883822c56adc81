import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { native } from '../layout.js';
import { nodesOf } from './nodes.js';
import { stop } from './process.js';
import { readTopology } from './kept-topology.js';

/**
 * Stops every node; with `erase` its data go too, ledgers and keys.
 *
 * @throws NetworkError `NO_NETWORK`
 */
export async function down({
  folder,
  erase,
}: {
  readonly folder: string;
  readonly erase: boolean;
}): Promise<void> {
  const place = native(resolve(folder));
  const nodes = nodesOf(await readTopology(place.folder), place);
  await Promise.all(nodes.map(({ note }) => stop(note)));
  if (erase) await rm(place.folder, { recursive: true });
}
