import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { consentersOf, withConsenter, withoutConsenter, type Consenter } from '../config/consenters.js';
import type { Group } from '../config/group.js';
import { NetworkError } from '../error.js';
import { files, identityIn, native, serverTlsIn, type Place } from '../layout.js';
import { furtherPorts, withOrderer, withoutOrderer } from '../topology-changes.js';
import {
  hostOf,
  organisationNamed,
  type Channel,
  type Orderer,
  type Organisation,
  type Topology,
} from '../topology.js';
import { joinOrderer, ordererAdministrator, type OrdererChannel } from './channels.js';
import { fetchConfigurationBlock, inFolder, readConfiguration, type Site } from './configuration.js';
import { changeConsenters, startedAnew, startOthersAnew } from './consenter-changes.js';
import { checkPorts, isHealthy, untilDone, untilHealthy } from './health.js';
import { readTopology, rememberTopology } from './kept-topology.js';
import { makeConfiguration, makeCryptoOf } from './material.js';
import type { Running } from './members.js';
import { nodesOf, type Node } from './nodes.js';
import { pidOf, start, stop } from './process.js';
import { restartOrderer } from './restart.js';

/**
 * Orderers that come and go while the channels go on, one at a time. Each command cut short and given again goes on where
 * it was.
 */

/**
 * First it reads every channel, then it takes part: until it has read all, a larger quorum would wait for it.
 *
 * @throws NetworkError
 */
export async function addOrderer(
  organisationName: string,
  name: string,
  { ports, fabric, folder, say }: Running & { readonly ports?: Orderer['ports'] },
): Promise<void> {
  const place = native(resolve(folder));
  const topology = grown(await readTopology(place.folder), organisationName, name, ports);
  const organisation = organisationNamed(topology, organisationName);
  const orderer = ordererNamed(organisation, name);
  const config = await makeConfiguration(fabric, place);
  const site: Site = { topology, fabric, config, place };
  await checkOrderers(topology, place, hostOf(organisation, orderer));
  if (await isHalfDismissed(site, organisation, orderer)) await dismiss(site, organisation, orderer, say);

  say(`certificates of ${name}`);
  await makeCryptoOf(organisation, fabric, place);
  const consenter = await consenterOf(organisation, orderer, place);
  for (const channel of topology.channels) {
    const { group } = await readConfiguration(site, channel, organisation);
    withConsenter(group, consenter); // throws before anything was started for nothing
  }
  say(`${name} starts`);
  const node = nodeOf(topology, place, hostOf(organisation, orderer));
  const runs = (await pidOf(node.note)) !== undefined;
  if (!runs) await checkPorts(node);
  // Before it starts, so that whoever stops the network stops it, too. Without a vote it only reads.
  await rememberTopology(topology, place.folder);
  if (!runs) await start({ ...node, ...node.command({ fabric, config, packageOf: () => '' }) });
  await untilHealthy(node);

  const administrator = ordererAdministrator(organisation, orderer, fabric, place);
  const added: Added = { site, organisation, orderer, node, administrator };
  for (const channel of topology.channels) await leaveUnlessCurrent(channel, added);
  await joinChannels(added);
  for (const channel of topology.channels) {
    say(`${name} reads ${channel.name}, then takes part in it`);
    await untilRelated(channel, added, ['follower', 'consenter']);
    await changeConsenters(site, channel, organisation, node.host, (group) =>
      withConsenter(group, consenter),
    );
    await untilRelated(channel, added, ['consenter']);
  }
  await startOthersAnew(site, say);
}

/** With the orderer, unless it is known already from a command that was cut short. */
function grown(before: Topology, owner: string, name: string, ports = portsAfter(before)): Topology {
  const organisation = organisationNamed(before, owner);
  if (organisation.orderers.length === 0) {
    throw new NetworkError('MEMBER_ROLE', `${owner} is no regulator: regulators order`);
  }
  const isKnown = organisation.orderers.some((each) => each.name === name);
  return isKnown ? before : withOrderer(before, organisation, { name, ports });
}

