import { addressOf, clientTlsIn, files, identityIn, userName, type KeyPair, type Place } from '../layout.js';
import {
  channelsOf,
  hostOf,
  membersOf,
  regulatorsOf,
  type Channel,
  type Organisation,
  type Topology,
} from '../topology.js';

/** What a client of one organisation needs to use the network. Files are named by absolute paths. */
export interface ConnectionSettings {
  readonly mspId: string;
  /** The client's own: signs its transactions. */
  readonly identity: KeyPair;
  /** Peers ask for a certificate of their clients, too. */
  readonly tls: KeyPair;
  /** One or more for each channel of the organisation. */
  readonly channels: Readonly<Record<string, ChannelSettings>>;
}

export interface ChannelSettings {
  /** Its chaincode; absent where there is none yet. */
  readonly chaincode?: string;
  /** MSPs that endorse whatever is written; a log's owner adds itself. Name them: the gateway guesses wrong. */
  readonly endorsers: readonly string[];
  /** Peers to go through, own ones first. */
  readonly gateways: readonly Gateway[];
  /** Peers of two other organisations, to compare blocks with. */
  readonly witnesses: readonly Gateway[];
  /** File of the channel's first block, which names the orderers whose signatures count. */
  readonly firstBlock: string;
  /** All members, and what certificates of their nodes and clients chain to. */
  readonly members: readonly Member[];
}

export interface Gateway {
  readonly mspId: string;
  /** `host:port` */
  readonly endpoint: string;
  /** The name in the peer's certificate: gRPC's `grpc.ssl_target_name_override`. */
  readonly serverName: string;
  readonly tlsRoot: string;
}

export interface Member {
  readonly mspId: string;
  readonly title: string;
  readonly role: Organisation['role'];
  readonly root: string;
}

export function connectionSettings(
  topology: Topology,
  organisation: Organisation,
  place: Place,
): ConnectionSettings {
  const folder = files.user(place, organisation, 'User1');
  const channels = channelsOf(topology, organisation).map((channel) => [
    channel.name,
    channelSettings(topology, organisation, channel, place),
  ]);
  return {
    mspId: organisation.mspId,
    identity: identityIn(folder, userName(organisation, 'User1')),
    tls: clientTlsIn(folder),
    channels: Object.fromEntries(channels) as ConnectionSettings['channels'],
  };
}

/** With ourselves three organisations, so that a regulator is compared with a facility, too. */
const WITNESSES = 2;

function channelSettings(
  topology: Topology,
  organisation: Organisation,
  channel: Channel,
  place: Place,
): ChannelSettings {
  const members = membersOf(topology, channel);
  // An organisation that has no peer that answers goes through a regulator's.
  const others = [...regulatorsOf(topology), ...members].filter((each) => each !== organisation);
  const ways = [organisation, ...regulatorsOf(topology).filter((each) => each !== organisation)];
  return {
    ...(channel.chaincode && { chaincode: channel.chaincode.name }),
    endorsers: regulatorsOf(topology).map(({ mspId }) => mspId),
    gateways: ways.flatMap((each) => gatewaysOf(each, place)),
    witnesses: [...new Set(others)]
      .slice(0, WITNESSES)
      .flatMap((each) => gatewaysOf({ ...each, peers: each.peers.slice(0, 1) }, place)),
    firstBlock: files.block(place, channel),
    members: members.map((each) => ({
      mspId: each.mspId,
      title: each.title,
      role: each.role,
      root: files.root(place, each),
    })),
  };
}

function gatewaysOf(organisation: Organisation, place: Place): readonly Gateway[] {
  return organisation.peers.map((peer) => ({
    mspId: organisation.mspId,
    endpoint: addressOf(place, organisation, peer),
    serverName: hostOf(organisation, peer),
    tlsRoot: files.tlsRoot(place, organisation),
  }));
}
