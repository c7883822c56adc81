import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { isHost } from '@spondon/protocol/trust/payload';
import { ServiceError } from './error.js';
import type { RpcAddress } from './ipfs/authorization.js';

/** What the command line takes as well, which shares these two settings with the service. */
export const DEFAULT_PORT = 8080;
export const DEFAULT_DATA_DIR = './data';

const port = z.coerce.number().int().min(0).max(65535);
const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const isNetwork = (text: string): boolean => {
  const [address = '', length = '0', ...rest] = text.split('/');
  const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  return rest.length === 0 && /^\d{1,3}$/.test(length) && Number(length) <= most;
};
/** What the trust bundle cannot name as a host, evidence could not be verified under. */
const isOrigin = (text: string): boolean =>
  /^https?:\/\/[^?#@]*$/i.test(text) &&
  URL.canParse(text) &&
  new URL(text).pathname === '/' &&
  isHost(new URL(text).host);
const credentials = z.string().regex(/^(?:bearer:[\x21-\x7e]+|basic:[^:\s]+:[\x21-\x7e]+)$/);
const origins = z.string().refine((text) => text.split(',').every((part) => isOrigin(part.trim())));
const origin = z
  .string()
  .refine(isOrigin)
  .transform((text) => (isOrigin(text) ? new URL(text).origin : text));

/** Every setting, with what it means and should look like: the one place that describes them. */
const SETTINGS = {
  SPONDON_HOST: z.string().min(1).default('127.0.0.1').describe('address to listen on, such as 0.0.0.0'),
  SPONDON_PORT: port
    .default(DEFAULT_PORT)
    .describe('port to listen on, 0 to 65535; 0 takes a free one and needs SPONDON_PORTAL_URL'),
  SPONDON_DATA_DIR: z
    .string()
    .min(1)
    .default(DEFAULT_DATA_DIR)
    .describe('folder that holds everything the service keeps'),
  SPONDON_PORTAL_URL: origin
    .optional()
    .describe(
      'origin printed on paper for ever and opened by QR codes, such as https://verify.example.gov.bd (letters, digits, dots and hyphens); ' +
        'without it http://localhost (with a certificate https://localhost) and the port, which opens on this machine only',
    ),
  SPONDON_TLS_CERT: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file with the certificate chain; needs SPONDON_TLS_KEY'),
  SPONDON_TLS_KEY: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file with the private key; needs SPONDON_TLS_CERT'),
  SPONDON_REPORT_CERT: z
    .string()
    .min(1)
    .optional()
    .describe(
      'PEM file with the certificate chain that reports are signed with; needs SPONDON_REPORT_KEY; without both, a key and ' +
        'a self-signed certificate are made at first start',
    ),
  SPONDON_REPORT_KEY: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file with its private key, P-256 or RSA; needs SPONDON_REPORT_CERT'),
  SPONDON_MASTER_KEY: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/)
    .optional()
    .describe(
      '32 bytes as base64url (43 characters); without it, a file <data>/master.key is made at first start',
    ),
  SPONDON_DATABASE_URL: z
    .string()
    .refine((text) => /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text))
    .optional()
    .describe(
      'PostgreSQL that copies of the service share, such as postgres://spondon:password@db.example.org/spondon; without it, ' +
        'an embedded database in the data folder',
    ),
  SPONDON_LOG_LEVEL: z
    .enum(['silent', 'error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('silent, error, warn, info or debug'),
  SPONDON_LEDGER: z
    .enum(['embedded', 'fabric'])
    .default('embedded')
    .describe(
      'embedded, the ledger in the data folder, or fabric, a channel of a Hyperledger Fabric network',
    ),
  SPONDON_FABRIC: z
    .string()
    .min(1)
    .optional()
    .describe(
      'JSON file with the connection settings of our organisation; needed with SPONDON_LEDGER=fabric',
    ),
  SPONDON_TRUST_BUNDLE: z
    .string()
    .min(1)
    .optional()
    .describe('file with the trust bundle that the regulators signed; needed with SPONDON_LEDGER=fabric'),
  SPONDON_KUBO: origins
    .optional()
    .describe(
      'RPC of the Kubo nodes that keep documents, such as http://127.0.0.1:5001; several with commas, the first preferred; ' +
        'without it documents are in the data folder',
    ),
  SPONDON_KUBO_AUTH: credentials
    .optional()
    .describe(
      'bearer:<token> or basic:<user>:<password>, as in API.Authorizations of the nodes; needs SPONDON_KUBO',
    ),
  SPONDON_IPFS_CLUSTER: origins
    .optional()
    .describe(
      'REST API of the peers of the IPFS Cluster that keeps copies on further nodes, such as http://127.0.0.1:9094; several ' +
        'with commas; needs SPONDON_KUBO',
    ),
  SPONDON_IPFS_CLUSTER_AUTH: credentials
    .optional()
    .describe(
      'basic:<user>:<password>, as in basic_auth_credentials of the peers, or bearer:<token>; needs SPONDON_IPFS_CLUSTER',
    ),
  SPONDON_IPFS_COPIES: count(1, 100)
    .optional()
    .describe(
      'nodes that should have each document, 2 by default: with fewer, health, metrics and fsck say so; needs ' +
        'SPONDON_IPFS_CLUSTER',
    ),
  SPONDON_SAMPLES: flag
    .default(true)
    .describe('true or false: whether a first start admits sample facilities and issues sample documents'),
  SPONDON_STAMP_THREADS: count(1, 64).default(2).describe('threads that stamp documents, 1 to 64'),
  SPONDON_READ_THREADS: count(1, 64).default(1).describe('threads that look for QR codes in files, 1 to 64'),
  SPONDON_MAX_QUEUE: count(1, 100_000_000)
    .default(200_000)
    .describe('statements waiting to be anchored above which new ones are answered 503'),
  SPONDON_MAX_UPLOADS: count(1, 10_000)
    .default(32)
    .describe(
      'files at once, each up to 25 MB in memory: so many being issued, so many being verified, so many being handed out',
    ),
  SPONDON_RATE_LIMIT: count(0, 1_000_000_000)
    .default(3000)
    .describe('public look-ups a minute for each address, 0 for no limit; a batch counts by its size'),
  SPONDON_TRUST_PROXY: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((parts) => parts.every(isNetwork))
    .optional()
    .describe(
      'proxies in front whose X-Forwarded-For is believed, so that limits count their clients: addresses or networks such as 127.0.0.1, 10.0.0.0/8',
    ),
} as const;

/** The command line's own, which may stand in the same environment. */
const OF_THE_COMMAND_LINE = new Set([
  'SPONDON_URL',
  'SPONDON_API_KEY',
  'SPONDON_OPERATOR_KEY',
  'SPONDON_NEW_MASTER_KEY',
]);

const schema = z.object(SETTINGS);

export type Settings = z.infer<typeof schema>;

/** Paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Paths of files that say where a Fabric network is, and whom to believe about it. */
export interface FabricFiles {
  readonly connection: string;
  readonly trustBundle: string;
}

/** Where documents are. */
export interface KuboSettings {
  readonly nodes: readonly RpcAddress[];
  /** The IPFS Cluster that makes copies; null: somebody else sees to them, or nobody. */
  readonly cluster: ClusterSettings | null;
}

export interface ClusterSettings {
  readonly peers: readonly RpcAddress[];
  /** Nodes that should have each document. */
  readonly copies: number;
}

/** What the whole service is told at start. Pure: reads nothing but `env`. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly portalUrl: string;
  readonly tls: CertificateFiles | null;
  /** What reports are signed with; null: with a key of the service's own. */
  readonly reportSigner: CertificateFiles | null;
  readonly masterKey: string | undefined;
  /** Of a PostgreSQL, with its password; null: the database is embedded. */
  readonly databaseUrl: string | null;
  readonly logLevel: Settings['SPONDON_LOG_LEVEL'];
  /** The network that the ledger is on; null: it is embedded. */
  readonly fabric: FabricFiles | null;
  /** The Kubo nodes that documents are on; null: they are in the data folder. */
  readonly kubo: KuboSettings | null;
  readonly samples: boolean;
  readonly stampThreads: number;
  readonly readThreads: number;
  readonly maxQueue: number;
  readonly maxUploads: number;
  readonly rateLimit: number;
  /** Addresses and networks of proxies whose word is taken for the visitor's address. */
  readonly trustProxy: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `CONFIG_INVALID`, naming each bad variable and what it should look like. */
export function readConfig(env: Environment): Config {
  const settings = readSettings(env);
  const unknown = Object.keys(env).filter((name) => name.startsWith('SPONDON_') && !isKnown(name));
  if (unknown.length > 0) throw invalid(unknown.map((name) => `${name} is no setting of this service`));
  const tls = pairOf(settings, 'SPONDON_TLS_CERT', 'SPONDON_TLS_KEY');
  return {
    host: settings.SPONDON_HOST,
    port: settings.SPONDON_PORT,
    dataDir: settings.SPONDON_DATA_DIR,
    portalUrl: settings.SPONDON_PORTAL_URL ?? localPortal(settings.SPONDON_PORT, tls !== null),
    tls,
    reportSigner: pairOf(settings, 'SPONDON_REPORT_CERT', 'SPONDON_REPORT_KEY'),
    masterKey: settings.SPONDON_MASTER_KEY,
    databaseUrl: settings.SPONDON_DATABASE_URL ?? null,
    logLevel: settings.SPONDON_LOG_LEVEL,
    fabric: fabricOf(settings),
    kubo: kuboOf(settings),
    samples: settings.SPONDON_SAMPLES,
    stampThreads: settings.SPONDON_STAMP_THREADS,
    readThreads: settings.SPONDON_READ_THREADS,
    maxQueue: settings.SPONDON_MAX_QUEUE,
    maxUploads: settings.SPONDON_MAX_UPLOADS,
    rateLimit: settings.SPONDON_RATE_LIMIT,
    trustProxy: settings.SPONDON_TRUST_PROXY ?? [],
  };
}

/** What of a deployment is not in its data folder; null where it is there. */
export type Elsewhere = Pick<Config, 'kubo' | 'fabric' | 'databaseUrl'>;

/** Of the service's own settings, for a command that works on the same data. Throws `CONFIG_INVALID`. */
export function elsewhereIn(env: Environment): Elsewhere {
  const { kubo, fabric, databaseUrl } = readConfig({ ...env, SPONDON_SAMPLES: 'false' });
  return { kubo, fabric, databaseUrl };
}

function readSettings(env: Environment): Settings {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => Object.hasOwn(SETTINGS, name) && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const names = new Set(parsed.error.issues.map(({ path }) => String(path[0])));
    throw invalid([...names].map((name) => `${name} must be: ${describe(name)}`));
  }
  return parsed.data;
}

