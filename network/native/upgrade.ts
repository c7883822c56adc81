import { resolve } from 'node:path';
import { NetworkError } from '../error.js';
import { native } from '../layout.js';
import { withDefinition, withNextServers, withoutIdleServers } from '../topology-changes.js';
import { serverOf, type Channel, type Organisation, type Peer, type Topology } from '../topology.js';
import { administrator } from './channels.js';
import { checkPorts, untilHealthy } from './health.js';
import { readTopology, rememberTopology } from './kept-topology.js';
import { deploy, untilEverywhere } from './lifecycle.js';
import { makeConfiguration, makePackages } from './material.js';
import type { Running } from './members.js';
import { nodesOf } from './nodes.js';
import { pidOf, start, stop } from './process.js';

/**
 * Brings another version of a channel's chaincode into use while transactions flow. Both versions run until every peer
 * uses the new one; in between an organisation's peer executes what the last block that it has says, so that peers a block
 * apart answer with different versions, do not agree, and are asked again. Cut short and given again it goes on.
 *
 * The way back is an upgrade to a version that has the old code: the definition's number only grows.
 *
 * @throws NetworkError
 */
export async function upgradeChaincode(
  channelName: string,
  version: string,
  { fabric, folder, say }: Running,
): Promise<void> {
  const place = native(resolve(folder));
  const before = await readTopology(place.folder);
  const channel = before.channels.find(({ name }) => name === channelName);
  const now = channel?.chaincode;
  if (channel === undefined || now === undefined) {
    throw new NetworkError('TOPOLOGY', `there is no channel ${channelName} with a chaincode`);
  }
  // The channel has it already when only the old servers were not stopped.
  const next = now.version === version ? now : { ...now, version, sequence: now.sequence + 1 };
  const both = isServed(before, channel, version) ? before : withNextServers(before, now, version);
  await rememberTopology(both, place.folder);

  const config = await makeConfiguration(fabric, place);
  const packageOf = await makePackages(both, both.organisations, place);
  say(`version ${version} starts beside ${now.version}`);
  for (const node of nodesOf(both, place).filter(({ kind }) => kind === 'chaincode')) {
    if ((await pidOf(node.note)) === undefined) {
      await checkPorts(node);
      await start({ ...node, ...node.command({ fabric, config, packageOf }) });
    }
    await untilHealthy(node);
  }

  say(`${channelName} goes over to version ${version}, definition ${next.sequence}`);
  const as = (organisation: Organisation, peer: Peer) =>
    administrator(organisation, peer, { fabric, config, place });
  const deployment = { topology: both, channel, chaincode: next, place, as, packageOf };
  await deploy(deployment);
  await untilEverywhere(deployment);
  const changed = withDefinition(both, channel, next);
  await rememberTopology(changed, place.folder);

  const rest = withoutIdleServers(changed);
  const stays = new Set(nodesOf(rest, place).map(({ host }) => host));
  say('the old servers finish what they execute, and stop');
  const idle = nodesOf(changed, place).filter(({ host }) => !stays.has(host));
  await Promise.all(idle.map(({ note }) => stop(note)));
  await rememberTopology(rest, place.folder);
}

function isServed({ organisations }: Topology, { members, chaincode }: Channel, version: string): boolean {
  return organisations
    .filter(({ name }) => members.includes(name))
    .every((each) => {
      const server = chaincode && serverOf(each, { ...chaincode, version });
      return server && (server.version ?? chaincode.version) === version;
    });
}