/** An orderer that is being added. */
interface Added {
  readonly site: Site;
  readonly organisation: Organisation;
  readonly orderer: Orderer;
  readonly node: Node;
  readonly administrator: ReturnType<typeof ordererAdministrator>;
}

async function joinChannels({ site, organisation, administrator }: Added): Promise<void> {
  await inFolder(async (scratch) => {
    const blockOf = (channel: Channel) => join(scratch, channel.name);
    for (const channel of site.topology.channels) {
      await writeFile(blockOf(channel), await fetchConfigurationBlock(site, channel, organisation));
    }
    await joinOrderer(site.topology, administrator, blockOf);
  });
}

/**
 * One that was let go may still take itself for a consenter: because it was away then and has not read of it, which a
 * leader without followers never does; or because it has, and then Fabric's orderers stop the channel and call
 * themselves active consenters of it until their next start. Neither reads on. With its vote back it would never use it,
 * and the next one that is away would be one too many. Once it has left the channel it can join it as a follower.
 */
async function leaveUnlessCurrent(channel: Channel, added: Added): Promise<void> {
  const { site, organisation, orderer, administrator } = added;
  const { group, height } = await readConfiguration(site, channel, organisation);
  const { consensusRelation } = await untilDone(() => administrator.describe(channel));
  if (consensusRelation !== 'consenter') return;
  if (isNamed(group, orderer) && (await readsUpTo(height, channel, added))) return;
  await administrator.leave(channel);
}

/** A consenter that missed a block asks the others for it when it hears from them, or when it hears from nobody. */
const CATCH_UP_MS = 40_000;

async function readsUpTo(goal: number, channel: Channel, { administrator }: Added): Promise<boolean> {
  const check = async () => {
    const { height } = await administrator.describe(channel);
    if (height < goal) throw new NetworkError('NOT_READY', `${height} of ${goal} blocks`);
  };
  return untilDone(check, CATCH_UP_MS).then(
    () => true,
    () => false,
  );
}

/** Until it has read the configuration that is in force, and is what it should be. */
async function untilRelated(
  channel: Channel,
  { site, organisation, node, administrator }: Added,
  relations: readonly OrdererChannel['consensusRelation'][],
): Promise<void> {
  const goal = await readConfiguration(site, channel, organisation);
  await untilDone(async () => {
    const { status, consensusRelation, height } = await administrator.describe(channel);
    if (status === 'active' && relations.includes(consensusRelation) && height >= goal.height) return;
    throw new NetworkError(
      'NOT_READY',
      `${node.host} is ${status} and a ${consensusRelation} of ${channel.name}, with ${height} of ${goal.height} blocks`,
    );
  });
}

/**
 * @throws NetworkError `ORDERER_UNKNOWN`, `ORDERERS_TOO_FEW`, `ORDERERS_UNEVEN`, `NOT_READY` when another one is not well
 */
export async function removeOrderer(
  organisationName: string,
  name: string,
  { erase, ...running }: Running & { readonly erase: boolean },
): Promise<void> {
  const { site, organisation, orderer, node } = await whileOthersOrder(organisationName, name, running);
  const { place, topology } = site;
  const { say } = running;
  await dismiss(site, organisation, orderer, say);
  say(`${node.host} stops`);
  await stop(node.note);
  await startOthersAnew(site, say);
  if (erase) {
    const own = [files.orderer(place, organisation, orderer), node.folder, node.log];
    await Promise.all(own.map((each) => rm(each, { recursive: true, force: true })));
  }
  // Last: before, the command finds it again.
  await rememberTopology(withoutOrderer(topology, organisation, orderer), place.folder);
}

/**
 * Starts one anew, while the others go on: it may stand still for ever without looking unwell. Resolves when it has all
 * blocks and takes part.
 *
 * @throws NetworkError `ORDERER_UNKNOWN`, `NOT_READY` when another one is not well
 */
