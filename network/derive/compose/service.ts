import { CONTAINERS, files } from '../../layout.js';
import { hostOf, type Organisation, type Topology } from '../../topology.js';
import {
  after,
  answers200,
  built,
  command,
  envFile,
  guarded,
  healthy,
  hostIn,
  IMAGES,
  mount,
  NETWORKS,
  publicParts,
  SECRETS,
  step,
  STEPS,
  TMP,
  type Service,
} from './document.js';

/** What an issuing organisation runs beside the ledger: copies of the service, a database, document stores, balancer. */

/** On the ledger that the service anchors on. */
const CHANNEL = 'records';
const PORT = 8080;
/** In HAProxy's container only. */
const BALANCER_HEALTH_PORT = 8081;
/** Every document is held by each of these. */
const STORES = ['1', '2'] as const;
/** Of the REST API of IPFS Cluster. */
const CLUSTER_PORT = 9094;

export function issuersOf({ organisations }: Topology): readonly Organisation[] {
  return organisations.filter(({ services }) => services !== undefined);
}

export function issuingServices(topology: Topology, context: string): readonly [string, Service][] {
  const issuers = issuersOf(topology);
  const services = issuers.flatMap((each, at) => [
    postgres(each),
    ...STORES.flatMap((store) => [kubo(each, store), cluster(each, store)]),
    ...copiesOf(each).map((copy) => service(topology, each, copy, context)),
    balancer(each, PORT + at),
  ]);
  return issuers.length > 0 ? [trust(topology, context), ...services] : services;
}

const TRUST = `${CONTAINERS.folder}/trust`;

/** For trials: the bundle that the regulators would sign with keys that they keep offline. */
function trust(topology: Topology, context: string): [string, Service] {
  const args = ['--data', CONTAINERS.folder, '--channel', CHANNEL, '--host', PORTAL_HOST];
  return [
    STEPS.trust,
    step({
      ...command(context, ['trust', 'make', ...args]),
      volumes: [...publicParts(topology), mount(TRUST, 'rw')],
      network_mode: 'none',
      depends_on: after('service_completed_successfully', topology.organisations.map(STEPS.prepare)),
    }),
  ];
}

/** Printed on paper for ever: set both before the first real document is issued. */
const PORTAL_HOST = '${SPONDON_PORTAL_HOST:-localhost:8080}';
const PORTAL_URL = '${SPONDON_PORTAL_URL:-http://localhost:8080}';

const DATABASE = 'spondon';

/** For the service; the password is no part of the compose file. */
export function databaseUrl(organisation: Organisation, password: string): string {
  return `postgres://${DATABASE}:${password}@${hostIn(organisation, 'postgres')}/${DATABASE}`;
}

function postgres(organisation: Organisation): [string, Service] {
  const host = hostIn(organisation, 'postgres');
  const secret = SECRETS.postgres(organisation);
  return [
    host,
    guarded(
      { mem_limit: '1g', cpus: 2, pids_limit: 256 },
      {
        image: IMAGES.postgres,
        // `postgres` of the image, who owns a new volume that is mounted there.
        user: '999:999',
        environment: {
          POSTGRES_USER: DATABASE,
          POSTGRES_DB: DATABASE,
          POSTGRES_PASSWORD_FILE: `/run/secrets/${secret}`,
          POSTGRES_INITDB_ARGS: '--auth-host=scram-sha-256 --data-checksums',
        },
        secrets: [secret],
        volumes: [`${host}:/var/lib/postgresql/data`],
        tmpfs: [...TMP, '/var/run/postgresql:uid=999,gid=999,mode=0775'],
        networks: [NETWORKS.data(organisation)],
        healthcheck: healthy(['CMD', 'pg_isready', '-U', DATABASE, '-d', DATABASE]),
        stop_grace_period: '60s',
      },
    ),
  ];
}

/** `ipfs` in the images of Kubo and IPFS Cluster, who owns a new volume that is mounted there. */
const IPFS_USER = '1000:100';

