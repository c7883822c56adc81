import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Group } from '../config/group.js';
import type { Place } from '../layout.js';
import { hostOf, type Channel, type Organisation, type Topology } from '../topology.js';
import { writeWhole } from '../whole-file.js';
import { propose, reconfigure, type Site } from './configuration.js';
import { restartOrderer, type Ordering } from './restart.js';
import { status, type NodeStatus } from './status.js';

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
  let left = await due(site.place);
  if (left.length === 0) return;
  say('the other orderers start anew, one after the other');
  const known = new Map(orderersOf(site.topology));
  for (; left.length > 0; left = await due(site.place)) {
    const states = await status(site.place.folder);
    const [next] = states.filter(({ node }) => left.includes(node.host)).sort(byTurn(states, known));
    const ordering = next && known.get(next.node.host);
    if (!ordering) return remember(site.place, []); // those that are left are gone
    if (next.pid !== undefined) {
      await restartOrderer(next.node, ordering, site);
      await untilItOrders(next.node.host, site.place.folder);
    }
    await startedAnew(site, next.node.host);
  }
}

/** Longer than a change of leader takes, or a round that one missed. */
const SETTLING_MS = 10_000;
const LOOK_MS = 500;

/** Resolves when it has new blocks, or nothing seems to be ordered: one that has just come back may not take part yet. */
async function untilItOrders(host: string, folder: string): Promise<void> {
  const blocks = async () => {
    const own = (await status(folder)).find(({ node }) => node.host === host);
    return own === undefined ? 0 : blocksOf(own);
  };
  const goal = (await blocks()) + 2;
  const until = Date.now() + SETTLING_MS;
  while (Date.now() < until && (await blocks()) < goal) await wait(LOOK_MS);
}

const blocksOf = ({ heights }: NodeStatus) => [...heights.values()].reduce((sum, height) => sum + height, 0);

/**
 * Whoever is behind first, as with it and another one away nobody orders; the leader last, as what waits is lost with
 * orderers that restart while nobody orders.
 */
function byTurn(states: readonly NodeStatus[], known: ReadonlyMap<string, Ordering>) {
  const leaders = new Set(states.flatMap((each) => [...each.leaders.values()]));
  const isLeader = ({ node }: NodeStatus) => leaders.has(known.get(node.host)?.orderer.consenter ?? NaN);
  return (a: NodeStatus, b: NodeStatus) =>
    Number(isLeader(a)) - Number(isLeader(b)) || blocksOf(a) - blocksOf(b);
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
