import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readAuthority } from '../authority.js';
import { withConsenter } from '../config/consenters.js';
import { NetworkError } from '../error.js';
import { type Holder, holderNamed, holdersOf } from '../holders.js';
import { chaincodeLinkIn, files, native, type Place } from '../layout.js';
import { renewed } from '../renewal.js';
import { channelsOf, hostOf, organisationNamed, type Organisation, type Topology } from '../topology.js';
import { ordererAdministrator } from './channels.js';
import { reconfigure } from './configuration.js';
import { untilDone, untilHealthy } from './health.js';
import { readTopology } from './kept-topology.js';
import { makeConfiguration, makePackages, once } from './material.js';
import type { Running } from './members.js';
import { nodesOf, type Node } from './nodes.js';
import { checkOrderers, consenterOf } from './orderers.js';
import { start, stop } from './process.js';
import { status } from './status.js';

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
  const packageOf = await makePackages(topology, topology.organisations, place);
  for (const holder of chosen) {
    say(`${holder.name} gets new certificates`);
    const next = await prepare(holder, organisation, place, days);
    if (holder.orderer !== undefined) {
      await checkOrderers(topology, place, holder.name);
      // From here until its restart the others know it by certificates that it does not show yet.
      const consenter = await consenterOf(organisation, holder.orderer, place, next);
      for (const channel of topology.channels) {
        await reconfigure({ topology, fabric, config, place }, channel, [organisation], (group) =>
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
    await untilBack(holder, node, organisation, topology, { fabric, folder: place.folder });
  }
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

/** The next one is not stopped before this one has all blocks and, if it orders, takes part again. */
async function untilBack(
  { orderer }: Holder,
  node: Node,
  organisation: Organisation,
  topology: Topology,
  { fabric, folder }: Pick<Running, 'fabric' | 'folder'>,
): Promise<void> {
  const place = native(folder);
  if (orderer !== undefined) {
    const administrator = ordererAdministrator(organisation, orderer, fabric, place);
    for (const channel of topology.channels) {
      await untilDone(async () => {
        const { status: state, consensusRelation } = await administrator.describe(channel);
        if (state === 'active' && consensusRelation === 'consenter') return;
        throw new NetworkError('NOT_READY', `${node.host} is ${state} and a ${consensusRelation}`);
      });
    }
  }
  const channels = orderer === undefined ? channelsOf(topology, organisation) : topology.channels;
  const goals = await status(folder);
  await untilDone(async () => {
    const own = (await status(folder)).find((each) => each.node.host === node.host);
    for (const { name } of channels) {
      const goal = Math.max(...goals.map(({ heights }) => heights.get(name) ?? 0));
      if ((own?.heights.get(name) ?? 0) >= goal) continue;
      throw new NetworkError('NOT_READY', `${node.host} has not all blocks of ${name} yet`);
    }
  });
}