const kuboHost = (organisation: Organisation, store: string) => hostIn(organisation, `kubo${store}`);
const clusterHost = (organisation: Organisation, store: string) => hostIn(organisation, `cluster${store}`);

function kubo(organisation: Organisation, store: string): [string, Service] {
  const host = kuboHost(organisation, store);
  const secret = SECRETS.swarm(organisation);
  return [
    host,
    guarded(
      { mem_limit: '1g', cpus: 1, pids_limit: 256 },
      {
        image: IMAGES.kubo,
        user: IPFS_USER,
        environment: {
          // It does not start without the key of the private network.
          LIBP2P_FORCE_PNET: '1',
          IPFS_SWARM_KEY_FILE: `/run/secrets/${secret}`,
        },
        secrets: [secret],
        configs: [{ source: 'kubo', target: '/container-init.d/private.sh' }],
        volumes: [`${host}:/data/ipfs`],
        tmpfs: TMP,
        networks: [NETWORKS.data(organisation)],
        healthcheck: healthy(['CMD', 'ipfs', '--api=/ip4/127.0.0.1/tcp/5001', 'diag', 'healthy']),
        stop_grace_period: '60s',
      },
    ),
  ];
}

function cluster(organisation: Organisation, store: string): [string, Service] {
  const host = clusterHost(organisation, store);
  const rpc = `/dns4/${kuboHost(organisation, store)}/tcp/5001`;
  return [
    host,
    guarded(
      { mem_limit: '512m', cpus: 1, pids_limit: 256 },
      {
        image: IMAGES.cluster,
        user: IPFS_USER,
        env_file: [envFile(SECRETS.clusterEnv(organisation))],
        environment: {
          CLUSTER_PEERNAME: host,
          CLUSTER_CRDT_CLUSTERNAME: organisation.name,
          CLUSTER_CRDT_TRUSTEDPEERS: '*',
          CLUSTER_IPFSHTTP_NODEMULTIADDRESS: rpc,
          // Every store holds everything: one that was away fetches what it missed by itself.
          CLUSTER_REPLICATIONFACTORMIN: '-1',
          CLUSTER_REPLICATIONFACTORMAX: '-1',
          CLUSTER_MONITORPINGINTERVAL: '5s',
          CLUSTER_PINRECOVERINTERVAL: '5m',
          // One that was away hears soon of what was asked for meanwhile.
          CLUSTER_CRDT_REBROADCASTINTERVAL: '10s',
          // By default nobody but the container itself could ask.
          CLUSTER_RESTAPI_HTTPLISTENMULTIADDRESS: `/ip4/0.0.0.0/tcp/${CLUSTER_PORT}`,
        },
        volumes: [`${host}:/data/ipfs-cluster`],
        tmpfs: TMP,
        networks: [NETWORKS.data(organisation)],
        depends_on: after('service_healthy', [kuboHost(organisation, store)]),
        healthcheck: healthy(['CMD', 'ipfs-cluster-ctl', 'id']),
        stop_grace_period: '30s',
      },
    ),
  ];
}

/** `service1`, `service2`, … */
function copiesOf({ services = 0 }: Organisation): readonly { readonly name: string }[] {
  return Array.from({ length: services }, (_, at) => ({ name: `service${at + 1}` }));
}

