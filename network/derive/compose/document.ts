import { caHost, CONTAINERS, files, type CaKind } from '../../layout.js';
import type { Organisation, Topology } from '../../topology.js';

/** What we use of a compose file: https://compose-spec.io */
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal: true } | object>>;
  readonly volumes: Readonly<Record<string, object>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly configs: Readonly<Record<string, { readonly file: string }>>;
}

export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly profiles?: readonly string[];
  readonly init?: true;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: readonly string[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly secrets?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly networks?: readonly string[];
  readonly network_mode?: 'none';
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: Condition }>>;
  readonly healthcheck?: Healthcheck;
  readonly restart: 'unless-stopped' | 'no';
  readonly stop_grace_period?: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly ['ALL'];
  readonly cap_add?: readonly string[];
  readonly security_opt: readonly string[];
  readonly mem_limit: string;
  readonly cpus: number;
  readonly pids_limit: number;
  readonly logging: object;
}

export type Condition = 'service_healthy' | 'service_completed_successfully';

export interface Healthcheck {
  readonly test: readonly string[];
  readonly interval: string;
  readonly timeout: string;
  readonly start_period: string;
  readonly retries: number;
}

/** By version: digests could not be looked up where this was written. Pin them before anything real runs. */
export const IMAGES = {
  peer: ({ release }: Topology) => `hyperledger/fabric-peer:${release}`,
  orderer: ({ release }: Topology) => `hyperledger/fabric-orderer:${release}`,
  ca: 'hyperledger/fabric-ca:1.5.21',
  postgres: 'postgres:17.9-bookworm',
  kubo: 'ipfs/kubo:v0.42.0',
  cluster: 'ipfs/ipfs-cluster:v1.1.6',
  couchdb: 'couchdb:3.4.2',
  balancer: 'haproxy:3.2.4',
} as const;

/** Images of ours: stages of the Dockerfile. `service` is the one that the embedded deployment runs, too. */
export type Target = 'service' | 'chaincode' | 'network';

export function built(target: Target, context: string): Pick<Service, 'image' | 'build'> {
  const image = target === 'service' ? 'spondon:0.1.0' : `spondon-${target}:0.1.0`;
  return { image, build: { context, target } };
}

/** Who owns the network's volumes, and whom everything that uses them runs as: `node` of our images. */
export const OWNER = '1000:1000';

interface Limits {
  readonly mem_limit: string;
  readonly cpus: number;
  readonly pids_limit: number;
}

type Guard = 'cap_drop' | 'security_opt' | 'logging' | 'restart' | keyof Limits;

type Own = Omit<Service, Guard | 'read_only'> & { readonly read_only?: false };

/** Whatever it is, it cannot change its program, gain privileges, or take the machine. */
export function guarded(limits: Limits, service: Own): Service {
  return {
    read_only: true,
    ...service,
    restart: 'unless-stopped',
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
    ...limits,
    logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '5' } },
  };
}

/** Runs to its end, and again at the next `up`. */
export function step(service: Own): Service {
  return {
    ...guarded({ mem_limit: '512m', cpus: 1, pids_limit: 128 }, { tmpfs: TMP, ...service }),
    restart: 'no',
  };
}

/** A command of ours, in the image that has Fabric's programs; the description is the one that made this file. */
export function command(
  context: string,
  args: readonly string[],
): Pick<Service, 'image' | 'build' | 'init' | 'user' | 'command' | 'configs'> {
  return {
    ...built('network', context),
    init: true,
    user: OWNER,
    command: ['node', 'network/dist/cli.js', ...args],
    configs: [{ source: 'topology', target: `${CONTAINERS.folder}/topology.json` }],
  };
}

export const TMP = ['/tmp:size=64m,mode=1777,noexec,nosuid,nodev'];

/** For what opens many connections or starts slowly on a machine where all start at once. */
export function healthy(test: readonly string[]): Healthcheck {
  return { test, interval: '10s', timeout: '5s', start_period: '60s', retries: 6 };
}

/** With nothing but bash, which is all that the images of Fabric, CouchDB and HAProxy have in common. */
export function answers200(port: number, path: string): Healthcheck {
  const ask = `printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3`;
  const command = `exec 3<>/dev/tcp/127.0.0.1/${port} && ${ask} && head -n 1 <&3 | grep -q ' 200 '`;
  return healthy(['CMD', 'bash', '-c', command]);
}

/** For the images that have Node. */
export function answersOk(port: number, path: string): Healthcheck {
  const ask = `fetch('http://127.0.0.1:${port}${path}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;
  return healthy(['CMD', 'node', '-e', ask]);
}

export function after(
  condition: Condition,
  services: readonly string[],
): Readonly<Record<string, { readonly condition: Condition }>> {
  return Object.fromEntries(services.map((name) => [name, { condition }]));
}

/**
 * Mounts a folder of the network where it belongs, from the volume that is named after it. A node sees of the others
 * what is public, and no key but its own.
 */
export function mount(path: string, mode: 'ro' | 'rw'): string {
  return `${volumeOf(path)}:${path}:${mode}`;
}

const volumeOf = (path: string) =>
  path.replace(`${CONTAINERS.folder}/`, '').replaceAll(/[^a-zA-Z0-9._-]/g, '.');

/** Root certificates and definitions of all organisations. */
export function publicParts({ organisations }: Topology): readonly string[] {
  return organisations.map((each) => mount(publicPart(each), 'ro'));
}

export const publicPart = (organisation: Organisation) => files.peerOrganisation(CONTAINERS, organisation);

export const nodeFolder = (host: string) => files.node(CONTAINERS, host);

/** `what` belongs to the organisation and is no node of the ledger. */
export const hostIn = ({ domain }: Organisation, what: string) => `${what}.${domain}`;

export const authoritiesOf = (organisation: Organisation) =>
  (['ca', 'tlsca'] as const satisfies readonly CaKind[]).map((kind) => ({
    kind,
    host: caHost(organisation, kind),
  }));

/** Names of the steps' containers. */
export const STEPS = {
  volumes: 'volumes',
  genesis: 'genesis',
  deploy: 'deploy',
  trust: 'trust',
  prepare: (organisation: Organisation) => `prepare.${organisation.domain}`,
  join: (organisation: Organisation) => `join.${organisation.domain}`,
} as const;

/** Who meets where. */
export const NETWORKS = {
  /** Orderers, and the peers that read blocks. */
  ordering: 'ordering',
  /** Peers of all organisations, and clients that ask for endorsements. */
  peers: 'peers',
  /** What an organisation has to itself. */
  own: ({ name }: Organisation) => name,
  /** Its documents and database. */
  data: ({ name }: Organisation) => `${name}-data`,
  /** Its balancer and its services. */
  front: ({ name }: Organisation) => `${name}-front`,
} as const;

/** Files that `network secrets` makes, beside the compose file. */
export const SECRETS_FOLDER = 'secrets';
export const SECRETS = {
  ca: ({ name }: Organisation) => `${name}.ca`,
  postgres: ({ name }: Organisation) => `${name}.postgres`,
  swarm: ({ name }: Organisation) => `${name}.swarm.key`,
  clusterEnv: ({ name }: Organisation) => `${name}.cluster.env`,
  serviceEnv: ({ name }: Organisation) => `${name}.service.env`,
  couchdbEnv: ({ name }: Organisation) => `${name}.couchdb.env`,
} as const;

export const envFile = (secret: string) => `./${SECRETS_FOLDER}/${secret}`;
