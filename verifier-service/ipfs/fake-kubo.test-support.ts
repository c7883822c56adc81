import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { RAW } from './unixfs.js';

/** What goes wrong with a call, in place of the answer. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeKubo {
  readonly url: string;
  readonly blocks: Map<string, Buffer>;
  readonly pins: Set<string>;
  /** Pins without a name, as IPFS Cluster makes them. */
  readonly copies: Set<string>;
  /** By the name of a call, such as `block/put`; `*` is every call. */
  readonly faults: Map<string, Fault>;
  readonly authorizations: Set<string | undefined>;
  config: unknown;
  readonly close: () => Promise<void>;
}

/** As far as `kubo-fitness.ts` looks. */
export const FIT_CONFIG = {
  Addresses: { API: '/ip4/127.0.0.1/tcp/5001', Gateway: null, Swarm: ['/ip4/0.0.0.0/udp/4001/quic-v1'] },
  AutoConf: { Enabled: false },
  Bootstrap: null,
  Datastore: { Spec: { type: 'mount', mounts: [{ type: 'flatfs', sync: true }, { type: 'levelds' }] } },
  Provide: { Enabled: false },
  Routing: { Type: 'none' },
};

const PEER_ID = '12D3KooWBVKqH2FKDoFxH6t5nwsj944yQfEM8rXqw6jMhc7qfLG8';

export const faults = {
  hang: () => undefined,
  cut: (_request, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"Key":', () => response.destroy());
  },
  html: (_request, response) => response.end('<!doctype html><title>Sign in</title>'),
  unauthorized: (_request, response) => response.writeHead(401).end('401 Unauthorized'),
  forbidden: (_request, response) => response.writeHead(403).end('Kubo RPC Access Denied'),
  broken: (_request, response) => fail(response, 'datastore: secret words of the node'),
  full: (_request, response) => fail(response, 'write /data/x: no space left on device'),
} as const satisfies Record<string, Fault>;

/** A server that answers as a Kubo node does, as far as the adapter asks, and fails on demand. */
export async function startFakeKubo(): Promise<FakeKubo> {
  const blocks = new Map<string, Buffer>();
  const pins = new Set<string>();
  const copies = new Set<string>();
  const injected = new Map<string, Fault>();
  const authorizations = new Set<string | undefined>();

  const calls: Record<string, (arg: string, request: IncomingMessage, query: URLSearchParams) => unknown> = {
    'config/show': () => fake.config,
    id: () => ({ ID: PEER_ID, Addresses: [`/ip4/127.0.0.1/tcp/4001/p2p/${PEER_ID}`] }),
    'swarm/addrs/listen': () => ({ Strings: ['/ip4/127.0.0.1/tcp/4001'] }),
    'swarm/peers': () => ({ Peers: null }),
    version: () => ({ Version: '0.44.0' }),
    'block/put': async (_arg, request, query) => {
      const bytes = contentOf(await buffer(request));
      const codec = query.get('cid-codec') === 'raw' ? RAW : 0x70;
      const cid = CID.createV1(codec, await sha256.digest(bytes)).toString();
      blocks.set(cid, bytes);
      return { Key: cid, Size: bytes.length };
    },
    'block/get': (arg) => blocks.get(arg) ?? new Error(`ipld: could not find ${arg}`),
    'block/rm': (_arg, _request, query) =>
      lines(query.getAll('arg').map((Hash) => ({ Hash, wasThere: blocks.delete(Hash) }))),
    'pin/add': (arg) => ({ Pins: [arg], new: pins.add(arg).size }),
    'pin/rm': (arg) => (pins.delete(arg) ? { Pins: [arg] } : new Error('not pinned or pinned indirectly')),
    'pin/ls': (arg) => {
      const found = [...pins, ...copies].filter((cid) => arg === '' || cid === arg);
      if (arg !== '' && found.length === 0) return new Error(`path '${arg}' is not pinned`);
      return lines(found.map((Cid) => ({ Cid, Type: 'recursive', Name: pins.has(Cid) ? 'spondon' : '' })));
    },
  };

  const server = createServer((request, response) => {
    // Whoever asked has gone away.
    answer(request, response).catch(() => response.destroy());
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://kubo');
    const name = pathname.replace('/api/v0/', '');
    authorizations.add(request.headers.authorization);
    const fault = injected.get(name) ?? injected.get('*');
    if (fault) {
      fault(request, response);
      return;
    }
    const result = await calls[name]?.(searchParams.get('arg') ?? '', request, searchParams);
    if (result instanceof Error) fail(response, result.message);
    else response.end(Buffer.isBuffer(result) ? result : JSON.stringify(result));
  }
  const fake: FakeKubo = {
    ...(await serving(server)),
    blocks,
    pins,
    copies,
    faults: injected,
    authorizations,
    config: FIT_CONFIG,
  };
  return fake;
}

/** A server that has begun to listen: where, and how it ends. */
export async function serving(server: Server): Promise<Pick<FakeKubo, 'url' | 'close'>> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export function lines(objects: readonly object[]): Buffer {
  return Buffer.from(objects.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

function fail(response: ServerResponse, message: string): void {
  response.writeHead(500, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ Message: message, Code: 0, Type: 'error' }));
}

/** Of the only part of a multipart body. */
function contentOf(body: Buffer): Buffer {
  const start = body.indexOf('\r\n\r\n') + 4;
  return body.subarray(start, body.lastIndexOf('\r\n--'));
}
