import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { Client, credentials, status } from '@grpc/grpc-js';
import { connect, GatewayError, hash, type Gateway, type Network } from '@hyperledger/fabric-gateway';
import { common } from '@hyperledger/fabric-protos';
import { signDer } from '../signature.js';
import type { FabricSettings, GatewayPeer } from './connection.js';
import { failureOf, type Failure } from './failure.js';
import type { Tip } from './witnesses.js';

export type Outcome<T> =
  { readonly kind: 'done'; readonly value: T } | (Failure & { readonly cause: unknown });

/** How long one call may take, ms; after that another peer is asked. */
const DEADLINES = { probe: 2_000, evaluate: 10_000, endorse: 15_000, submit: 15_000 };
/** A peer that failed is the last choice for so long. */
const SHUNNED_MS = 10_000;

const CHANNEL_OPTIONS = {
  // gRPC's own limit, 4 MB, is less than a block may have.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // Peers end connections of clients that ping more than once a minute.
  'grpc.keepalive_time_ms': 70_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5_000,
};

/** One peer, as a way into the network. */
export interface Way {
  readonly gateway: Gateway;
  readonly network: Network;
}

interface KeptWay extends Way {
  readonly endpoint: string;
  readonly close: () => void;
  /** Aborts when the peer fails: what streams from it should go on elsewhere. */
  lost: AbortController;
  /** When it failed, by the monotonic clock; null when it is used without asking. */
  doubtedAt: number | null;
}

/**
 * The peers that we may go through. The first that works is used; one that fails is left for a while, and comes back
 * only once it holds every block that we know of, so that what we read never runs backwards.
 */
export class Gateways {
  readonly #ways: readonly KeptWay[];
  readonly #channel: string;
  #known = 0;

  constructor(settings: FabricSettings) {
    this.#channel = settings.channel;
    this.#ways = settings.gateways.map((peer) => openWay(settings, peer));
  }

  /** How many blocks there are at least. */
  get known(): number {
    return this.#known;
  }

  saw(height: number): void {
    this.#known = Math.max(this.#known, height);
  }

  /** Does it through one peer after the other until one of them works. `asked` as for {@link failureOf}. */
  async call<T>(use: (way: Way) => Promise<T>, asked: readonly string[]): Promise<Outcome<T>> {
    let last: Outcome<T> = { kind: 'unreachable', message: 'there is no peer to go through', cause: null };
    for (const way of this.#inOrder()) {
      try {
        await this.#reinstate(way);
        return { kind: 'done', value: await use(way) };
      } catch (error) {
        const failure = failureOf(error, asked);
        if (failure.kind !== 'unreachable') return { ...failure, cause: error };
        await this.#doubt(way);
        last = { ...failure, cause: error };
      }
    }
    return last;
  }

  /**
   * Blocks from one peer, from a number on, until it fails, somebody aborts, or the peer is left for another one. The
   * caller goes on with another call.
   */
  async *blocks(from: number, signal: AbortSignal): AsyncGenerator<common.Block> {
    const found = await this.call((way) => Promise.resolve(way as KeptWay), []);
    if (found.kind !== 'done') throw found.cause;
    const way = found.value;
    const ends = AbortSignal.any([signal, way.lost.signal]);
    const isOver = () => ends.aborted;
    const events = await way.network.getBlockEvents({ startBlock: BigInt(from) });
    const close = () => events.close();
    ends.addEventListener('abort', close);
    try {
      if (isOver()) return;
      for await (const block of events) {
        yield block;
        if (isOver()) return;
      }
    } catch (error) {
      if (isOver()) return;
      await this.#doubt(way);
      throw error;
    } finally {
      ends.removeEventListener('abort', close);
      events.close();
    }
  }

