import { NetworkError } from '../error.js';
import type { Channel, Orderer, Organisation } from '../topology.js';
import { ordererAdministrator } from './channels.js';
import type { Site } from './configuration.js';
import { untilDone, untilHealthy } from './health.js';
import type { Node } from './nodes.js';
import { start, stop } from './process.js';
import { status } from './status.js';

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

/** Has all blocks of these channels, as far as anybody had when this was asked, and, if it orders, takes part again. */
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
  const goals = await status(place.folder);
  await untilDone(async () => {
    const own = (await status(place.folder)).find((each) => each.node.host === node.host);
    for (const { name } of channels) {
      const goal = Math.max(...goals.map(({ heights }) => heights.get(name) ?? 0));
      if ((own?.heights.get(name) ?? 0) >= goal) continue;
      throw new NetworkError('NOT_READY', `${node.host} has not all blocks of ${name} yet`);
    }
  });
}
