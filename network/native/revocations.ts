import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { withRevocations } from '../config/revocations.js';
import { native } from '../layout.js';
import { channelsOf, organisationNamed } from '../topology.js';
import { revoke } from '../trust/revoke.js';
import { reconfigure } from './configuration.js';
import { readTopology } from './kept-topology.js';
import { makeConfiguration } from './material.js';
import type { Running } from './members.js';

/**
 * Puts the certificate of a node or user on its authority's revocation list, and the list into all channels of the
 * organisation, whose nodes refuse it from then on. Cut short and given again it goes on: the list is made once.
 *
 * @throws NetworkError
 */
export async function revokeEverywhere(
  organisationName: string,
  name: string,
  { fabric, folder, say }: Running,
): Promise<void> {
  const place = native(resolve(folder));
  const topology = await readTopology(place.folder);
  const organisation = organisationNamed(topology, organisationName);
  const file = await revoke(place, organisation, name, new Date());
  say(`${name} of ${organisationName} is on the list ${file}`);
  const list = await readFile(file);
  const config = await makeConfiguration(fabric, place);
  const channels = organisation.orderers.length > 0 ? topology.channels : channelsOf(topology, organisation);
  for (const channel of channels) {
    say(`${channel.name} takes the list`);
    await reconfigure({ topology, fabric, config, place }, channel, [organisation], (group) =>
      withRevocations(group, organisation.mspId, [list]),
    );
  }
}