  async height(): Promise<Outcome<number>> {
    const outcome = await this.call((way) => this.#heightOf(way, DEADLINES.evaluate), []);
    return outcome.kind === 'done' ? { kind: 'done', value: this.#known } : outcome;
  }

  /** How many blocks a peer has, and the hash of the last. */
  async tip(): Promise<Tip> {
    const outcome = await this.call((way) => this.#chainInfo(way, DEADLINES.evaluate), []);
    if (outcome.kind !== 'done') throw outcome.cause;
    return { height: outcome.value.getHeight(), hash: outcome.value.getCurrentblockhash_asU8() };
  }

  /** `common.Block` bytes. */
  async block(number: number): Promise<Uint8Array> {
    const outcome = await this.call(({ network }) => {
      const options = { arguments: [this.#channel, String(number)] };
      return network.getContract('qscc').newProposal('GetBlockByNumber', options).evaluate();
    }, []);
    if (outcome.kind !== 'done') throw outcome.cause;
    return outcome.value;
  }

  /** `common.Block` bytes. */
  blockOf(transactionId: string): Promise<Outcome<Uint8Array>> {
    return this.call(({ network }) => {
      const options = { arguments: [this.#channel, transactionId] };
      return network.getContract('qscc').newProposal('GetBlockByTxID', options).evaluate();
    }, []);
  }

  /** Ends streams; calls under way should have ended before. */
  close(): void {
    for (const way of this.#ways) {
      way.lost.abort();
      way.close();
    }
  }

  #inOrder(): readonly KeptWay[] {
    const now = performance.now();
    const isShunned = ({ doubtedAt }: KeptWay) => doubtedAt !== null && now - doubtedAt < SHUNNED_MS;
    return [...this.#ways.filter((way) => !isShunned(way)), ...this.#ways.filter(isShunned)];
  }

  async #reinstate(way: KeptWay): Promise<void> {
    if (way.doubtedAt === null) return;
    const height = await this.#heightOf(way, DEADLINES.probe);
    if (height < this.#known) throw behind(way.endpoint, height, this.#known);
    way.doubtedAt = null;
  }

  /** A call may fail through no fault of the peer that passed it on. */
  async #doubt(way: KeptWay): Promise<void> {
    way.doubtedAt = performance.now();
    if (await this.#answers(way)) return;
    way.lost.abort();
    way.lost = new AbortController();
  }

  async #answers(way: KeptWay): Promise<boolean> {
    try {
      await this.#heightOf(way, DEADLINES.probe);
      return true;
    } catch (error) {
      failureOf(error, []);
      return false;
    }
  }

  async #heightOf(way: Way, milliseconds: number): Promise<number> {
    const height = (await this.#chainInfo(way, milliseconds)).getHeight();
    this.saw(height);
    return height;
  }

  async #chainInfo({ network }: Way, milliseconds: number): Promise<common.BlockchainInfo> {
    const system = network.getContract('qscc');
    const proposal = system.newProposal('GetChainInfo', { arguments: [this.#channel] });
    const info = await proposal.evaluate({ deadline: Date.now() + milliseconds });
    return common.BlockchainInfo.deserializeBinary(info);
  }
}

function openWay({ channel, mspId, identity, tls }: FabricSettings, peer: GatewayPeer): KeptWay {
  const client = new Client(
    peer.endpoint,
    credentials.createSsl(Buffer.from(peer.tlsRoot), Buffer.from(tls.key), Buffer.from(tls.certificate)),
    { ...CHANNEL_OPTIONS, 'grpc.ssl_target_name_override': peer.serverName },
  );
  const key = createPrivateKey(identity.key);
  const within = (milliseconds: number) => () => ({ deadline: Date.now() + milliseconds });
  const gateway = connect({
    client,
    identity: { mspId, credentials: Buffer.from(identity.certificate) },
    // fabric-gateway's own signer is not Node's and takes some ten times as long.
    hash: hash.none,
    signer: (message) => Promise.resolve(signDer(key, message)),
    // Peers give blocks only to whom the connection belongs to.
    tlsClientCertificateHash: createHash('sha256').update(new X509Certificate(tls.certificate).raw).digest(),
    evaluateOptions: within(DEADLINES.evaluate),
    endorseOptions: within(DEADLINES.endorse),
    submitOptions: within(DEADLINES.submit),
  });
  return {
    gateway,
    network: gateway.getNetwork(channel),
    endpoint: peer.endpoint,
    close: () => {
      gateway.close();
      client.close();
    },
    lost: new AbortController(),
    doubtedAt: null,
  };
}

/** As the peer itself would say it. */
function behind(endpoint: string, height: number, known: number): GatewayError {
  const message = `${endpoint} has ${height} blocks of at least ${known}`;
  const cause = Object.assign(new Error(message), { code: status.UNAVAILABLE });
  return new GatewayError({ code: status.UNAVAILABLE, details: [], message, cause: cause as never });
}
