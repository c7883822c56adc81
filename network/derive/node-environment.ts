import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { addressOf, clientTlsIn, files, serverTlsIn, type Place } from '../layout.js';
import { hostOf, type Orderer, type Organisation, type Peer, type Topology } from '../topology.js';

/**
 * Settings of nodes, over the core.yaml and orderer.yaml that Fabric's release brings: the same natively and in
 * containers, but for places.
 */
export type Environment = Readonly<Record<string, string>>;

export function peerEnvironment(
  topology: Topology,
  organisation: Organisation,
  peer: Peer,
  place: Place,
): Environment {
  const host = hostOf(organisation, peer);
  const folder = files.peer(place, organisation, peer);
  const tls = serverTlsIn(folder);
  const address = addressOf(place, organisation, peer);
  const other = organisation.peers.find((each) => each !== peer) ?? peer;
  return {
    FABRIC_LOGGING_SPEC: 'info:grpc=warn',
    CORE_PEER_ID: host,
    CORE_PEER_NETWORKID: 'spondon',
    CORE_PEER_LISTENADDRESS: `${place.bind}:${peer.ports.listen}`,
    CORE_PEER_ADDRESS: address,
    CORE_PEER_CHAINCODELISTENADDRESS: `${place.bind}:${peer.ports.chaincode}`,
    CORE_PEER_GOSSIP_ENDPOINT: address,
    CORE_PEER_GOSSIP_EXTERNALENDPOINT: address,
    CORE_PEER_GOSSIP_BOOTSTRAP: addressOf(place, organisation, other),
    // A peer that did not answer is tried again after this; before, nobody asks it for endorsements.
    CORE_PEER_GOSSIP_RECONNECTINTERVAL: '5s',
    CORE_PEER_LOCALMSPID: organisation.mspId,
    CORE_PEER_MSPCONFIGPATH: join(folder, 'msp'),
    CORE_PEER_FILESYSTEMPATH: files.node(place, host),
    CORE_LEDGER_SNAPSHOTS_ROOTDIR: join(files.node(place, host), 'snapshots'),
    CORE_PEER_TLS_ENABLED: 'true',
    CORE_PEER_TLS_CLIENTAUTHREQUIRED: 'true',
    CORE_PEER_TLS_CERT_FILE: tls.certificate,
    CORE_PEER_TLS_KEY_FILE: tls.key,
    CORE_PEER_TLS_CLIENTCERT_FILE: tls.certificate,
    CORE_PEER_TLS_CLIENTKEY_FILE: tls.key,
    CORE_PEER_TLS_ROOTCERT_FILE: files.tlsRoot(place, organisation),
    CORE_PEER_TLS_CLIENTROOTCAS_FILES: tlsRoots(topology, place).join(' '),
    // The orderers refuse a connection for a moment after their start; the default waits longer each time.
    CORE_PEER_DELIVERYCLIENT_RECONNECTBACKOFFTHRESHOLD: '5s',
    // The orderer that a peer has its blocks from may stand still with its connection open. When the others have told of a
    // block for so long, the peer takes it from one of them; 30 s otherwise.
    CORE_PEER_DELIVERYCLIENT_BLOCKCENSORSHIPTIMEOUTKEY: '1s',
    CORE_OPERATIONS_LISTENADDRESS: `${place.bind}:${peer.ports.operations}`,
    CORE_METRICS_PROVIDER: 'prometheus',
  };
}

