import { CONTAINERS, files, packageIdIn } from '../../layout.js';
import {
  channelsOf,
  hostOf,
  regulatorsOf,
  serverOf,
  type Organisation,
  type Topology,
} from '../../topology.js';
import { CA_PORTS, caEnvironment, REGISTRAR } from '../ca-environment.js';
import { chaincodeEnvironment } from '../chaincode-environment.js';
import { ordererEnvironment, peerEnvironment } from '../node-environment.js';
import {
  after,
  answers200,
  answersOk,
  authoritiesOf,
  built,
  command,
  envFile,
  guarded,
  IMAGES,
  mount,
  NETWORKS,
  nodeFolder,
  OWNER,
  publicPart,
  publicParts,
  SECRETS,
  step,
  STEPS,
  TMP,
  type Service,
} from './document.js';

/** The ledger's network: authorities, orderers, peers, chaincodes, and the steps that bring them together. */
export function fabricServices(topology: Topology, context: string): readonly [string, Service][] {
  return [
    ...topology.organisations.flatMap((each) => [
      ...authorities(each),
      prepare(topology, each, context),
      ...orderers(topology, each),
      ...peers(topology, each),
      ...couchdbs(each),
      ...chaincodes(each, context),
      join(topology, each, context),
    ]),
    genesis(topology, context),
    deploy(topology, context),
  ];
}

function authorities(organisation: Organisation): [string, Service][] {
  return authoritiesOf(organisation).map(({ kind, host }) => [
    host,
    guarded(
      { mem_limit: '256m', cpus: 1, pids_limit: 128 },
      {
        image: IMAGES.ca,
        user: OWNER,
        command: [
          'sh',
          '-c',
          `export FABRIC_CA_SERVER_BOOT="${REGISTRAR}:$$(cat /run/secrets/${SECRETS.ca(organisation)})" && exec fabric-ca-server start`,
        ],
        environment: caEnvironment(organisation, kind, CA_PORTS, CONTAINERS),
        secrets: [SECRETS.ca(organisation)],
        volumes: [mount(publicPart(organisation), 'rw'), mount(nodeFolder(host), 'rw')],
        tmpfs: [...TMP, '/etc/hyperledger/fabric-ca-server'],
        networks: [NETWORKS.own(organisation)],
        depends_on: after('service_completed_successfully', [STEPS.volumes]),
        healthcheck: answers200(CA_PORTS.operations, '/healthz'),
      },
    ),
  ]);
}

function prepare(topology: Topology, organisation: Organisation, context: string): [string, Service] {
  const secret = SECRETS.ca(organisation);
  const args = ['--organisation', organisation.name, '--secret', `/run/secrets/${secret}`];
  return [
    STEPS.prepare(organisation),
    step({
      ...command(context, ['prepare', ...args]),
      secrets: [secret],
      volumes: [
        mount(publicPart(organisation), 'rw'),
        ...identitiesOf(organisation).map((folder) => mount(folder, 'rw')),
        mount(files.chaincodes(CONTAINERS, organisation), 'rw'),
        mount(files.connections(CONTAINERS), 'rw'),
      ],
      networks: [NETWORKS.own(organisation)],
      depends_on: after(
        'service_healthy',
        authoritiesOf(organisation).map(({ host }) => host),
      ),
    }),
  ];
}

function genesis(topology: Topology, context: string): [string, Service] {
  const consenters = topology.organisations.flatMap((each) =>
    each.orderers.map((orderer) => mount(files.orderer(CONTAINERS, each, orderer), 'ro')),
  );
  return [
    STEPS.genesis,
    step({
      ...command(context, ['genesis']),
      volumes: [...publicParts(topology), ...consenters, mount(CHANNELS, 'rw'), mount(CONFIG, 'rw')],
      network_mode: 'none',
      depends_on: after('service_completed_successfully', topology.organisations.map(STEPS.prepare)),
    }),
  ];
}

function orderers(topology: Topology, organisation: Organisation): [string, Service][] {
  return organisation.orderers.map((orderer) => {
    const host = hostOf(organisation, orderer);
    return [
      host,
      node(topology, host, files.orderer(CONTAINERS, organisation, orderer), {
        image: IMAGES.orderer(topology),
        environment: ordererEnvironment(topology, organisation, orderer, CONTAINERS),
        networks: [NETWORKS.ordering],
        healthcheck: answers200(orderer.ports.operations, '/healthz'),
      }),
    ];
  });
}

function peers(topology: Topology, organisation: Organisation): [string, Service][] {
  return organisation.peers.map((peer) => {
    const host = hostOf(organisation, peer);
    return [
      host,
      node(topology, host, files.peer(CONTAINERS, organisation, peer), {
        image: IMAGES.peer(topology),
        environment: {
          ...peerEnvironment(topology, organisation, peer, CONTAINERS),
          // With profile `couchdb` only; the address means nothing to LevelDB.
          CORE_LEDGER_STATE_STATEDATABASE: '${SPONDON_STATE_DATABASE:-goleveldb}',
          CORE_LEDGER_STATE_COUCHDBCONFIG_COUCHDBADDRESS: `couchdb.${host}:5984`,
        },
        env_file: [envFile(SECRETS.couchdbEnv(organisation))],
        networks: [NETWORKS.ordering, NETWORKS.peers, NETWORKS.own(organisation)],
        healthcheck: answers200(peer.ports.operations, '/healthz'),
      }),
    ];
  });
}

