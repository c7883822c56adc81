import type { CID } from 'multiformats/cid';
import { isStorageUnavailable, ServiceError } from '../error.js';
import type { RpcAddress } from './authorization.js';
import { damaged, known, missing } from './block-errors.js';
import { Copies, type CopiesOptions } from './copies.js';
import { KuboNode, type KuboTrouble, PATIENCE, type Patience } from './kubo-node.js';
import type { DocumentStore, StoredDocument, StoreProblem } from './store.js';
import { childrenOf, importDocument, isLeaf, isWhatItsCidSays, parseCid } from './unixfs.js';

export interface KuboStore extends DocumentStore {
  /** Throws `CONFIG_INVALID` when a node that can be reached is not set up for documents. */
  check(): Promise<void>;
  /** Why documents can be neither kept nor read, in words; empty when one node works. Asks all of them. */
  problems(): Promise<string[]>;
  /** What is wrong, in words, and keeps no document from being kept and read: of some there may be too few copies. */
  warnings(): readonly string[];
  /** To be called every minute: sees to it that there are copies. Never throws. */
  tend(): Promise<void>;
}

export interface KuboStoreOptions {
  readonly patience?: Patience;
  /** Told of every failure of a node, in a word and in a sentence. */
  readonly onTrouble?: (kind: KuboTrouble, says: string) => void;
  /** Without them, what the nodes' swarm does about copies is not known here. */
  readonly copies?: CopiesOptions;
}

/**
 * A document store on Kubo nodes, each asked over its RPC. Documents are recursive pins of one name, so the nodes may
 * keep other things beside.
 *
 * - Durability: `put` resolves when one node has pinned the document and every block of it has been read back from
 *   there. Nodes that would not flush are refused, see `kubo-fitness.ts`. Copies on further nodes are made by an IPFS
 *   Cluster, which is asked for them afterwards, see `copies.ts`. It pins without a name: its word says what is ours.
 * - Trust: CIDs are computed here, and every block is checked here, so a node can withhold a document and not forge one.
 * - Idempotence: the same bytes again are written again, which repairs a damaged block; `remove` of what is not there
 *   does nothing.
 * - Retry: any call may simply be repeated. `STORAGE_UNAVAILABLE` means that no node could do it: a document may then
 *   have been pinned all the same, and nobody names it. Calls turn to the next node by themselves, to one in
 *   trouble last.
 * - Several processes may use the same nodes: what is deleted between being written and being pinned is written again,
 *   and looking for pins before a block is deleted is one step within the node. All of them see all documents.
 *
 * A document is in memory as a whole while it is put.
 */
