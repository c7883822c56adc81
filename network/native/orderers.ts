import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { consentersOf, withConsenter, withoutConsenter, type Consenter } from '../config/consenters.js';
import { NetworkError } from '../error.js';
import { files, identityIn, native, serverTlsIn, type Place } from '../layout.js';
import { furtherPorts, withOrderer, withoutOrderer } from '../topology-changes.js';
import { hostOf, organisationNamed, type Orderer, type Organisation, type Topology } from '../topology.js';
import { joinOrderer, ordererAdministrator } from './channels.js';
import {
  fetchConfigurationBlock,
  inFolder,
  readConfiguration,
  reconfigure,
  type Site,
} from './configuration.js';
import { checkPorts, isHealthy, untilDone, untilHealthy } from './health.js';
import { readTopology, rememberTopology } from './kept-topology.js';
import { makeConfiguration, makeCryptoOf } from './material.js';
import type { Running } from './members.js';
import { nodesOf } from './nodes.js';
import { pidOf, start, stop } from './process.js';

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
  const before = await readTopology(place.folder);
  const owner = organisationNamed(before, organisationName);
  if (owner.orderers.length === 0) {
    throw new NetworkError('MEMBER_ROLE', `${organisationName} is no regulator: regulators order`);
  }
  const isKnown = owner.orderers.some((each) => each.name === name);
  const topology = isKnown
    ? before
    : withOrderer(before, owner, { name, ports: ports ?? portsAfter(before) });
  const organisation = organisationNamed(topology, organisationName);
  const orderer = ordererNamed(organisation, name);
  const config = await makeConfiguration(fabric, place);
  const site: Site = { topology, fabric, config, place };
  await checkOrderers(topology, place, hostOf(organisation, orderer));

  say(`certificates of ${name}`);
  await makeCryptoOf(organisation, fabric, place);
  const consenter = await consenterOf(organisation, orderer, place);
  for (const channel of topology.channels) {
    const { group } = await readConfiguration(site, channel, organisation);
    withConsenter(group, consenter); // throws before anything was started for nothing
  }
  const node = nodeOf(topology, place, hostOf(organisation, orderer));
  const runs = (await pidOf(node.note)) !== undefined;
  if (!runs) await checkPorts(node);
  // Before it starts, so that whoever stops the network stops it, too. Without a vote it only reads.
  await rememberTopology(topology, place.folder);
  if (!runs) await start({ ...node, ...node.command({ fabric, config, packageOf: () => '' }) });
  await untilHealthy(node);

  const administrator = ordererAdministrator(organisation, orderer, fabric, place);
  await inFolder(async (scratch) => {
    const blockOf = (channel: { readonly name: string }) => join(scratch, channel.name);
    for (const channel of topology.channels) {
      await writeFile(blockOf(channel), await fetchConfigurationBlock(site, channel, organisation));
    }
    await joinOrderer(topology, administrator, blockOf);
  });
  for (const channel of topology.channels) {
    say(`${name} reads ${channel.name}, then takes part in it`);
    const until = (relation: 'follower' | 'consenter') =>
      untilDone(async () => {
        const { status, consensusRelation } = await administrator.describe(channel);
        if (status === 'active' && [relation, 'consenter'].includes(consensusRelation)) return;
        throw new NetworkError(
          'NOT_READY',
          `${name} is ${status} and a ${consensusRelation} of ${channel.name}`,
        );
      });
    await until('follower');
    await reconfigure(site, channel, [organisation], (group) => withConsenter(group, consenter));
    await until('consenter');
  }
}

/**
 * @throws NetworkError `ORDERER_UNKNOWN`, `ORDERERS_TOO_FEW`, `ORDERERS_UNEVEN`, `NOT_READY` when another one is not well
 */
export async function removeOrderer(
  organisationName: string,
  name: string,
  { erase, fabric, folder, say }: Running & { readonly erase: boolean },
): Promise<void> {
  const place = native(resolve(folder));
  const topology = await readTopology(place.folder);
  const organisation = organisationNamed(topology, organisationName);
  const orderer = ordererNamed(organisation, name);
  const host = hostOf(organisation, orderer);
  await checkOrderers(topology, place, host);
  const config = await makeConfiguration(fabric, place);
  for (const channel of topology.channels) {
    say(`${channel.name} goes on without ${host}`);
    await reconfigure({ topology, fabric, config, place }, channel, [organisation], (group) =>
      consentersOf(group).some(({ id }) => id === orderer.consenter)
        ? withoutConsenter(group, orderer.consenter)
        : group,
    );
  }
  const node = nodeOf(topology, place, host);
  await stop(node.note);
  if (erase) {
    const own = [files.orderer(place, organisation, orderer), node.folder, node.log];
    await Promise.all(own.map((each) => rm(each, { recursive: true, force: true })));
  }
  // Last: before, the command finds it again.
  await rememberTopology(withoutOrderer(topology, organisation, orderer), place.folder);
}

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

function nodeOf(topology: Topology, place: Place, host: string) {
  const found = nodesOf(topology, place).find((each) => each.host === host);
  if (found === undefined) throw new TypeError(`there is no node ${host}`);
  return found;
}

function portsAfter(topology: Topology): Orderer['ports'] {
  const [listen = 0, admin = 0, operations = 0] = furtherPorts(topology, 3);
  return { listen, admin, operations };
}