export async function startOrdererAnew(
  organisationName: string,
  name: string,
  running: Running,
): Promise<void> {
  const { site, organisation, orderer, node } = await whileOthersOrder(organisationName, name, running);
  running.say(`${node.host} starts anew`);
  await restartOrderer(node, { organisation, orderer }, site);
  await startedAnew(site, node.host);
}

/** One of the network's, with all others well. */
async function whileOthersOrder(organisationName: string, name: string, { fabric, folder }: Running) {
  const place = native(resolve(folder));
  const topology = await readTopology(place.folder);
  const organisation = organisationNamed(topology, organisationName);
  const orderer = ordererNamed(organisation, name);
  const host = hostOf(organisation, orderer);
  await checkOrderers(topology, place, host);
  const site: Site = { topology, fabric, config: await makeConfiguration(fabric, place), place };
  return { site, organisation, orderer, node: nodeOf(topology, place, host) };
}

/** Takes it out of every channel that it is still in. */
async function dismiss(
  site: Site,
  organisation: Organisation,
  orderer: Orderer,
  say: Running['say'],
): Promise<void> {
  const { channels } = site.topology;
  const host = hostOf(organisation, orderer);
  const without = (group: Group) =>
    isNamed(group, orderer) ? withoutConsenter(group, orderer.consenter) : group;
  for (const channel of channels) {
    without((await readConfiguration(site, channel, organisation)).group); // throws before any has changed
  }
  for (const channel of channels) {
    say(`${channel.name} goes on without ${host}`);
    await changeConsenters(site, channel, organisation, host, without);
  }
}

/**
 * A removal that was cut short has left it in the later ones of the channels only. There the others no longer reach it:
 * their connection, which Fabric has for all channels together, was closed with the first one, and is opened anew only
 * once no channel has it any more.
 */
async function isHalfDismissed(site: Site, organisation: Organisation, orderer: Orderer): Promise<boolean> {
  const named: boolean[] = [];
  for (const channel of site.topology.channels) {
    named.push(isNamed((await readConfiguration(site, channel, organisation)).group, orderer));
  }
  return named.includes(false) && named.lastIndexOf(true) > named.indexOf(false);
}

const isNamed = (group: Group, { consenter }: Orderer) =>
  consentersOf(group).some(({ id }) => id === consenter);

/** As a channel's configuration has it. */
export async function consenterOf(
  organisation: Organisation,
  orderer: Orderer,
  place: Place,
  folder = files.orderer(place, organisation, orderer),
): Promise<Consenter> {
  const host = hostOf(organisation, orderer);
  return {
    id: orderer.consenter,
    mspId: organisation.mspId,
    host: place.reach(host),
    port: orderer.ports.listen,
    identity: await readFile(identityIn(folder, host).certificate, 'utf8'),
    tls: await readFile(serverTlsIn(folder).certificate, 'utf8'),
  };
}

/**
 * While one orderer is changed, all others must be there: with four, three make a quorum.
 *
 * @throws NetworkError `NOT_READY`
 */
export async function checkOrderers(topology: Topology, place: Place, changed: string): Promise<void> {
  const others = nodesOf(topology, place).filter(({ kind, host }) => kind === 'orderer' && host !== changed);
  for (const node of others) {
    if (!(await isHealthy(node))) {
      throw new NetworkError('NOT_READY', `${node.host} is not well; start it, or remove it, first`);
    }
  }
}

/** @throws NetworkError `ORDERER_UNKNOWN` */
export function ordererNamed({ name: owner, orderers }: Organisation, name: string): Orderer {
  const found = orderers.find((each) => each.name === name);
  if (found === undefined) throw new NetworkError('ORDERER_UNKNOWN', `${owner} has no orderer ${name}`);
  return found;
}

function nodeOf(topology: Topology, place: Place, host: string): Node {
  const found = nodesOf(topology, place).find((each) => each.host === host);
  if (found === undefined) throw new TypeError(`there is no node ${host}`);
  return found;
}

function portsAfter(topology: Topology): Orderer['ports'] {
  const [listen = 0, admin = 0, operations = 0] = furtherPorts(topology, 3);
  return { listen, admin, operations };
}