export function openKuboStore(
  addresses: readonly RpcAddress[],
  { patience = PATIENCE, onTrouble = () => undefined, copies: copiesOptions }: KuboStoreOptions = {},
): KuboStore {
  const nodes = addresses.map((address) => new KuboNode(address, patience, onTrouble));
  const cluster = copiesOptions?.cluster;
  const has = (cid: CID): Promise<boolean> => byAny(nodes, (node) => node.isPinned(cid));
  const copies =
    copiesOptions &&
    new Copies(
      {
        // Of the nodes that answer: what the others have is found when they do.
        list: async () =>
          (await Promise.all(nodes.map((node) => node.pins().catch(noneIfUnavailable)))).flat(),
        has: (text: string) => has(known(text)),
        addresses: () => nodes.flatMap((node) => node.addresses),
      },
      copiesOptions,
    );
  /** Documents that a node has: of its own, and copies. */
  const pinsOf = async (node: KuboNode): Promise<string[]> => node.pins(await cluster?.pins());

  return {
    async check() {
      for (const node of nodes) await node.check().catch(unlessUnavailable);
    },
    async problems() {
      const well = await Promise.all(nodes.map((node) => node.isWell()));
      return well.includes(true) ? [] : nodes.flatMap(({ trouble }) => trouble ?? []);
    },
    async put(ciphertext) {
      const bytes = ciphertext instanceof Uint8Array ? ciphertext : await collect(ciphertext);
      const document = await byFirst(nodes, (node) => putOn(node, bytes));
      // A crash here leaves a document with one copy: comparing finds it.
      copies?.ask(document.cid);
      return document;
    },
    async *get(text) {
      yield* leaves(nodes, known(text));
    },
    async has(text) {
      const cid = parseCid(text);
      return cid !== undefined && (await has(cid));
    },
    async remove(text) {
      const cid = parseCid(text);
      if (!cid) return;
      await all([...nodes.map((node) => removeFrom(node, cid)), ...(copies ? [copies.withdraw(text)] : [])]);
    },
    async removeLeftovers() {
      // A damaged block would name wrong children, and the right ones would be taken for leftovers.
      for (const node of nodes)
        for (const root of await pinsOf(node)) await assertWholeTree(node, known(root));
      let count = 0;
      await all(nodes.map(async (node) => (count += await node.collectGarbage())));
      return count;
    },
    async *list() {
      const lists = await Promise.all([...nodes.map((node) => node.pins()), cluster?.pins() ?? []]);
      yield* new Set(lists.flatMap((list) => [...list]));
    },
    async *verify() {
      for (const node of nodes) for (const root of await pinsOf(node)) yield* problemsOf(node, known(root));
    },
    async *shortOfCopies() {
      if (copies) yield* copies.missing(this.list());
    },
    warnings: () => copies?.warnings() ?? [],
    tend: async () => copies?.tend(),
  };
}

/** Nothing names a document before it is pinned, so a crash or a failure until then leaves garbage only. */
async function putOn(node: KuboNode, bytes: Uint8Array): Promise<StoredDocument> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const blocks: CID[] = [];
    const write = async (text: string, block: Uint8Array) => {
      const cid = known(text);
      blocks.push(cid);
      await node.putBlock(cid, block);
    };
    const document = await importDocument(bytes, write, write);
    const root = known(document.cid);
    if (!(await node.pin(root))) continue;
    const damaged = await notReadBack(node, blocks);
    if (damaged.length === 0) {
      node.hasShown();
      return document;
    }
    // The node does not write over a block that it has, whatever became of it; and deletes none that is pinned.
    await node.unpin(root);
    await node.removeBlocks(damaged);
  }
  throw node.isWrong();
}

/** Garbage may be collected between writing and pinning, and a block that was there be damaged; hardly both twice. */
const ATTEMPTS = 3;

