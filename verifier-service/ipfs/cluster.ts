import { z } from 'zod';
import { ServiceError } from '../error.js';
import { authorization, type RpcAddress } from './authorization.js';

/** What may be wrong with a peer: a word for the metric. */
export type ClusterTrouble = 'down' | 'slow' | 'denied' | 'failing';

const IN_WORDS = {
  down: 'cannot be reached',
  slow: 'does not answer in time',
  denied: 'denies access: see SPONDON_IPFS_CLUSTER_AUTH, and basic_auth_credentials of the peer',
  failing: 'refuses, or does not answer as IPFS Cluster does',
} as const satisfies Record<ClusterTrouble, string>;

export interface ClusterOptions {
  /** Milliseconds of silence that end a call. A peer waits 15 s for other peers before it answers without them. */
  readonly patience?: number;
  /** Told of every failure of a peer, in a word and in a sentence. */
  readonly onTrouble?: (kind: ClusterTrouble, says: string) => void;
}

const PATIENCE_MS = 20_000;
/** Pins of this name are documents of ours; a cluster may keep other things too. */
const PIN = 'spondon';
/** Peers that can be connected to before fetching: the cluster takes no more. */
const MOST_ORIGINS = 10;

const pin = z.object({ cid: z.string(), name: z.string().default('') });
const status = z.object({
  cid: z.string(),
  peer_map: z.record(z.string(), z.object({ status: z.string() })),
});
const notThere = z.object({ code: z.literal(404) });
const peer = z.object({ error: z.string(), ipfs: z.object({ error: z.string() }) });

/**
 * The REST API of an IPFS Cluster, asked through the first of its peers that answers.
 *
 * - Durability: `pin` and `unpin` resolve when that peer has written the wish down. It tells the others, and each
 *   fetches what it lacks in its own time, and again after failures: only `copiesOf` says who has it.
 * - Idempotence and retry: any call may be repeated. `STORAGE_UNAVAILABLE` means that no peer did it.
 * - Trust: none is needed. What a peer keeps is checked when it is read.
 * - A list that ends early is not noticed, since the API tells it in a trailer that `fetch` does not show: whoever reads
 *   one must be right with less, too.
 */
export class IpfsCluster {
  readonly #peers: readonly ClusterPeer[];

  constructor(
    addresses: readonly RpcAddress[],
    { patience = PATIENCE_MS, onTrouble = () => undefined }: ClusterOptions = {},
  ) {
    this.#peers = addresses.map((address) => new ClusterPeer(address, patience, onTrouble));
  }

  /** What was wrong last, in words, while no peer answers; empty as long as one does. */
  get troubles(): readonly string[] {
    const troubles = this.#peers.flatMap(({ trouble }) => trouble ?? []);
    return troubles.length === this.#peers.length ? troubles : [];
  }

  /** `origins`: addresses of nodes that have the document, for peers whose nodes are not connected with them. */
  async pin(cid: string, origins: readonly string[]): Promise<void> {
    const query = new URLSearchParams({ name: PIN, mode: 'recursive' });
    if (origins.length > 0) query.set('origins', origins.slice(0, MOST_ORIGINS).join(','));
    await this.#first((each) => each.ask('POST', `/pins/${cid}?${query.toString()}`));
  }

  /** Nothing happens when it is not pinned. */
  async unpin(cid: string): Promise<void> {
    await this.#first((each) => each.ask('DELETE', `/pins/${cid}`));
  }

  /** CIDs of all documents of ours that it was asked to keep, kept yet or not. */
  async pins(): Promise<ReadonlySet<string>> {
    const all = await this.#first((each) => each.list('/allocations', pin));
    return new Set(all.filter(({ name }) => name === PIN).map(({ cid }) => cid));
  }

  /** How many it is fetching, waits to fetch, or failed to. */
  async unfinished(): Promise<number> {
    const found = await this.#first((each) => each.list('/pins?filter=pin_queued,pinning,pin_error', status));
    return found.length;
  }