type OfNode = Pick<Service, 'image' | 'environment' | 'env_file' | 'networks' | 'healthcheck'>;

function node(topology: Topology, host: string, identity: string, own: OfNode): Service {
  return guarded(
    { mem_limit: '2g', cpus: 2, pids_limit: 512 },
    {
      ...own,
      user: OWNER,
      environment: { FABRIC_CFG_PATH: CONFIG, ...own.environment },
      volumes: [
        ...publicParts(topology),
        mount(identity, 'ro'),
        mount(CONFIG, 'ro'),
        mount(nodeFolder(host), 'rw'),
      ],
      // The images declare volumes for the last two, which would be left behind without a name.
      tmpfs: [...TMP, '/etc/hyperledger/fabric', '/var/hyperledger'],
      depends_on: after('service_completed_successfully', [STEPS.genesis]),
      stop_grace_period: '30s',
    },
  );
}

function couchdbs(organisation: Organisation): [string, Service][] {
  return organisation.peers.map((peer) => {
    const host = `couchdb.${hostOf(organisation, peer)}`;
    const service = guarded(
      { mem_limit: '2g', cpus: 1, pids_limit: 512 },
      {
        image: IMAGES.couchdb,
        // It writes its administrator into its configuration at every start.
        read_only: false,
        profiles: ['couchdb'],
        user: '5984:5984',
        env_file: [envFile(SECRETS.couchdbEnv(organisation))],
        volumes: [`${host}:/opt/couchdb/data`],
        networks: [NETWORKS.own(organisation)],
        healthcheck: answers200(5984, '/_up'),
      },
    );
    return [host, service];
  });
}

function chaincodes(organisation: Organisation, context: string): [string, Service][] {
  return organisation.chaincodes.map((server) => {
    const folder = files.chaincode(CONTAINERS, organisation, server.name);
    const id = { file: packageIdIn(folder) };
    return [
      hostOf(organisation, server),
      guarded(
        { mem_limit: '512m', cpus: 1, pids_limit: 128 },
        {
          ...built('chaincode', context),
          init: true,
          user: OWNER,
          environment: chaincodeEnvironment(organisation, server, id, CONTAINERS),
          volumes: [mount(files.chaincodes(CONTAINERS, organisation), 'ro')],
          tmpfs: TMP,
          networks: [NETWORKS.own(organisation)],
          depends_on: after('service_completed_successfully', [STEPS.prepare(organisation)]),
          healthcheck: answersOk(server.ports.health, '/health'),
        },
      ),
    ];
  });
}

function join(topology: Topology, organisation: Organisation, context: string): [string, Service] {
  return [
    STEPS.join(organisation),
    step({
      ...command(context, ['join', '--organisation', organisation.name]),
      volumes: [
        ...publicParts(topology),
        mount(files.user(CONTAINERS, organisation, 'Admin'), 'ro'),
        mount(CHANNELS, 'ro'),
        mount(CONFIG, 'ro'),
        mount(files.chaincodes(CONTAINERS, organisation), 'rw'),
      ],
      networks: [NETWORKS.ordering, NETWORKS.own(organisation)],
      depends_on: after('service_healthy', [
        ...[...organisation.orderers, ...organisation.peers].map((each) => hostOf(organisation, each)),
        ...firstOrderer(topology),
      ]),
    }),
  ];
}

function deploy(topology: Topology, context: string): [string, Service] {
  const [first] = regulatorsOf(topology);
  if (first === undefined) throw new TypeError('there is no regulator');
  const servers = regulatorsOf(topology).flatMap((each) =>
    channelsOf(topology, each).flatMap(({ chaincode }) => {
      const server = chaincode && serverOf(each, chaincode);
      return server ? [hostOf(each, server)] : [];
    }),
  );
  return [
    STEPS.deploy,
    step({
      ...command(context, ['deploy']),
      volumes: [
        ...publicParts(topology),
        mount(files.user(CONTAINERS, first, 'Admin'), 'ro'),
        mount(files.user(CONTAINERS, first, 'User1'), 'ro'),
        mount(CONFIG, 'ro'),
      ],
      networks: [NETWORKS.ordering, NETWORKS.peers, NETWORKS.own(first)],
      depends_on: {
        ...after('service_completed_successfully', topology.organisations.map(STEPS.join)),
        ...after('service_healthy', servers),
      },
    }),
  ];
}

/** The one that approvals are sent to. */
function firstOrderer({ organisations }: Topology): readonly string[] {
  const owner = organisations.find(({ orderers }) => orderers.length > 0);
  const [orderer] = owner?.orderers ?? [];
  return owner && orderer ? [hostOf(owner, orderer)] : [];
}

function identitiesOf(organisation: Organisation): readonly string[] {
  return [
    ...organisation.orderers.map((each) => files.orderer(CONTAINERS, organisation, each)),
    ...organisation.peers.map((each) => files.peer(CONTAINERS, organisation, each)),
    files.user(CONTAINERS, organisation, 'Admin'),
    files.user(CONTAINERS, organisation, 'User1'),
  ];
}

const CONFIG = files.config(CONTAINERS);
const CHANNELS = files.channels(CONTAINERS);
