import { dirname, join } from 'node:path';
import type { CID } from 'multiformats/cid';
import { damaged, known, missing } from './block-errors.js';
import { openBlockFolder, type BlockFolder } from './block-folder.js';
import type { DocumentStore, StoreProblem } from './store.js';
import { syncFolder } from '@spondon/ledger/durable-file';
import { childrenOf, importDocument, isLeaf, isWhatItsCidSays, parseCid } from './unixfs.js';

/**
 * A document store in a folder of this machine, without IPFS's network; the blocks and CIDs are IPFS's own.
 *
 * - Durability: `put` resolves when every block is on disk (fdatasync, rename, fsync of the folder); the root is
 *   written last, so a crash leaves blocks that nobody needs, never a document with a hole.
 * - Idempotence: the same bytes write the same files again, whole; `remove` of what is not there does nothing.
 * - Retry: any call may simply be repeated. Errors of the file system (disk full) come as they are; each attempt writes
 *   every block anew, so that no earlier flush is believed.
 * - One process at a time.
 *
 * `documents/` has the documents of up to 1 MiB, one block each; `trees/` the roots of larger ones; `parts/` the
 * blocks below those. A root in the first two is what IPFS calls pinned.
 *
 * Opened to `look`, it changes nothing by itself, and nothing is to be put in or removed.
 */
export async function openEmbeddedStore(
  folder: string,
  purpose: 'use' | 'look' = 'use',
): Promise<DocumentStore> {
  const [documents, trees, parts] = await Promise.all([
    openBlockFolder(join(folder, 'documents'), purpose),
    openBlockFolder(join(folder, 'trees'), purpose),
    openBlockFolder(join(folder, 'parts'), purpose),
  ]);
  if (purpose === 'use') await syncFolder(dirname(folder));
  const rootsOf = (cid: CID) => (isLeaf(cid) ? documents : trees);
  const gate = createGate();

  async function read(from: BlockFolder, cid: CID): Promise<Uint8Array> {
    const bytes = await from.get(cid.toString());
    if (!bytes) throw missing(cid);
    if (!isWhatItsCidSays(cid, bytes)) throw damaged(cid);
    return bytes;
  }

  async function* leaves(from: BlockFolder, cid: CID): AsyncGenerator<Uint8Array> {
    const bytes = await read(from, cid);
    if (isLeaf(cid)) yield bytes;
    else for (const child of await childrenOf(cid, bytes)) yield* leaves(parts, child);
  }

  /** Every block below `cid` that can still be found. */
  async function* below(from: BlockFolder, cid: CID): AsyncGenerator<CID> {
    const bytes = isLeaf(cid) ? undefined : await from.get(cid.toString());
    if (!bytes || !isWhatItsCidSays(cid, bytes)) return;
    for (const child of await childrenOf(cid, bytes)) {
      yield child;
      yield* below(parts, child);
    }
  }

  /** Every block below `cid`; throws when one cannot be read that has others below it. */
  async function* allBelow(from: BlockFolder, cid: CID): AsyncGenerator<CID> {
    if (isLeaf(cid)) return;
    for (const child of await childrenOf(cid, await read(from, cid))) {
      yield child;
      yield* allBelow(parts, child);
    }
  }

  async function removeTree(cid: CID): Promise<void> {
    const unneeded = new Set<string>();
    for await (const part of below(trees, cid)) unneeded.add(part.toString());
    // First the root: a crash from here on leaves parts that nobody needs, never a document with a hole.
    await trees.remove(cid.toString());
    for await (const { name } of trees.names()) {
      const other = parseCid(name);
      if (other) for await (const part of below(trees, other)) unneeded.delete(part.toString());
    }
    for (const name of unneeded) await parts.remove(name);
  }

  async function removeLeftovers(): Promise<number> {
    const leftovers = new Set<string>();
    for await (const { name, stray } of parts.names()) if (!stray) leftovers.add(name);
    for await (const { name } of trees.names()) {
      const root = parseCid(name);
      if (root) for await (const part of allBelow(trees, root)) leftovers.delete(part.toString());
    }
    for (const name of leftovers) await parts.remove(name);
    return leftovers.size;
  }

  return {
    put: (ciphertext) =>
      gate.shared(() =>
        importDocument(
          ciphertext,
          (cid, bytes) => parts.put(cid, bytes),
          (cid, bytes) => rootsOf(known(cid)).put(cid, bytes),
        ),
      ),
    async *get(text) {
      const cid = known(text);
      yield* leaves(rootsOf(cid), cid);
    },
    async has(text) {
      const cid = parseCid(text);
      return cid !== undefined && (await rootsOf(cid).has(text));
    },
    async remove(text) {
      const cid = parseCid(text);
      if (!cid || !(await rootsOf(cid).has(text))) return;
      if (isLeaf(cid)) await documents.remove(text);
      else await gate.alone(() => removeTree(cid));
    },
    removeLeftovers: () => gate.alone(removeLeftovers),
    async *list() {
      for (const roots of [documents, trees])
        for await (const { name, stray } of roots.names()) if (!stray && parseCid(name)) yield name;
    },
    async *verify() {
      for (const blocks of [documents, trees, parts]) yield* damagedBlocks(blocks);
      for await (const { name } of trees.names()) {
        const root = parseCid(name);
        if (root) for await (const part of below(trees, root)) yield* missingPart(parts, part, name);
      }
    },
    async *shortOfCopies() {
      // It keeps one, and was told of no more.
    },
  };
}

async function* damagedBlocks(blocks: BlockFolder): AsyncGenerator<StoreProblem> {
  for await (const { name, stray } of blocks.names()) {
    const cid = parseCid(name);
    if (!cid || stray)
      yield { code: 'BLOB_STRAY', block: name, message: 'This is not a block of the store.' };
    else if (!isWhatItsCidSays(cid, (await blocks.get(name)) ?? new Uint8Array()))
      yield { code: 'BLOB_DAMAGED', block: name, message: 'This block is not what its CID says.' };
  }
}

async function* missingPart(parts: BlockFolder, part: CID, document: string): AsyncGenerator<StoreProblem> {
  const block = part.toString();
  if (!(await parts.has(block)))
    yield { code: 'BLOB_MISSING', block, document, message: `This part of document ${document} is missing.` };
}

/** Lets puts run together, and the removal of shared parts alone: a put may count on a part that is there. */
function createGate() {
  const running = new Set<Promise<unknown>>();
  let last: Promise<unknown> = Promise.resolve();
  return {
    async shared<T>(work: () => Promise<T>): Promise<T> {
      await last;
      const result = work();
      const settled = result.catch(() => undefined).finally(() => running.delete(settled));
      running.add(settled);
      return result;
    },
    alone<T>(work: () => Promise<T>): Promise<T> {
      const before = last;
      const result = before.then(() => Promise.all(running)).then(work);
      last = result.catch(() => undefined);
      return result;
    },
  };
}
