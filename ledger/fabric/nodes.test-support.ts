import assert from 'node:assert/strict';
import { readTopology } from '@spondon/network/native/kept-topology';
import { status } from '@spondon/network/native/status';

/** Returns the hosts of the network's nodes, all of which run. */
export async function allRun(folder: string): Promise<readonly string[]> {
  const nodes = await status(folder);
  assert.deepEqual(
    nodes.filter(({ state }) => state !== 'running').map(({ node }) => node.host),
    [],
  );
  return nodes.map(({ node }) => node.host);
}

/**
 * Every orderer has every block, but that one may not have heard yet of the last ones in a channel where none has come
 * since: only `records` has transactions.
 */
export async function ordererHeightsAgree(folder: string): Promise<void> {
  const { channels } = await readTopology(folder);
  const orderers = (await status(folder)).filter(({ node }) => node.kind === 'orderer');
  for (const { name } of channels) {
    const heights = orderers.map(({ heights: own }) => own.get(name) ?? 0);
    const highest = Math.max(...heights);
    assert.ok(highest > 0, `no orderer is in ${name}`);
    const behind = orderers.filter((_, at) => heights[at] !== highest).map(({ node }) => node.host);
    const mayBeBehind = name === 'records' ? 0 : 1;
    assert.ok(
      behind.length <= mayBeBehind,
      `${behind.join(', ')}: of ${name} they have ${heights.join(', ')}`,
    );
  }
}
