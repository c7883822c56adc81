import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { linkEnd } from '../chaincode-link.js';
import { chaincodePackage, labelOf, type ChaincodePackage } from '../chaincode-package.js';
import { configurationIn } from '../config/envelope.js';
import type { Group } from '../config/group.js';
import { applicationOf } from '../config/members.js';
import { configtx, MEMBER_PROFILE, memberConfigtx } from '../derive/configtx.js';
import { ordererCryptoConfig, peersCryptoConfig } from '../derive/crypto-config.js';
import { connectionSettings } from '../derive/connection.js';
import { peerConfiguration } from '../derive/node-environment.js';
import { addressOf, chaincodeLinkIn, files, packageIdIn, packageIn, type Place } from '../layout.js';
import { hostOf, type ChaincodeServer, type Organisation, type Topology } from '../topology.js';
import type { Fabric } from './fabric.js';
import { run } from './run.js';

/**
 * Files that a network is made of. Each is made once: under another name first, so that what is there is whole, also
 * after a crash.
 */

/** Certificates and keys of everybody, for trials: whoever runs this holds the keys of all organisations. */
export async function makeCrypto(topology: Topology, fabric: Fabric, place: Place): Promise<void> {
  await Promise.all(topology.organisations.map((each) => makeCryptoOf(each, fabric, place)));
}

export async function makeCryptoOf(organisation: Organisation, fabric: Fabric, place: Place): Promise<void> {
  const cryptogen = async (folder: string, command: readonly string[], config: string) => {
    const file = join(folder, 'cryptogen.yaml');
    await writeFile(file, config);
    await run(fabric.programs.cryptogen, [...command, `--config=${file}`], {});
  };
  const own = files.peerOrganisation(place, organisation);
  await once(own, async (folder) => {
    const made = await emptyFolder(`${folder}.cryptogen`);
    await cryptogen(made, ['generate', `--output=${made}`], peersCryptoConfig(organisation));
    await rename(join(made, 'peerOrganizations', organisation.domain), folder);
    await rm(made, { recursive: true });
  });
  for (const orderer of organisation.orderers) {
    await once(files.orderer(place, organisation, orderer), async (folder) => {
      const made = await emptyFolder(`${folder}.cryptogen`);
      const copy = join(made, 'ordererOrganizations', organisation.domain);
      // `extend` certifies with the authorities that it finds.
      for (const part of ['ca', 'tlsca', 'msp']) {
        await cp(join(own, part), join(copy, part), { recursive: true });
      }
      await cryptogen(made, ['extend', `--input=${made}`], ordererCryptoConfig(organisation, orderer));
      await rename(join(copy, 'orderers', hostOf(organisation, orderer)), folder);
      await rm(made, { recursive: true });
    });
  }
}

/** The first block of every channel. */
export async function makeBlocks(topology: Topology, fabric: Fabric, place: Place): Promise<void> {
  const folder = files.config(place);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'configtx.yaml'), configtx(topology, place));
  for (const channel of topology.channels) {
    await once(files.block(place, channel), (block) =>
      run(
        fabric.programs.configtxgen,
        ['-profile', channel.name, '-channelID', channel.name, '-outputBlock', block],
        { FABRIC_CFG_PATH: folder },
      ),
    );
  }
}

/**
 * An organisation as a channel's configuration has it: what a joining one sends to the members. No secrets are in it.
 */
export async function describeMember(
  organisation: Organisation,
  fabric: Fabric,
  place: Place,
): Promise<Group> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-member-'));
  try {
    await writeFile(join(folder, 'configtx.yaml'), memberConfigtx(organisation, place));
    const block = join(folder, 'block');
    const profile = ['-profile', MEMBER_PROFILE, '-channelID', 'description'];
    await run(fabric.programs.configtxgen, [...profile, '-outputBlock', block], { FABRIC_CFG_PATH: folder });
    const { group } = configurationIn(await readFile(block));
    const described = applicationOf(group).groups.get(organisation.mspId);
    if (described === undefined) throw new TypeError('configtxgen left the organisation out');
    return described;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What the nodes read beside their environment; made anew at every start, from the release as it is then. */
export async function makeConfiguration(fabric: Fabric, place: Place): Promise<string> {
  const folder = files.config(place);
  await mkdir(folder, { recursive: true });
  const released = await readFile(join(fabric.config, 'core.yaml'), 'utf8');
  await writeFile(join(folder, 'core.yaml'), peerConfiguration(released, fabric.builder));
  await cp(join(fabric.config, 'orderer.yaml'), join(folder, 'orderer.yaml'));
  return folder;
}

/** What peers call the package of an organisation's chaincode server; empty where there is none. */
export type PackageOf = (organisation: Organisation, server: string) => string;

/** The packages of all servers of the channels' chaincodes, for these organisations. */
export async function makePackages(
  { channels }: Topology,
  organisations: readonly Organisation[],
  place: Place,
): Promise<PackageOf> {
  const ids = new Map<string, string>();
  for (const { chaincode } of channels) {
    if (chaincode === undefined) continue;
    for (const organisation of organisations) {
      for (const server of organisation.chaincodes) {
        if ((server.chaincode ?? server.name) !== chaincode.name) continue;
        const label = labelOf({ name: chaincode.name, version: server.version ?? chaincode.version });
        const { id } = await makePackage(organisation, server, label, place);
        ids.set(`${organisation.name}/${server.name}`, id);
      }
    }
  }
  return (organisation, server) => ids.get(`${organisation.name}/${server}`) ?? '';
}

/** Certificates of a chaincode's link, and the package that tells the organisation's peers of it. */
async function makePackage(
  organisation: Organisation,
  server: ChaincodeServer,
  label: string,
  place: Place,
): Promise<ChaincodePackage> {
  const folder = files.chaincode(place, organisation, server.name);
  await once(folder, async (making) => {
    await mkdir(making, { recursive: true });
    const link = chaincodeLinkIn(making);
    for (const [name, { certificate, key }] of [
      [hostOf(organisation, server), link.server] as const,
      [`peers.${organisation.domain}`, link.peer] as const,
    ]) {
      const end = await linkEnd(name, new Date());
      await writeFile(certificate, end.certificate);
      await writeFile(key, end.key, { mode: 0o600 });
    }
  });
  const { server: serverEnd, peer } = chaincodeLinkIn(folder);
  const made = chaincodePackage(label, {
    address: addressOf(place, organisation, server),
    serverCertificate: await readFile(serverEnd.certificate, 'utf8'),
    peerCertificate: await readFile(peer.certificate, 'utf8'),
    peerKey: await readFile(peer.key, 'utf8'),
  });
  await writeFile(packageIn(folder), made.bytes, { mode: 0o600 });
  await writeFile(packageIdIn(folder), made.id);
  return made;
}

export async function writeConnections(topology: Topology, place: Place): Promise<void> {
  for (const organisation of topology.organisations) await writeConnection(topology, organisation, place);
}

export async function writeConnection(
  topology: Topology,
  organisation: Organisation,
  place: Place,
): Promise<void> {
  const file = files.connection(place, organisation);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(connectionSettings(topology, organisation, place), null, 2)}\n`);
}

async function emptyFolder(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

export async function once(path: string, make: (unfinished: string) => Promise<unknown>): Promise<void> {
  if (existsSync(path)) return;
  const unfinished = `${path}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(path), { recursive: true });
  await make(unfinished);
  await rename(unfinished, path);
}