/** Name, default and meaning of every setting, for `spondon help settings` and the operations page. */
export function describeSettings(): { name: string; default: string; meaning: string }[] {
  const defaults: Readonly<Record<string, string | number | boolean | string[] | undefined>> = schema.parse(
    {},
  );
  return Object.keys(SETTINGS).map((name) => ({
    name,
    default: String(defaults[name] ?? ''),
    meaning: describe(name),
  }));
}

/** Paper outlives a test set-up: what is printed must be reachable from elsewhere. */
export function isLoopback(portalUrl: string): boolean {
  const { hostname } = new URL(portalUrl);
  return (
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127\./.test(hostname) ||
    hostname.endsWith('.localhost')
  );
}

/** Throws `CONFIG_INVALID` for a port that nobody knows yet: no trust bundle and no paper could name it. */
function localPortal(port: number, withTls: boolean): string {
  if (port === 0) throw invalid(['SPONDON_PORT 0 takes a free port, and needs SPONDON_PORTAL_URL']);
  return new URL(`${withTls ? 'https' : 'http'}://localhost:${port}`).origin;
}

function pairOf(
  settings: Settings,
  certName: 'SPONDON_TLS_CERT' | 'SPONDON_REPORT_CERT',
  keyName: 'SPONDON_TLS_KEY' | 'SPONDON_REPORT_KEY',
): CertificateFiles | null {
  const { [certName]: cert, [keyName]: key } = settings;
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert === undefined && key === undefined) return null;
  throw invalid([`${certName} and ${keyName} must be given together`]);
}