async function notReadBack(node: KuboNode, blocks: readonly CID[]): Promise<CID[]> {
  const bad: CID[] = [];
  for (const cid of blocks) {
    const block = await node.block(cid);
    if (!block || !isWhatItsCidSays(cid, block)) bad.push(cid);
  }
  return bad;
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

async function* leaves(nodes: readonly KuboNode[], cid: CID): AsyncGenerator<Uint8Array> {
  const bytes = await readBlock(nodes, cid);
  if (isLeaf(cid)) yield bytes;
  else for (const child of await childrenOf(cid, bytes)) yield* leaves(nodes, child);
}

/** From the first node that has it whole; only then from their swarms, where asking for what nobody has takes time. */
async function readBlock(nodes: readonly KuboNode[], cid: CID): Promise<Uint8Array> {
  const failures: unknown[] = [];
  const answered: KuboNode[] = [];
  for (const node of inOrder(nodes)) {
    try {
      const bytes = await node.block(cid);
      if (bytes && isWhatItsCidSays(cid, bytes)) return bytes;
      // A page of some proxy in between would pass for a damaged block.
      if (bytes && !(await node.isWell())) throw node.isWrong();
      answered.push(node);
      failures.push(bytes ? damaged(cid) : missing(cid));
    } catch (error) {
      failures.push(error);
    }
  }
  for (const node of answered) {
    const bytes = await node.blockOfSwarm(cid).catch(unlessUnavailable);
    if (bytes && isWhatItsCidSays(cid, bytes)) return bytes;
  }
  throw worst(failures);
}

/** A node that does not answer may have what the others lack. */
function worst(failures: readonly unknown[]): unknown {
  const rank = (error: unknown) =>
    ['BLOB_MISSING', 'BLOB_DAMAGED', 'STORAGE_UNAVAILABLE'].indexOf(
      error instanceof ServiceError ? error.code : '',
    );
  return failures.find((error) => rank(error) === -1) ?? [...failures].sort((a, b) => rank(b) - rank(a))[0];
}

/** The file and the blocks below it, children before parents, as far as the node has what names them. */
async function blocksOn(node: KuboNode, root: CID): Promise<CID[]> {
  const bytes = await node.block(root);
  if (!bytes) return [];
  if (isLeaf(root) || !isWhatItsCidSays(root, bytes)) return [root];
  const below: CID[] = [];
  for (const child of await childrenOf(root, bytes))
    below.push(...(isLeaf(child) ? [child] : await blocksOn(node, child)));
  return [...below, root];
}

async function removeFrom(node: KuboNode, root: CID): Promise<void> {
  const blocks = await blocksOn(node, root);
  await node.unpin(root);
  // A crash here leaves blocks that no pin needs: removing again finds them, as does collecting garbage. The root goes
  // last, so that it still names what is left.
  if (blocks.length > 0) await node.removeBlocks(blocks);
}

async function* problemsOf(node: KuboNode, root: CID): AsyncGenerator<StoreProblem> {
  const document = root.toString();
  async function* below(cid: CID): AsyncGenerator<StoreProblem> {
    const block = cid.toString();
    const bytes = await node.block(cid);
    if (!bytes) {
      const message = `This part of document ${document} is missing on ${node.name}.`;
      yield { code: 'BLOB_MISSING', block, document, message };
    } else if (!isWhatItsCidSays(cid, bytes)) {
      yield { code: 'BLOB_DAMAGED', block, message: `This block is not what its CID says on ${node.name}.` };
    } else {
      for (const child of await childrenOf(cid, bytes)) yield* below(child);
    }
  }
  yield* below(root);
}

/** Throws `BLOB_DAMAGED` or `BLOB_MISSING` when a block cannot be read that names others. */
async function assertWholeTree(node: KuboNode, cid: CID): Promise<void> {
  if (isLeaf(cid)) return;
  const bytes = await node.block(cid);
  if (!bytes) throw missing(cid);
  if (!isWhatItsCidSays(cid, bytes)) throw damaged(cid);
  for (const child of await childrenOf(cid, bytes)) await assertWholeTree(node, child);
}

/** Those that were not in trouble last come first. */
function inOrder(nodes: readonly KuboNode[]): KuboNode[] {
  return [...nodes].sort((a, b) => Number(a.trouble !== null) - Number(b.trouble !== null));
}

/** Done by the first node that can. */
async function byFirst<T>(nodes: readonly KuboNode[], work: (node: KuboNode) => Promise<T>): Promise<T> {
  let failure: unknown;
  for (const node of inOrder(nodes)) {
    try {
      return await work(node);
    } catch (error) {
      unlessUnavailable(error);
      failure = error;
    }
  }
  throw failure;
}

/** Everything that can be done is; fails when something could not. */
async function all(work: readonly Promise<unknown>[]): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(work.map((each) => each.catch((error: unknown) => failures.push(error))));
  if (failures.length > 0) throw failures[0];
}

/** Throws when no node has it, and one could not be asked. */
async function byAny(
  nodes: readonly KuboNode[],
  has: (node: KuboNode) => Promise<boolean>,
): Promise<boolean> {
  const failures: unknown[] = [];
  for (const node of inOrder(nodes)) {
    try {
      if (await has(node)) return true;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return false;
}

function noneIfUnavailable(error: unknown): string[] {
  unlessUnavailable(error);
  return [];
}

function unlessUnavailable(error: unknown): undefined {
  if (isStorageUnavailable(error)) return undefined;
  throw error;
}
