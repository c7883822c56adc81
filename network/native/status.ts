import { resolve } from 'node:path';
import { native, type Place } from '../layout.js';
import { isHealthy } from './health.js';
import { nodesOf, type Node } from './nodes.js';
import { pidOf } from './process.js';
import { readTopology } from './kept-topology.js';

export interface NodeStatus {
  readonly node: Node;
  readonly pid: number | undefined;
  readonly state: 'running' | 'unwell' | 'stopped';
  /** Of each channel that the node is in: how many blocks it has. */
  readonly heights: ReadonlyMap<string, number>;
  /** Of each channel, for an orderer: whom it takes for the leader. */
  readonly leaders: ReadonlyMap<string, number>;
}

/** @throws NetworkError `NO_NETWORK` */
export async function status(
  folder: string,
  placeOf: (folder: string) => Place = native,
): Promise<readonly NodeStatus[]> {
  const place = placeOf(resolve(folder));
  const topology = await readTopology(place.folder);
  return Promise.all(nodesOf(topology, place).map((node) => statusOf(node)));
}

async function statusOf(node: Node): Promise<NodeStatus> {
  const pid = await pidOf(node.note);
  const state = pid === undefined ? 'stopped' : (await isHealthy(node)) ? 'running' : 'unwell';
  const text = state === 'running' && node.metrics !== undefined ? await metricsOf(node.metrics) : '';
  const heights = gauges(text, 'ledger_blockchain_height');
  const leaders = gauges(text, 'consensus_BFT_leader_id');
  return { node, pid, state, heights, leaders };
}

/** Empty when it does not answer: a node that is busy may still have told that it is well. */
async function metricsOf(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return await response.text();
  } catch {
    return '';
  }
}

/** A gauge's values by channel, from Prometheus' text. */
export function gauges(metrics: string, name: string): ReadonlyMap<string, number> {
  const line = new RegExp(`^${name}\\{channel="([^"]+)"\\} (\\S+)$`, 'gm');
  return new Map([...metrics.matchAll(line)].map(([, channel = '', value]) => [channel, Number(value)]));
}
