import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { admit, applicationOf, deciders, dismiss } from '../config/members.js';
import type { Group } from '../config/group.js';
import { NetworkError } from '../error.js';
import { files, native } from '../layout.js';
import { withOrganisation, withoutOrganisation, type JoiningMember } from '../topology-changes.js';
import { channelsOf, organisationNamed, type Organisation, type Topology } from '../topology.js';
import { reconfigure } from './configuration.js';
import type { Fabric } from './fabric.js';
import { checkPorts } from './health.js';
import { readTopology, rememberTopology } from './kept-topology.js';
import { describeMember, makeConfiguration, makeCryptoOf, writeConnections } from './material.js';
import { nodesOf } from './nodes.js';
import { pidOf, stop } from './process.js';
import { up } from './up.js';

/** Members that come and go while the network runs. Each command cut short and given again goes on where it was. */

/** What the commands that change a network need. */
export interface Running {
  readonly fabric: Fabric;
  /** Data folder. */
  readonly folder: string;
  /** Told of each step. */
  readonly say: (step: string) => void;
}

/**
 * Brings an organisation into channels: those who decide sign, its nodes start and read everything from the first block,
 * its chaincode is installed and approved. Resolves when the regulators endorse what it asks through its own peer.
 *
 * @throws NetworkError
 */
export async function addOrganisation(
  joining: JoiningMember,
  { fabric, folder, say }: Running,
): Promise<void> {
  const place = native(resolve(folder));
  const topology = await readTopology(place.folder);
  const { organisation } = joining;
  const grown = isMember(topology, joining) ? topology : withOrganisation(topology, joining);
  for (const node of nodesOf(grown, place).filter(({ owner }) => owner === organisation.name)) {
    if ((await pidOf(node.note)) === undefined) await checkPorts(node);
  }

  say(`certificates of ${organisation.name}`);
  await makeCryptoOf(organisation, fabric, place);
  const described = await describeMember(organisation, fabric, place);
  const config = await makeConfiguration(fabric, place);
  for (const channel of channelsOf(grown, organisation)) {
    say(`${channel.name} takes it in`);
    const site = { topology, fabric, config, place };
    await reconfigure(site, channel, [], (group) => takeIn(group, organisation, described));
  }
  // From here on `up` brings what is missing, and does so as well when this is cut short.
  await rememberTopology(grown, place.folder);
  await up({ topology: grown, fabric, folder, say });
}

function isMember(topology: Topology, { organisation, channels }: JoiningMember): boolean {
  const known = topology.organisations.find(({ name }) => name === organisation.name);
  if (known === undefined || JSON.stringify(known) !== JSON.stringify(organisation)) return false;
  const joined = channelsOf(topology, known).map(({ name }) => name);
  return JSON.stringify(joined.sort()) === JSON.stringify([...channels].sort());
}

function takeIn(channel: Group, { name, mspId, founder }: Organisation, described: Group): Group {
  const isMember = applicationOf(channel).groups.has(mspId);
  if (deciders(channel).of.includes(mspId) !== founder) {
    throw new NetworkError(
      'MEMBER_ROLE',
      founder
        ? `${name} did not found the network`
        : `${mspId} is the name of a founder, and with it goes a vote on the configuration`,
    );
  }
  return isMember ? channel : admit(channel, mspId, described);
}

/**
 * Takes an organisation out of all channels. What it anchored stays and can be verified; nothing more of it is taken,
 * and its peers get nothing more. What its nodes keep stays in the data folder, unless `erase`.
 *
 * @throws NetworkError `MEMBER_UNKNOWN`, `MEMBER_NEEDED`
 */
export async function removeOrganisation(
  name: string,
  { erase, fabric, folder, say }: Running & { readonly erase: boolean },
): Promise<void> {
  const place = native(resolve(folder));
  const topology = await readTopology(place.folder);
  const organisation = organisationNamed(topology, name);
  const config = await makeConfiguration(fabric, place);
  const channels = channelsOf(topology, organisation);
  for (const channel of channels) {
    say(`${channel.name} lets it go`);
    await reconfigure({ topology, fabric, config, place }, channel, [], (group) =>
      applicationOf(group).groups.has(organisation.mspId) ? dismiss(group, organisation.mspId) : group,
    );
  }
  say('its nodes stop');
  const nodes = nodesOf(topology, place).filter(({ owner }) => owner === name);
  await Promise.all(nodes.map(({ note }) => stop(note)));
  if (erase) {
    const own = [
      files.peerOrganisation(place, organisation),
      files.connection(place, organisation),
      join(place.folder, 'chaincodes', name),
      ...nodes.flatMap(({ folder, log }) => [folder, log]),
    ];
    await Promise.all(own.map((each) => rm(each, { recursive: true, force: true })));
  }
  // Last: before, the command finds it again.
  const rest = withoutOrganisation(topology, organisation);
  await writeConnections(rest, place);
  await rememberTopology(rest, place.folder);
}
