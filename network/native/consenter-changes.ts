import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Group } from '../config/group.js';
import type { Place } from '../layout.js';
import { hostOf, type Channel, type Organisation, type Topology } from '../topology.js';
import { writeWhole } from '../whole-file.js';
import { propose, reconfigure, type Site } from './configuration.js';
import { nodesOf } from './nodes.js';
import { pidOf } from './process.js';
import { restartOrderer, type Ordering } from './restart.js';

/**
 * Changes of who orders. Fabric 3.1's orderers verify the blocks that they fetch by the consenters whom they knew when they
 * were started, whatever configuration they have read since: of five with one let go, each block has three signatures, and
 * they want four. One that misses such a block would stay behind for ever, and the next that is away would stop the
 * channel. So the others are started anew after a change, one after the other. Who is left to be stands in the data folder,
 * for a command that was cut short.
 */

const dueIn = ({ folder }: Place) => join(folder, 'orderers-to-start-anew.json');

/**
 * Like `reconfigure`, for the vote of the orderer `changed`. Afterwards the others have to be started anew.
 *
 * @throws NetworkError
 */
export async function changeConsenters(
  site: Site,
  channel: Channel,
  owner: Organisation,
  changed: string,
  change: (channel: Group) => Group,
): Promise<void> {
  if ((await propose(site, channel, owner, change)) === null) return;
  const others = orderersOf(site.topology).filter(([host]) => host !== changed);
  await remember(site.place, [...new Set([...(await due(site.place)), ...others.map(([host]) => host)])]);
  await reconfigure(site, channel, [owner], change);
}

/** It was started after the last change, by whoever calls this. */
export async function startedAnew({ place }: Site, started: string): Promise<void> {
  await remember(
    place,
    (await due(place)).filter((host) => host !== started),
  );
}

/** Starts the orderers anew that have to be; those that do not run will be when they are started. */
export async function startOthersAnew(site: Site, say: (step: string) => void): Promise<void> {
  const left = await due(site.place);
  if (left.length === 0) return;
  say('the other orderers start anew, one after the other');
  const known = new Map(orderersOf(site.topology));
  const nodes = nodesOf(site.topology, site.place);
  for (const host of left) {
    const node = nodes.find((each) => each.host === host);
    const ordering = known.get(host);
    if (node && ordering && (await pidOf(node.note)) !== undefined)
      await restartOrderer(node, ordering, site);
    await startedAnew(site, host);
  }
}

function orderersOf({ organisations }: Topology): readonly (readonly [host: string, Ordering])[] {
  return organisations.flatMap((organisation) =>
    organisation.orderers.map(
      (orderer) => [hostOf(organisation, orderer), { organisation, orderer }] as const,
    ),
  );
}

async function due(place: Place): Promise<readonly string[]> {
  const file = dueIn(place);
  return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as string[]) : [];
}

async function remember(place: Place, hosts: readonly string[]): Promise<void> {
  const file = dueIn(place);
  if (hosts.length === 0) await rm(file, { force: true });
  else await writeWhole(file, JSON.stringify(hosts));
}