  /** On how many nodes each is, of a few. Nodes whose peer does not answer are not counted. */
  async copiesOf(cids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const query = new URLSearchParams({ cids: cids.join(',') });
    const found = await this.#first((each) => each.list(`/pins?${query.toString()}`, status));
    const copies = found.map(({ cid, peer_map }): [string, number] => {
      const pinned = Object.values(peer_map).filter((on) => on.status === 'pinned');
      return [cid, pinned.length];
    });
    return new Map([...cids.map((cid): [string, number] => [cid, 0]), ...copies]);
  }

  /** How many peers it has that answer, and whose nodes do. */
  async size(): Promise<number> {
    const peers = await this.#first((each) => each.list('/peers', peer));
    return peers.filter(({ error, ipfs }) => error === '' && ipfs.error === '').length;
  }

  /** By the first peer that can; one in trouble is asked last. */
  async #first<T>(work: (peer: ClusterPeer) => Promise<T>): Promise<T> {
    let failure: unknown;
    const isInTrouble = ({ trouble }: ClusterPeer): number => Number(trouble !== null);
    for (const each of [...this.#peers].sort((a, b) => isInTrouble(a) - isInTrouble(b))) {
      try {
        return await work(each);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

/** Throws `STORAGE_UNAVAILABLE` when it fails, in whichever way. No error repeats what it said. */
class ClusterPeer {
  trouble: string | null = null;
  readonly #name: string;
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    { url, auth }: RpcAddress,
    private readonly patience: number,
    private readonly onTrouble: (kind: ClusterTrouble, says: string) => void,
  ) {
    const { host, origin } = new URL(url);
    this.#name = host;
    this.#origin = origin;
    this.#headers = authorization(auth);
  }

  /** The objects that it answers with, one a line. */
  list<T>(path: string, schema: z.ZodType<T>): Promise<T[]> {
    return this.#calling('GET', path, async (pieces) => {
      const found: T[] = [];
      let line = '';
      for await (const piece of pieces) {
        const [end = '', ...others] = piece.split('\n');
        line += end;
        for (const next of others) {
          found.push(schema.parse(JSON.parse(line)));
          line = next;
        }
      }
      // A page of some proxy in between, or an answer that was cut off.
      if (line !== '') throw new SyntaxError('not ended by a line break');
      return found;
    });
  }

  /** That what is to be deleted is not there is as good as done. */
  ask(method: 'POST' | 'DELETE', path: string): Promise<unknown> {
    return this.#calling(method, path, async (pieces, status) => {
      let text = '';
      for await (const piece of pieces) text += piece;
      return (status === NOT_THERE ? notThere : pin).parse(JSON.parse(text));
    });
  }

  async #calling<T>(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    read: (pieces: AsyncIterable<string>, status: number) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(() => controller.abort(), this.patience);
    async function* heard(body: Response['body']): AsyncGenerator<string> {
      const decoder = new TextDecoder();
      for await (const bytes of body ?? []) {
        timer.refresh();
        yield decoder.decode(bytes as Uint8Array, { stream: true });
      }
    }
    try {
      const response = await fetch(this.#origin + path, { method, headers: this.#headers, signal });
      const { ok, status } = response;
      if (!ok && !(method === 'DELETE' && status === NOT_THERE)) throw new Refusal(status);
      const result = await read(heard(response.body), status);
      this.trouble = null;
      return result;
    } catch (cause) {
      throw this.#fail(signal.aborted ? 'slow' : kindOf(cause), cause);
    } finally {
      clearTimeout(timer);
      // What is left of an answer that was not read to its end.
      controller.abort();
    }
  }

  #fail(kind: ClusterTrouble, cause: unknown): ServiceError {
    this.trouble = `The IPFS Cluster peer ${this.#name} ${IN_WORDS[kind]}`;
    this.onTrouble(kind, this.trouble);
    const message = 'Copies of documents cannot be seen to at the moment; try again later';
    return new ServiceError('STORAGE_UNAVAILABLE', message, { cause });
  }
}

const NOT_THERE = 404;

class Refusal extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

function kindOf(error: unknown): ClusterTrouble {
  if (error instanceof Refusal) return error.status === 401 || error.status === 403 ? 'denied' : 'failing';
  // What fetch throws when there is no connection, or no longer.
  return error instanceof TypeError ? 'down' : 'failing';
}