function fabricOf(settings: Settings): FabricFiles | null {
  const { SPONDON_FABRIC: connection, SPONDON_TRUST_BUNDLE: trustBundle } = settings;
  const given = [connection, trustBundle].filter((path) => path !== undefined);
  if (settings.SPONDON_LEDGER === 'embedded') {
    if (given.length === 0) return null;
    throw invalid(['SPONDON_FABRIC and SPONDON_TRUST_BUNDLE need SPONDON_LEDGER=fabric']);
  }
  if (connection === undefined || trustBundle === undefined) {
    throw invalid(['SPONDON_LEDGER=fabric needs SPONDON_FABRIC and SPONDON_TRUST_BUNDLE']);
  }
  if (settings.SPONDON_SAMPLES) {
    throw invalid([
      'SPONDON_SAMPLES must be: false with SPONDON_LEDGER=fabric, where invented documents would stay',
    ]);
  }
  return { connection, trustBundle };
}

/** Each says something about another, and nothing without it. */
const NEEDS = {
  SPONDON_KUBO_AUTH: 'SPONDON_KUBO',
  SPONDON_IPFS_CLUSTER: 'SPONDON_KUBO',
  SPONDON_IPFS_CLUSTER_AUTH: 'SPONDON_IPFS_CLUSTER',
  SPONDON_IPFS_COPIES: 'SPONDON_IPFS_CLUSTER',
} as const satisfies Partial<Record<keyof Settings, keyof Settings>>;

