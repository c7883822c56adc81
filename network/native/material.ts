import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { linkEnd } from '../chaincode-link.js';
import { chaincodePackage, labelOf, type ChaincodePackage } from '../chaincode-package.js';
import { configtx } from '../derive/configtx.js';
import { cryptoConfig } from '../derive/crypto-config.js';
import { connectionSettings } from '../derive/connection.js';
import { peerConfiguration } from '../derive/node-environment.js';
import { addressOf, chaincodeLinkIn, files, packageIdIn, packageIn, type Place } from '../layout.js';
import { hostOf, serverOf, type ChaincodeServer, type Organisation, type Topology } from '../topology.js';
import type { Fabric } from './fabric.js';
import { run } from './run.js';

/**
 * Files that a network is made of. Each is made once: under another name first, so that what is there is whole, also
 * after a crash.
 */

/** Certificates and keys of everybody, for trials: whoever runs this holds the keys of all organisations. */
export async function makeCrypto(topology: Topology, fabric: Fabric, place: Place): Promise<void> {
  await once(files.crypto(place), async (folder) => {
    const config = cryptoConfig(topology);
    await mkdir(folder, { recursive: true });
    const [peers, orderers] = [join(folder, 'peers.yaml'), join(folder, 'orderers.yaml')];
    await Promise.all([writeFile(peers, config.peers), writeFile(orderers, config.orderers)]);
    await run(fabric.programs.cryptogen, ['generate', `--config=${peers}`, `--output=${folder}`], {});
    // `extend` certifies with the authorities that it finds.
    for (const organisation of topology.organisations.filter((each) => each.orderers.length > 0)) {
      for (const part of ['ca', 'tlsca', 'msp']) {
        const from = join(folder, 'peerOrganizations', organisation.domain, part);
        await cp(from, join(folder, 'ordererOrganizations', organisation.domain, part), { recursive: true });
      }
    }
    await run(fabric.programs.cryptogen, ['extend', `--config=${orderers}`, `--input=${folder}`], {});
  });
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

/** What the nodes read beside their environment; made anew at every start, from the release as it is then. */
export async function makeConfiguration(fabric: Fabric, place: Place): Promise<string> {
  const folder = files.config(place);
  await mkdir(folder, { recursive: true });
  const released = await readFile(join(fabric.config, 'core.yaml'), 'utf8');
  await writeFile(join(folder, 'core.yaml'), peerConfiguration(released, fabric.builder));
  await cp(join(fabric.config, 'orderer.yaml'), join(folder, 'orderer.yaml'));
  return folder;
}

/** What peers call the package of an organisation's chaincode; empty where there is none. */
export type PackageOf = (organisation: Organisation, chaincode: string) => string;

/** The packages of the channels' chaincodes, for these organisations. */
export async function makePackages(
  { channels }: Topology,
  organisations: readonly Organisation[],
  place: Place,
): Promise<PackageOf> {
  const ids = new Map<string, string>();
  for (const { chaincode } of channels) {
    if (chaincode === undefined) continue;
    for (const organisation of organisations) {
      const server = serverOf(organisation, chaincode.name);
      if (server === undefined) continue;
      const { id } = await makePackage(organisation, server, labelOf(chaincode), place);
      ids.set(`${organisation.name}/${chaincode.name}`, id);
    }
  }
  return (organisation, chaincode) => ids.get(`${organisation.name}/${chaincode}`) ?? '';
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

async function once(path: string, make: (unfinished: string) => Promise<unknown>): Promise<void> {
  if (existsSync(path)) return;
  const unfinished = `${path}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(path), { recursive: true });
  await make(unfinished);
  await rename(unfinished, path);
}
