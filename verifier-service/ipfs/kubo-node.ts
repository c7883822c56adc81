import { randomFillSync } from 'node:crypto';
import { create, type KuboRPCClient } from 'kubo-rpc-client';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import { z } from 'zod';
import { ServiceError } from '../error.js';
import { authorization, type RpcAddress } from './authorization.js';
import { unfitness } from './kubo-fitness.js';
import { RAW } from './unixfs.js';

/** What may be wrong with a node: a word for the metric. */
export type KuboTrouble = 'down' | 'slow' | 'denied' | 'full' | 'failing' | 'wrong' | 'unfit';

const IN_WORDS = {
  down: 'cannot be reached',
  slow: 'does not answer in time',
  denied: 'denies access: see SPONDON_KUBO_AUTH, and API.Authorizations of the node',
  full: 'has no room left on its disk',
  failing: 'answers with an error, or not as Kubo does',
  wrong: 'does not give back what it was given',
} as const satisfies Partial<Record<KuboTrouble, string>>;

/** Milliseconds of silence that end a call. */
export interface Patience {
  readonly call: number;
  /** For a document of 25 MB that is flushed to a busy disk. */
  readonly write: number;
  /** For a block that another node of the swarm may have; shorter than `call`. */
  readonly swarm: number;
  /** Whoever asks for health does not wait for long. */
  readonly probe: number;
  /** Marking what is needed goes through all pins, and says nothing meanwhile. */
  readonly collect: number;
}

export const PATIENCE: Patience = {
  call: 10_000,
  write: 30_000,
  swarm: 5_000,
  probe: 3_000,
  collect: 1_800_000,
};

/** Pins of this name are documents of ours; a node may keep other things too. */
const PIN = 'spondon';
const TRIAL_PIN = 'spondon-trial';
/** With room for it, there is room for most documents too. */
const TRIAL_BYTES = 1024 * 1024;

/** The node's only way to say so is prose. */
const NOT_FOUND = /could not find/;
const NOT_PINNED = /not pinned/;
const STILL_PINNED = /^pinned/;
const LACKING = /could not find|deadline exceeded/;
const NO_ROOM = /no space left|disk quota exceeded/;

/** Ends a call when the node has been silent for too long. */
interface Watch {
  readonly signal: AbortSignal;
  /** It has just said something. */
  readonly heard: () => void;
}

/**
 * One Kubo node, asked over its RPC. What it says is not believed here: neither a CID nor a block is checked.
 *
 * Every call but `check` throws `STORAGE_UNAVAILABLE` when the node fails, in whichever way, and the failure is
 * remembered as its trouble until it has shown that it works. Nothing is retried. No error repeats what the node said.
 */
export class KuboNode {
  /** Host and port. */
  readonly name: string;
  readonly #client: KuboRPCClient;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  #trouble: string | null = null;
  #isFit = false;
  #addresses: readonly string[] = [];
  #trial: Promise<void> | null = null;

  constructor(
    { url, auth }: RpcAddress,
    private readonly patience: Patience,
    private readonly onTrouble: (kind: KuboTrouble, says: string) => void,
  ) {
    const { host, origin } = new URL(url);
    this.name = host;
    this.#url = `${origin}/api/v0`;
    this.#headers = authorization(auth);
    this.#client = create({ url: this.#url, headers: this.#headers });
  }