function service(
  topology: Topology,
  organisation: Organisation,
  copy: { readonly name: string },
  context: string,
): [string, Service] {
  const host = hostOf(organisation, copy);
  const stores = STORES.map((store) => kuboHost(organisation, store));
  return [
    host,
    guarded(
      { mem_limit: '2g', cpus: 2, pids_limit: 256 },
      {
        ...built('service', context),
        init: true,
        env_file: [envFile(SECRETS.serviceEnv(organisation))],
        environment: {
          SPONDON_PORTAL_URL: PORTAL_URL,
          SPONDON_SAMPLES: 'false',
          SPONDON_LEDGER: 'fabric',
          SPONDON_FABRIC: files.connection(CONTAINERS, organisation),
          SPONDON_TRUST_BUNDLE: `${TRUST}/${CHANNEL}.json`,
          // Kubo's own RPC: IPFS Cluster's proxy says 'pinned' before the blocks are there.
          SPONDON_KUBO: stores.map((store) => `http://${store}:5001`).join(','),
          SPONDON_IPFS_CLUSTER: STORES.map(
            (store) => `http://${clusterHost(organisation, store)}:${CLUSTER_PORT}`,
          ).join(','),
          SPONDON_IPFS_COPIES: String(STORES.length),
          SPONDON_TRUST_PROXY: frontSubnet(topology, organisation),
        },
        volumes: [
          `${host}:/data`,
          ...publicParts(topology),
          mount(files.user(CONTAINERS, organisation, 'User1'), 'ro'),
          mount(files.connections(CONTAINERS), 'ro'),
          mount(TRUST, 'ro'),
        ],
        tmpfs: ['/tmp:size=256m,mode=1777,noexec,nosuid,nodev'],
        networks: [
          NETWORKS.front(organisation),
          NETWORKS.data(organisation),
          NETWORKS.own(organisation),
          NETWORKS.peers,
        ],
        depends_on: {
          ...after('service_completed_successfully', [STEPS.deploy, STEPS.trust]),
          ...after('service_healthy', [hostIn(organisation, 'postgres'), ...stores]),
        },
        healthcheck: healthy(['CMD', 'node', 'scripts/health-check.mjs']),
        // What was accepted is finished before it stops.
        stop_grace_period: '60s',
      },
    ),
  ];
}

/** Of a balancer and its services. Stated, because the services believe whoever is in it about visitors' addresses. */
export function frontSubnet(topology: Topology, organisation: Organisation): string {
  return `172.31.83.${16 * issuersOf(topology).indexOf(organisation)}/28`;
}

function balancer(organisation: Organisation, port: number): [string, Service] {
  return [
    hostIn(organisation, 'balancer'),
    guarded(
      { mem_limit: '256m', cpus: 1, pids_limit: 64 },
      {
        image: IMAGES.balancer,
        configs: [{ source: balancerConfig(organisation), target: '/usr/local/etc/haproxy/haproxy.cfg' }],
        tmpfs: TMP,
        // This machine only: put a proxy with TLS in front of it.
        ports: [`127.0.0.1:${port}:${PORT}`],
        networks: [NETWORKS.front(organisation)],
        depends_on: after(
          'service_healthy',
          copiesOf(organisation).map((copy) => hostOf(organisation, copy)),
        ),
        healthcheck: answers200(BALANCER_HEALTH_PORT, '/alive'),
        stop_grace_period: '30s',
      },
    ),
  ];
}

export const balancerConfig = ({ name }: Organisation) => `${name}.balancer.cfg`;

/** haproxy.cfg. Requests are not logged: their paths name documents. */
export function balancerConfiguration(organisation: Organisation): string {
  const copies = copiesOf(organisation).map((copy) => ({
    name: copy.name,
    address: `${hostOf(organisation, copy)}:${PORT}`,
  }));
  const servers = copies.map(({ name, address }) => `  server ${name} ${address}`);
  const anyway = copies.map(({ name, address }) => `  server ${name}-anyway ${address} no-check backup`);
  return `global
  log stdout format raw local0 notice
  maxconn 4096

resolvers docker
  nameserver dns 127.0.0.11:53

defaults
  mode http
  log global
  timeout connect 5s
  timeout http-request 30s
  timeout client 60s
  timeout server 120s
  timeout check 5s
  # What no copy has begun to answer goes to another one.
  retries 2
  option redispatch

frontend portal
  bind :${PORT}
  # A proxy with TLS in front names the visitor; without one, the connection does.
  option forwardfor if-none
  default_backend services

backend services
  balance leastconn
  option httpchk GET /health/ready
  default-server check inter 5s fall 2 rise 1 resolvers docker init-addr libc,none
${servers.join('\n')}
  # When none is ready, as without PostgreSQL, each still tells of anchored documents what the ledger holds.
  option allbackups
${anyway.join('\n')}

frontend alive
  bind 127.0.0.1:${BALANCER_HEALTH_PORT}
  monitor-uri /alive
`;
}