export function ordererEnvironment(
  topology: Topology,
  organisation: Organisation,
  orderer: Orderer,
  place: Place,
): Environment {
  const host = hostOf(organisation, orderer);
  const folder = files.orderer(place, organisation, orderer);
  const tls = serverTlsIn(folder);
  const { listen, admin, operations } = orderer.ports;
  const kept = files.node(place, host);
  return {
    FABRIC_LOGGING_SPEC: 'info:grpc=warn',
    ORDERER_GENERAL_LISTENADDRESS: place.bind,
    ORDERER_GENERAL_LISTENPORT: String(listen),
    ORDERER_GENERAL_LOCALMSPID: organisation.mspId,
    ORDERER_GENERAL_LOCALMSPDIR: join(folder, 'msp'),
    ORDERER_GENERAL_TLS_ENABLED: 'true',
    ORDERER_GENERAL_TLS_CERTIFICATE: tls.certificate,
    ORDERER_GENERAL_TLS_PRIVATEKEY: tls.key,
    ORDERER_GENERAL_TLS_ROOTCAS: list([files.tlsRoot(place, organisation)]),
    ORDERER_GENERAL_TLS_CLIENTAUTHREQUIRED: 'true',
    ORDERER_GENERAL_TLS_CLIENTROOTCAS: list(tlsRoots(topology, place)),
    ORDERER_GENERAL_CLUSTER_CLIENTCERTIFICATE: tls.certificate,
    ORDERER_GENERAL_CLUSTER_CLIENTPRIVATEKEY: tls.key,
    // Fabric's own choice, `consensus`, asks for blocks without naming its certificate, which orderers that ask for one
    // refuse: whoever missed a block would never catch up. This one does, and verifies each block as well.
    ORDERER_GENERAL_CLUSTER_REPLICATIONPOLICY: 'simple',
    // Its own organisation alone joins an orderer to channels.
    ORDERER_ADMIN_LISTENADDRESS: `${place.bind}:${admin}`,
    ORDERER_ADMIN_TLS_ENABLED: 'true',
    ORDERER_ADMIN_TLS_CERTIFICATE: tls.certificate,
    ORDERER_ADMIN_TLS_PRIVATEKEY: tls.key,
    ORDERER_ADMIN_TLS_CLIENTAUTHREQUIRED: 'true',
    ORDERER_ADMIN_TLS_CLIENTROOTCAS: list([files.tlsRoot(place, organisation)]),
    ORDERER_CHANNELPARTICIPATION_ENABLED: 'true',
    ORDERER_FILELEDGER_LOCATION: join(kept, 'ledger'),
    ORDERER_CONSENSUS_WALDIR: join(kept, 'wal'),
    ORDERER_CONSENSUS_SNAPDIR: join(kept, 'snapshot'),
    ORDERER_OPERATIONS_LISTENADDRESS: `${place.bind}:${operations}`,
    ORDERER_METRICS_PROVIDER: 'prometheus',
  };
}

/** For `peer`, the command, when an organisation's administrator works on one of its peers. */
export function administratorEnvironment(organisation: Organisation, peer: Peer, place: Place): Environment {
  const folder = files.user(place, organisation, 'Admin');
  const tls = clientTlsIn(folder);
  return {
    FABRIC_LOGGING_SPEC: 'error',
    CORE_PEER_ADDRESS: addressOf(place, organisation, peer),
    CORE_PEER_LOCALMSPID: organisation.mspId,
    CORE_PEER_MSPCONFIGPATH: join(folder, 'msp'),
    CORE_PEER_TLS_ENABLED: 'true',
    CORE_PEER_TLS_CLIENTAUTHREQUIRED: 'true',
    CORE_PEER_TLS_ROOTCERT_FILE: files.tlsRoot(place, organisation),
    CORE_PEER_TLS_CLIENTCERT_FILE: tls.certificate,
    CORE_PEER_TLS_CLIENTKEY_FILE: tls.key,
  };
}

/** Everybody's: channels add what is missing, but a node must be reachable before it joined one. */
function tlsRoots({ organisations }: Topology, place: Place): readonly string[] {
  return organisations.map((each) => files.tlsRoot(place, each));
}

/**
 * The release's core.yaml as our peers take it. They start no chaincode themselves, so they need the builder for
 * chaincode as a service, which is in the release's folder `builders/ccaas`, and no Docker: as long as an endpoint is
 * set, a peer without Docker calls itself unhealthy, and no variable of the environment can empty it.
 */
export function peerConfiguration(released: string, builder: string): string {
  const document = parseDocument(released);
  document.setIn(['vm', 'endpoint'], '');
  document.setIn(['chaincode', 'externalBuilders'], document.createNode([{ name: 'ccaas', path: builder }]));
  return document.toString();
}

const list = (paths: readonly string[]) => `[${paths.join(',')}]`;