  /** What was wrong last, in words; null when nothing is known to be. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Where other nodes of its swarm reach it, as it said when it was checked last; empty before. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /**
   * Whether it is reached, and set up for documents. Throws `CONFIG_INVALID` with what to change when it is not, and
   * as every call when it cannot be asked. Every other call sees to it that this was done since the last trouble.
   */
  async check(): Promise<void> {
    const { config, listening, id } = await this.#ask('call', async ({ signal }) => ({
      config: await this.#client.config.getAll({ signal }),
      listening: await this.#listening(signal),
      id: await this.#client.id({ signal }),
    }));
    this.#addresses = id.addresses.map(String);
    const wrong = unfitness(config, listening);
    if (wrong.length > 0) {
      const says = `The Kubo node ${this.name} is not set up for documents: ${wrong.join('; ')}. Then restart it`;
      this.#trouble = says;
      this.onTrouble('unfit', says);
      throw new ServiceError('CONFIG_INVALID', says);
    }
    this.#isFit = true;
  }

  /** Whether it can be used just now; a node that failed has to show it. */
  async isWell(): Promise<boolean> {
    try {
      if (this.#trouble !== null)
        await (this.#trial ??= this.#tryWriting().finally(() => (this.#trial = null)));
      else await this.#fit(() => this.#ask('probe', ({ signal }) => this.#client.version({ signal })));
      return true;
    } catch (error) {
      // What is wrong has been noted.
      if (error instanceof ServiceError) return false;
      throw error;
    }
  }

  /** Durable when it resolves, and any collection of garbage may delete it until it is pinned. */
  putBlock(cid: CID, bytes: Uint8Array): Promise<void> {
    return this.#fit(() => this.#ask('write', (watch) => this.#write(cid, bytes, watch)));
  }

  /** False when the node lacks a block of it: it looks for that in its swarm, and has to be told for how long. */
  async pin(cid: CID, name = PIN): Promise<boolean> {
    const pinned = await this.#fit(() =>
      this.#askUnless(LACKING, 'write', ({ signal }) =>
        this.#client.pin.add(cid, { recursive: true, name, timeout: this.patience.swarm, signal }),
      ),
    );
    return pinned?.equals(cid) ?? false;
  }

  /** The block, if the node itself has it. */
  block(cid: CID): Promise<Uint8Array | undefined> {
    return this.#fit(() =>
      this.#askUnless(NOT_FOUND, 'call', ({ signal }) => this.#client.block.get(cid, { ...OFFLINE, signal })),
    );
  }

  /** The block, if another node of its swarm has it: then it has it too. */
  blockOfSwarm(cid: CID): Promise<Uint8Array | undefined> {
    return this.#fit(async () => {
      const peers = await this.#ask('call', ({ signal }) => this.#client.swarm.peers({ signal }));
      if (peers.length === 0) return undefined;
      // The node is the first to give up, which tells a block that nobody has from a node that does not answer.
      return this.#askUnless(LACKING, 'call', ({ signal }) =>
        this.#client.block.get(cid, { timeout: this.patience.swarm, signal }),
      );
    });
  }

  async isPinned(cid: CID): Promise<boolean> {
    const found = await this.#fit(() =>
      this.#askUnless(NOT_PINNED, 'call', async ({ signal }) => {
        for await (const pin of this.#client.pin.ls({ paths: cid, type: 'recursive', signal }))
          if (pin.cid.equals(cid)) return true;
        return false;
      }),
    );
    return found ?? false;
  }

  async unpin(cid: CID): Promise<void> {
    await this.#fit(() =>
      this.#askUnless(NOT_PINNED, 'call', ({ signal }) => this.#client.pin.rm(cid, { signal })),
    );
  }

  /**
   * Deletes blocks in this order, but for those that a pin needs: the node looks and deletes under one lock, under which
   * nobody pins.
   */
  removeBlocks(cids: readonly CID[]): Promise<void> {
    return this.#fit(() =>
      this.#ask('write', async ({ signal, heard }) => {
        for await (const { error } of this.#client.block.rm([...cids], { force: true, signal })) {
          heard();
          if (error && !STILL_PINNED.test(error.message)) throw error;
        }
      }),
    );
  }

  /**
   * CIDs of all documents of ours: some 80 MB of them for a million. `copies`: those that somebody else may have pinned
   * here, whatever the name.
   */
  pins(copies?: ReadonlySet<string>): Promise<string[]> {
    const filter = copies ? {} : { name: PIN };
    return this.#fit(() =>
      this.#ask('call', async ({ signal, heard }) => {
        const found: string[] = [];
        for await (const { cid, name } of this.#client.pin.ls({
          type: 'recursive',
          names: true,
          ...filter,
          signal,
        })) {
          heard();
          // The node's filter is satisfied with a part of the name.
          if (name === PIN || copies?.has(cid.toString())) found.push(cid.toString());
        }
        return found;
      }),
    );
  }

  /** Deletes every block that no pin needs. Returns how many. */
  collectGarbage(): Promise<number> {
    return this.#fit(() =>
      this.#ask('collect', async ({ signal, heard }) => {
        let count = 0;
        for await (const result of this.#client.repo.gc({ signal })) {
          heard();
          if ('err' in result && result.err) throw result.err;
          count += 1;
        }
        return count;
      }),
    );
  }

  /** It gave back something else than what it was given. */
  isWrong(): ServiceError {
    return this.#fail('wrong');
  }

  /** It has written, and given back what it wrote. */
  hasShown(): void {
    this.#trouble = null;
  }

  async #tryWriting(): Promise<void> {
    // Its own: another process may be trying the same node.
    const bytes = randomFillSync(Buffer.alloc(TRIAL_BYTES), 0, 16);
    const cid = CID.createV1(RAW, await sha256.digest(bytes));
    await this.putBlock(cid, bytes);
    const isPinned = await this.pin(cid, TRIAL_PIN);
    const back = await this.block(cid);
    if (!isPinned || !back || Buffer.compare(back, bytes) !== 0) throw this.isWrong();
    await this.unpin(cid);
    await this.removeBlocks([cid]);
    this.hasShown();
  }

  async #write(cid: CID, bytes: Uint8Array, { signal }: Watch): Promise<void> {
    const form = { cidCodec: cid.code === RAW ? 'raw' : 'dag-pb', mhtype: 'sha2-256' };
    const claimed = await this.#client.block.put(bytes, { ...form, signal });
    if (!claimed.equals(cid)) throw this.isWrong();
  }

  /** Runs `work` on a node that was checked since it was last in trouble: meanwhile it may have been set up anew. */
  async #fit<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isFit) {
      await this.check().catch((error: unknown) => {
        throw error instanceof ServiceError && error.code === 'CONFIG_INVALID' ? unusable(error) : error;
      });
    }
    return work();
  }

  async #ask<T>(patience: keyof Patience, work: (watch: Watch) => Promise<T>): Promise<T> {
    const nothing = /(?!)/;
    return (await this.#askUnless(nothing, patience, work)) as T;
  }

  /** Undefined when the node refuses in words that match `expected`. */
  async #askUnless<T>(
    expected: RegExp,
    patience: keyof Patience,
    work: (watch: Watch) => Promise<T>,
  ): Promise<T | undefined> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.patience[patience]);
    try {
      return await work({ signal: controller.signal, heard: () => timer.refresh() });
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      if (!controller.signal.aborted && isAnswer(error) && expected.test(error.message)) {
        return undefined;
      }
      throw this.#fail(controller.signal.aborted ? 'slow' : kindOf(error), error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The client library has no such call; what it has instead leaves out what the node does not announce. */
  async #listening(signal: AbortSignal): Promise<string[]> {
    const answer = await fetch(`${this.#url}/swarm/addrs/listen`, {
      method: 'POST',
      headers: this.#headers,
      signal,
    });
    return z.object({ Strings: z.array(z.string()).nullable() }).parse(await answer.json()).Strings ?? [];
  }

  #fail(kind: keyof typeof IN_WORDS, cause?: unknown): ServiceError {
    const says = `The Kubo node ${this.name} ${IN_WORDS[kind]}`;
    this.#trouble = says;
    this.#isFit = false;
    this.onTrouble(kind, says);
    return unusable(cause);
  }
}

const OFFLINE = { offline: true } as const;

function unusable(cause: unknown): ServiceError {
  const message = 'The document store cannot be used at the moment; try again later';
  return new ServiceError('STORAGE_UNAVAILABLE', message, { cause });
}

/** The node's own refusal; that it ran out of time has a class of its own in the client library. */
function isAnswer(error: unknown): error is Error {
  return error instanceof Error && ('response' in error || error.name === 'TimeoutError');
}

function kindOf(error: unknown): keyof typeof IN_WORDS {
  if (!(error instanceof Error)) return 'failing';
  const { response } = error as { response?: { status?: number } };
  if (response?.status === 401 || response?.status === 403) return 'denied';
  if (NO_ROOM.test(error.message)) return 'full';
  // What fetch throws when there is no connection, or no longer.
  return error instanceof TypeError && response === undefined ? 'down' : 'failing';
}
