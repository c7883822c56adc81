import { NetworkError } from '../error.js';
import type { Channel, Orderer, Organisation } from '../topology.js';
import { ordererAdministrator } from './channels.js';
import type { Site } from './configuration.js';
import { untilDone, untilHealthy } from './health.js';
import type { Node } from './nodes.js';
import { start, stop } from './process.js';
import { status, type NodeStatus } from './status.js';

/** An orderer, and whose it is. */
export interface Ordering {
  readonly organisation: Organisation;
  readonly orderer: Orderer;
}

/** Stops an orderer and starts it again. Resolves when it has all blocks and takes part. */
export async function restartOrderer(node: Node, ordering: Ordering, site: Site): Promise<void> {
  await stop(node.note);
  await start({ ...node, ...node.command({ ...site, packageOf: () => '' }) });
  await untilHealthy(node);
  await untilBack(node, site.topology.channels, site, ordering);
}

/** How long an orderer gets to hear of what it missed where nothing is ordered. */
const SILENCE_MS = 15_000;

/**
 * Resolves when it has all blocks of these channels, as far as anybody had when this was asked, and, if it orders, takes
 * part again. One that takes itself for the leader may hear of blocks that it missed only with the next one, so where
 * there is none it is not waited for.
 */
export async function untilBack(
  node: Node,
  channels: readonly Channel[],
  { fabric, place }: Site,
  ordering?: Ordering,
): Promise<void> {
  if (ordering !== undefined) {
    const administrator = ordererAdministrator(ordering.organisation, ordering.orderer, fabric, place);
    for (const channel of channels) {
      await untilDone(async () => {
        const { status: state, consensusRelation } = await administrator.describe(channel);
        if (state === 'active' && consensusRelation === 'consenter') return;
        throw new NetworkError('NOT_READY', `${node.host} is ${state} and a ${consensusRelation}`);
      });
    }
  }
  const highest = (states: readonly NodeStatus[], name: string) =>
    Math.max(...states.map(({ heights }) => heights.get(name) ?? 0));
  const goals = await status(place.folder);
  const mayBeSilent = Date.now() + SILENCE_MS;
  await untilDone(async () => {
    const now = await status(place.folder);
    const own = now.find((each) => each.node.host === node.host);
    for (const { name } of channels) {
      const goal = highest(goals, name);
      if ((own?.heights.get(name) ?? 0) >= goal) continue;
      if (ordering !== undefined && Date.now() > mayBeSilent && highest(now, name) === goal) continue;
      throw new NetworkError('NOT_READY', `${node.host} has not all blocks of ${name} yet`);
    }
  });
}
