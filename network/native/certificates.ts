import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readAuthority } from '../authority.js';
import { withConsenter } from '../config/consenters.js';
import { type Holder, holderNamed, holdersOf } from '../holders.js';
import { chaincodeLinkIn, files, native, type Place } from '../layout.js';
import { renewed } from '../renewal.js';
import { channelsOf, hostOf, organisationNamed, type Organisation } from '../topology.js';
import type { Site } from './configuration.js';
import { changeConsenters, startedAnew, startOthersAnew } from './consenter-changes.js';
import { untilHealthy } from './health.js';
import { readTopology } from './kept-topology.js';
import { makeConfiguration, makePackages, once } from './material.js';
import type { Running } from './members.js';
import { nodesOf } from './nodes.js';
import { checkOrderers, consenterOf } from './orderers.js';
import { start, stop } from './process.js';
import { untilBack } from './restart.js';

/** Certificates of a network: when they end, and new ones before that. */

export interface Expiry {
  /** Host, user or authority. */
  readonly holder: string;
  readonly use: 'identity' | 'tls' | 'authority' | 'chaincode link';
  readonly until: Date;
}

/** Of everybody, those that end first at the head. */
export async function expiries(folder: string): Promise<readonly Expiry[]> {
  const place = native(resolve(folder));
  const topology = await readTopology(place.folder);
  const found = await Promise.all(
    topology.organisations.flatMap((organisation) =>
      certificatesOf(organisation, place).map(async ({ holder, use, file }) => {
        const until = new Date(new X509Certificate(await readFile(file)).validTo);
        return { holder, use, until };
      }),
    ),
  );
  return found.sort((a, b) => a.until.getTime() - b.until.getTime());
}

function certificatesOf(
  organisation: Organisation,
  place: Place,
): readonly { readonly holder: string; readonly use: Expiry['use']; readonly file: string }[] {
  const links = organisation.chaincodes.flatMap((server) => {
    const { server: own, peer } = chaincodeLinkIn(files.chaincode(place, organisation, server.name));
    const use = 'chaincode link' as const;
    return [
      { holder: hostOf(organisation, server), use, file: own.certificate },
      { holder: `peers of ${hostOf(organisation, server)}`, use, file: peer.certificate },
    ];
  });
  return [
    { holder: `ca.${organisation.domain}`, use: 'authority', file: files.root(place, organisation) },
    { holder: `tlsca.${organisation.domain}`, use: 'authority', file: files.tlsRoot(place, organisation) },
    ...holdersOf(organisation, place).flatMap(({ name, identity, tls }) => [
      { holder: name, use: 'identity' as const, file: identity().certificate },
      { holder: name, use: 'tls' as const, file: tls().certificate },
    ]),
    ...links,
  ];
}

/**
 * New keys and certificates for an organisation's orderers, peers and users, or one of them, one after the other while
 * the others work. Cut short and given again it goes on with the certificates that it had made.
 *
 * @throws NetworkError
 */
export async function renew(
  organisationName: string,
  nodeName: string | undefined,
  { days, fabric, folder, say }: Running & { readonly days: number },
): Promise<void> {
  const place = native(resolve(folder));
  const topology = await readTopology(place.folder);
  const organisation = organisationNamed(topology, organisationName);
  const chosen =
    nodeName === undefined ? holdersOf(organisation, place) : [holderNamed(organisation, place, nodeName)];
  const config = await makeConfiguration(fabric, place);
  const site: Site = { topology, fabric, config, place };
  const packageOf = await makePackages(topology, topology.organisations, place);
  for (const holder of chosen) {
    say(`${holder.name} gets new certificates`);
    const next = await prepare(holder, organisation, place, days);
    if (holder.orderer !== undefined) {
      await checkOrderers(topology, place, holder.name);
      // From here until its restart the others know it by certificates that it does not show yet.
      const consenter = await consenterOf(organisation, holder.orderer, place, next);
      for (const channel of topology.channels) {
        await changeConsenters(site, channel, organisation, holder.name, (group) =>
          withConsenter(group, consenter),
        );
      }
    }
    const node = nodesOf(topology, place).find(({ host }) => host === holder.name);
    if (node !== undefined) await stop(node.note);
    await exchange(holder.folder, next);
    if (node === undefined) continue;
    await start({ ...node, ...node.command({ fabric, config, packageOf }) });
    await untilHealthy(node);
    // The next one is not stopped before this one is back.
    if (holder.orderer === undefined) {
      await untilBack(node, channelsOf(topology, organisation), site);
    } else {
      await untilBack(node, topology.channels, site, { organisation, orderer: holder.orderer });
      await startedAnew(site, holder.name);
    }
  }
  await startOthersAnew(site, say);
}

const nextOf = (folder: string) => `${folder}.renewed`;

/** A copy of a holder's folder with the new certificates in it. */
async function prepare(
  { folder, identity, tls }: Holder,
  organisation: Organisation,
  place: Place,
  days: number,
): Promise<string> {
  const next = nextOf(folder);
  await once(next, async (making) => {
    await cp(folder, making, { recursive: true });
    for (const [pair, authority] of [
      [identity(making), await readAuthority(place, organisation, 'ca')],
      [tls(making), await readAuthority(place, organisation, 'tlsca')],
    ] as const) {
      const made = await renewed(await readFile(pair.certificate, 'utf8'), authority, new Date(), days);
      await writeFile(pair.certificate, made.certificate);
      await writeFile(pair.key, made.key, { mode: 0o600 });
    }
  });
  return next;
}

/** A crash in between leaves the new one under its first name, where the next run finds it. */
async function exchange(folder: string, next: string): Promise<void> {
  const old = `${folder}.old`;
  await rm(old, { recursive: true, force: true });
  if (existsSync(folder)) await rename(folder, old);
  await rename(next, folder);
  await rm(old, { recursive: true, force: true });
}
