import { join } from 'node:path';
import { hostOf, type Channel, type Orderer, type Organisation, type Peer } from './topology.js';

/** Where a network's files and nodes are, for whoever uses a setting: this machine, or a container. */
export interface Place {
  /** The data folder. */
  readonly folder: string;
  /** What nodes listen on. */
  readonly bind: string;
  /** Under what name or address a host is reached. */
  readonly reach: (host: string) => string;
  /** Words before a node's own command, such as those that enter a network namespace. */
  readonly enter?: (host: string) => readonly string[];
}

/** Everything on this machine, and reachable from nowhere else. */
export function native(folder: string): Place {
  return { folder, bind: LOOPBACK, reach: () => LOOPBACK };
}

/** Every node in a container of its own, named like its host; what it may see of the folder is mounted there. */
export const CONTAINERS: Place = { folder: '/network', bind: '0.0.0.0', reach: (host) => host };

export const LOOPBACK = '127.0.0.1';

/** `host:port` at which others reach what a node, or a chaincode, listens on. */
export function addressOf(
  place: Place,
  organisation: Organisation,
  node: { readonly name: string; readonly ports: { readonly listen: number } },
): string {
  return `${place.reach(hostOf(organisation, node))}:${node.ports.listen}`;
}

/** A certificate and its key, in PEM files. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** As cryptogen lays it out. */
const cryptoFolder = ({ folder }: Place) => join(folder, 'crypto');

const peerOrganisation = (place: Place, { domain }: Organisation) =>
  join(cryptoFolder(place), 'peerOrganizations', domain);

const ordererOrganisation = (place: Place, { domain }: Organisation) =>
  join(cryptoFolder(place), 'ordererOrganizations', domain);

const chaincodesFolder = ({ folder }: Place, { name }: Organisation) => join(folder, 'chaincodes', name);

const channelsFolder = ({ folder }: Place) => join(folder, 'channels');

const connectionsFolder = ({ folder }: Place) => join(folder, 'connections');

export const files = {
  crypto: cryptoFolder,
  peerOrganisation,
  /** The organisation's definition, without secrets. */
  msp: (place: Place, organisation: Organisation) => join(peerOrganisation(place, organisation), 'msp'),
  root: (place: Place, organisation: Organisation) =>
    join(peerOrganisation(place, organisation), 'ca', `${caHost(organisation, 'ca')}-cert.pem`),
  tlsRoot: (place: Place, organisation: Organisation) =>
    join(peerOrganisation(place, organisation), 'tlsca', `${caHost(organisation, 'tlsca')}-cert.pem`),
  peer: (place: Place, organisation: Organisation, peer: Peer) =>
    join(peerOrganisation(place, organisation), 'peers', hostOf(organisation, peer)),
  orderer: (place: Place, organisation: Organisation, orderer: Orderer) =>
    join(ordererOrganisation(place, organisation), 'orderers', hostOf(organisation, orderer)),
  user: (place: Place, organisation: Organisation, user: User) =>
    join(peerOrganisation(place, organisation), 'users', userName(organisation, user)),
  /** Of nodes: core.yaml and orderer.yaml. */
  config: ({ folder }: Place) => join(folder, 'config'),
  channels: channelsFolder,
  block: (place: Place, { name }: Channel) => join(channelsFolder(place), `${name}.block`),
  /** What a node keeps: its ledger. */
  node: ({ folder }: Place, host: string) => join(folder, 'nodes', host),
  chaincodes: chaincodesFolder,
  /** Of one organisation: the two ends of the link between its peers and its chaincode, and the package. */
  chaincode: (place: Place, organisation: Organisation, chaincode: string) =>
    join(chaincodesFolder(place, organisation), chaincode),
  connections: connectionsFolder,
  connection: (place: Place, { name }: Organisation) => join(connectionsFolder(place), `${name}.json`),
  /** Of a channel: its trust bundle. */
  trust: ({ folder }: Place, channel: string) => join(folder, 'trust', `${channel}.json`),
  /** In trials, a regulator's key for trust bundles; real ones are kept offline. */
  trustKey: ({ folder }: Place, { name }: Organisation) => join(folder, 'trust', `${name}.pem`),
  log: ({ folder }: Place, host: string) => join(folder, 'logs', `${host}.log`),
  process: ({ folder }: Place, host: string) => join(folder, 'processes', `${host}.json`),
};

/** Which of an organisation's two authorities: for identities, and for TLS. */
export type CaKind = 'ca' | 'tlsca';

export const caHost = ({ domain }: Organisation, kind: CaKind) => `${kind}.${domain}`;

/** `Admin` decides for its organisation, `User1` submits and reads. */
export type User = 'Admin' | 'User1';

export const userName = ({ domain }: Organisation, user: User) => `${user}@${domain}`;

/** What a node or a user signs with, in an MSP folder of cryptogen's. */
export function identityIn(folder: string, name: string): KeyPair {
  return {
    certificate: join(folder, 'msp', 'signcerts', `${name}-cert.pem`),
    key: join(folder, 'msp', 'keystore', 'priv_sk'),
  };
}

export function serverTlsIn(folder: string): KeyPair {
  return { certificate: join(folder, 'tls', 'server.crt'), key: join(folder, 'tls', 'server.key') };
}

export function clientTlsIn(folder: string): KeyPair {
  return { certificate: join(folder, 'tls', 'client.crt'), key: join(folder, 'tls', 'client.key') };
}

/** The two self-signed ends of a chaincode's link; each is the other's only root. */
export function chaincodeLinkIn(folder: string): { readonly server: KeyPair; readonly peer: KeyPair } {
  const end = (name: string): KeyPair => ({
    certificate: join(folder, `${name}.crt`),
    key: join(folder, `${name}.key`),
  });
  return { server: end('server'), peer: end('peer') };
}

export const packageIn = (folder: string) => join(folder, 'package.tar.gz');

/** What peers call it. */
export const packageIdIn = (folder: string) => join(folder, 'package.id');