function kuboOf(settings: Settings): KuboSettings | null {
  const alone = Object.entries(NEEDS).filter(
    ([name, needed]) => settings[name as keyof typeof NEEDS] !== undefined && settings[needed] === undefined,
  );
  if (alone.length > 0) throw invalid(alone.map(([name, needed]) => `${name} needs ${needed}`));
  const { SPONDON_KUBO: nodes, SPONDON_KUBO_AUTH: auth } = settings;
  return nodes === undefined ? null : { nodes: addresses(nodes, auth), cluster: clusterOf(settings) };
}

const DEFAULT_COPIES = 2;

function clusterOf(settings: Settings): ClusterSettings | null {
  const { SPONDON_IPFS_CLUSTER: peers, SPONDON_IPFS_CLUSTER_AUTH: auth } = settings;
  const { SPONDON_IPFS_COPIES: copies = DEFAULT_COPIES } = settings;
  return peers === undefined ? null : { peers: addresses(peers, auth), copies };
}

const addresses = (urls: string, auth: string | undefined): RpcAddress[] =>
  urls.split(',').map((url) => ({ url: url.trim(), auth }));

function describe(name: string): string {
  return name in SETTINGS ? (SETTINGS[name as keyof typeof SETTINGS].description ?? '') : '';
}

function isKnown(name: string): boolean {
  return Object.hasOwn(SETTINGS, name) || OF_THE_COMMAND_LINE.has(name);
}

function invalid(problems: string[]): ServiceError {
  return new ServiceError('CONFIG_INVALID', problems.join('\n'));
}
