import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Fault, lines, serving } from './fake-kubo.test-support.js';

export interface FakeCluster {
  readonly url: string;
  /** What it was asked to keep, with what else the request said. */
  readonly pins: Map<string, URLSearchParams>;
  /** States of a document on the peers; of others it is pinned on all of them. */
  readonly states: Map<string, readonly string[]>;
  /** Peers whose nodes answer. */
  peers: number;
  /** By method and the first part of the path, such as `POST pins`; `*` is every call. */
  readonly faults: Map<string, Fault>;
  readonly authorizations: Set<string | undefined>;
  readonly close: () => Promise<void>;
}

const UNFINISHED = ['pin_queued', 'pinning', 'pin_error'];

/**
 * A server that answers as a peer of IPFS Cluster 1.1.6 does, as far as we ask: its answers were compared with that
 * one's.
 */
export async function startFakeCluster(): Promise<FakeCluster> {
  const pins = new Map<string, URLSearchParams>();
  const states = new Map<string, readonly string[]>();
  const injected = new Map<string, Fault>();
  const authorizations = new Set<string | undefined>();

  const pinOf = (cid: string) => ({
    cid,
    name: pins.get(cid)?.get('name') ?? '',
    replication_factor_min: -1,
    replication_factor_max: -1,
    allocations: [],
  });
  const statusOf = (cid: string) => {
    const everywhere = Array.from({ length: fake.peers }, () => (pins.has(cid) ? 'pinned' : 'unpinned'));
    const peers = (states.get(cid) ?? everywhere).map((status, at) => [`peer${at}`, { status, error: '' }]);
    return { ...pinOf(cid), peer_map: Object.fromEntries(peers) as object };
  };
  const isUnfinished = (cid: string): boolean =>
    states.get(cid)?.some((state) => UNFINISHED.includes(state)) ?? false;

  /** A list of objects, or one, or null when there is no such thing. */
  const calls: Record<string, (cid: string, query: URLSearchParams) => readonly object[] | object | null> = {
    'POST pins': (cid, query) => {
      pins.set(cid, query);
      return pinOf(cid);
    },
    'DELETE pins': (cid) => (pins.has(cid) ? { ...pinOf(cid), was: pins.delete(cid) } : null),
    'GET allocations': () => [...pins.keys()].map(pinOf),
    'GET pins': (_cid, query) =>
      (query.get('cids')?.split(',') ?? [...pins.keys()].filter(isUnfinished)).map(statusOf),
    'GET peers': () => Array.from({ length: fake.peers }, () => ({ error: '', ipfs: { error: '' } })),
  };

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://cluster');
    const [, first = '', cid = ''] = pathname.split('/');
    const name = `${request.method} ${first}`;
    authorizations.add(request.headers.authorization);
    const fault = injected.get(name) ?? injected.get('*');
    if (fault) {
      fault(request, response);
      return;
    }
    const result = calls[name]?.(cid, searchParams) ?? null;
    if (result === null)
      response.writeHead(404).end(JSON.stringify({ code: 404, message: 'not part of the pinset' }));
    else if (!Array.isArray(result)) response.end(JSON.stringify(result));
    else if (result.length === 0) response.writeHead(204).end();
    else response.end(lines(result as object[]));
  };

  const fake: FakeCluster = {
    ...(await serving(createServer(answer))),
    pins,
    states,
    peers: 2,
    faults: injected,
    authorizations,
  };
  return fake;
}
