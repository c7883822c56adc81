import { isStorageUnavailable } from '../error.js';
import type { IpfsCluster } from './cluster.js';
import type { ShortOfCopies } from './store.js';

export interface CopiesOptions {
  readonly cluster: IpfsCluster;
  /** How many there should be of each document. */
  readonly wanted: number;
  /** Told every minute. */
  readonly onCount?: (count: Count) => void;
  readonly now?: () => number;
}

export interface Count {
  /** Documents that are to be asked for, or that the cluster has not finished with. */
  readonly unfinished: number;
  /** Peers of the cluster that answer; 0 when none does. */
  readonly peers: number;
}

/** The nodes that documents are written to. */
export interface Originals {
  /** CIDs of all documents that were put there. */
  readonly list: () => Promise<readonly string[]>;
  readonly has: (cid: string) => Promise<boolean>;
  /** Where other nodes reach them. */
  readonly addresses: () => readonly string[];
}

const AT_ONCE = 8;
/** As many as an address can name. */
const COUNTED_AT_ONCE = 50;
/** What is forgotten beyond is found again by comparing. */
const MOST_WAITING = 100_000;
/** Against a cluster that has lost what it was asked for. */
const COMPARE_EVERY_MS = 6 * 3_600_000;

/**
 * Asks an IPFS Cluster to keep every document on further nodes.
 *
 * - A document is asked for as soon as it is put, and nobody waits for it: what is acknowledged is on one node, durably.
 * - Nothing is written down here. That a document is put and not asked for, as a crash or a failure leaves it, shows by
 *   comparing the nodes' pins with the cluster's: at the start, and every six hours.
 * - What was erased meanwhile is not asked for. If another process erases it in this very moment it may be: erasures are
 *   repeated every hour, and this with them.
 */
export class Copies {
  readonly #waiting = new Set<string>();
  readonly #underWay = new Map<string, Promise<void>>();
  #asking: Promise<void> | null = null;
  #comparedAt: number | null = null;
  /** By the cluster, when it last said so. */
  #unfinished = 0;
  #few: string | null = null;

  constructor(
    private readonly originals: Originals,
    private readonly options: CopiesOptions,
  ) {}

  /** What is wrong, in words; nothing that keeps documents from being put and read. */
  warnings(): readonly string[] {
    const troubles = this.options.cluster.troubles;
    return troubles.length > 0 ? troubles : this.#few === null ? [] : [this.#few];
  }

  /** It was put. */
  ask(cid: string): void {
    if (this.#waiting.size < MOST_WAITING) this.#waiting.add(cid);
    else this.#comparedAt = null;
    void this.#askForAll();
  }

  /** It is erased: when this resolves, the cluster keeps it no longer, or not for long. */
  async withdraw(cid: string): Promise<void> {
    this.#waiting.delete(cid);
    await this.#underWay.get(cid);
    await this.options.cluster.unpin(cid);
  }

  /** To be called every minute: asks again for what failed, compares when it is time, and counts. Never throws. */
  async tend(): Promise<void> {
    const { cluster, wanted, onCount } = this.options;
    let peers = 0;
    await unlessUnavailable(async () => {
      await this.#compare();
      await this.#askForAll();
      this.#unfinished = await cluster.unfinished();
      peers = await cluster.size();
    });
    this.#few = peers < wanted ? `IPFS Cluster has ${peers} of ${wanted} peers: copies are missing` : null;
    onCount?.({ unfinished: this.#waiting.size + this.#unfinished, peers });
  }

  /** Those of the documents that are on fewer nodes than wanted, by the word of the cluster. */
  async *missing(documents: AsyncIterable<string>): AsyncGenerator<ShortOfCopies> {
    const { cluster, wanted } = this.options;
    let cids: string[] = [];
    const ask = async (): Promise<readonly ShortOfCopies[]> => {
      const found = [...(await cluster.copiesOf(cids))].map(([cid, copies]) => ({ cid, copies, wanted }));
      cids = [];
      return found.filter(({ copies }) => copies < wanted);
    };
    for await (const cid of documents) if (cids.push(cid) === COUNTED_AT_ONCE) yield* await ask();
    if (cids.length > 0) yield* await ask();
  }

  async #compare(): Promise<void> {
    const { cluster, now = Date.now } = this.options;
    const at = now();
    if (this.#comparedAt !== null && at - this.#comparedAt < COMPARE_EVERY_MS) return;
    const asked = await cluster.pins();
    let isWhole = true;
    for (const cid of await this.originals.list()) {
      if (asked.has(cid)) continue;
      isWhole = this.#waiting.size < MOST_WAITING;
      if (!isWhole) break;
      this.#waiting.add(cid);
    }
    this.#comparedAt = isWhole ? at : null;
  }

  /** A few at a time, until one fails: then the rest waits for the next minute. */
  #askForAll(): Promise<void> {
    const some = async (): Promise<void> => {
      for (const cid of this.#waiting) {
        this.#waiting.delete(cid);
        const asking = unlessUnavailable(() => this.#askFor(cid)).then((isDone) => {
          if (!isDone) this.#waiting.add(cid);
          return isDone;
        });
        this.#underWay.set(
          cid,
          asking.then(() => undefined),
        );
        const isDone = await asking;
        this.#underWay.delete(cid);
        if (!isDone) return;
      }
    };
    this.#asking ??= Promise.all(Array.from({ length: AT_ONCE }, some))
      .then(() => undefined)
      .finally(() => (this.#asking = null));
    return this.#asking;
  }

  async #askFor(cid: string): Promise<void> {
    if (await this.originals.has(cid)) await this.options.cluster.pin(cid, this.originals.addresses());
  }
}

/** Whether the work was done. Who was asked has told of the failure already. */
async function unlessUnavailable(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isStorageUnavailable(error)) return false;
    throw error;
  }
}
