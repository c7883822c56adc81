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

/** Every orderer has every block of every channel. */
export async function ordererHeightsAgree(folder: string): Promise<void> {
  const { channels } = await readTopology(folder);
  const orderers = (await status(folder)).filter(({ node }) => node.kind === 'orderer');
  for (const { name } of channels) {
    const heights = orderers.map(({ heights: own }) => own.get(name) ?? 0);
    const highest = Math.max(...heights);
    assert.ok(highest > 0, `no orderer is in ${name}`);
    const behind = orderers.filter((_, at) => heights[at] !== highest).map(({ node }) => node.host);
    assert.deepEqual(behind, [], `of ${name} they have ${heights.join(', ')} blocks`);
  }
}
