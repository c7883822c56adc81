import { exporter } from 'ipfs-unixfs-exporter';
import { importFile } from 'ipfs-unixfs-importer';
import { CID } from 'multiformats/cid';
import { sha256 } from 'multiformats/hashes/sha2';
import type { StoredDocument } from './store.js';

/** A UnixFS file cut into blocks by the profile `unixfs-v1-2025` (IPIP-499), and back. */

/** Codec of a leaf. */
export const RAW = 0x55;
const DAG_PB = 0x70;
const SHA2_256 = 0x12;

/** Called for each block once, children before parents; the last one is the root. */
export type WriteBlock = (cid: string, bytes: Uint8Array) => Promise<void>;

/**
 * Cuts `content` into blocks. `writePart` is awaited for every block below the root before `writeRoot` is called,
 * so that no root is ever stored with a child missing. At most eight blocks are held in memory.
 */
export async function importDocument(
  content: Uint8Array | AsyncIterable<Uint8Array>,
  writePart: WriteBlock,
  writeRoot: WriteBlock,
): Promise<StoredDocument> {
  let size = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of content instanceof Uint8Array ? [content] : content) {
      size += piece.length;
      yield piece;
    }
  }
  // The root is the last block: each is held back until the next one shows that it was not the last.
  let last: { cid: CID; bytes: Uint8Array } | undefined;
  const storage = {
    async put(cid: CID, bytes: Uint8Array): Promise<CID> {
      const part = last;
      last = { cid, bytes };
      if (part) await writePart(part.cid.toString(), part.bytes);
      return cid;
    },
  };
  const { cid } = await importFile({ content: counted() }, storage, {
    profile: 'unixfs-v1-2025',
    cidVersion: 1,
    rawLeaves: true,
    reduceSingleLeafToSelf: true,
    blockWriteConcurrency: 8,
  });
  if (!last?.cid.equals(cid)) throw new Error('the importer did not write the root last');
  await writeRoot(cid.toString(), last.bytes);
  return { cid: cid.toString(), size };
}

/** `undefined` for anything that `importDocument` does not produce, in its only spelling. */
export function parseCid(text: string): CID | undefined {
  let cid: CID;
  try {
    cid = CID.parse(text);
  } catch {
    return undefined;
  }
  const ours = cid.version === 1 && cid.multihash.code === SHA2_256 && (isLeaf(cid) || cid.code === DAG_PB);
  return ours && cid.toString() === text ? cid : undefined;
}

/** A leaf holds the document's bytes and nothing else. */
export function isLeaf(cid: CID): boolean {
  return cid.code === RAW;
}

export function isWhatItsCidSays(cid: CID, bytes: Uint8Array): boolean {
  const digest = sha256.digest(bytes);
  if (digest instanceof Promise) throw new TypeError('SHA-256 is expected to be synchronous');
  return Buffer.compare(digest.bytes, cid.multihash.bytes) === 0;
}

/** The blocks right below `node`, in the order of the file. `bytes` must be what the CID says. */
export async function childrenOf(node: CID, bytes: Uint8Array): Promise<readonly CID[]> {
  if (isLeaf(node)) return [];
  const storage = {
    async *get(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(bytes);
    },
  };
  const entry = await exporter(node, storage);
  if (entry.type !== 'file') throw new TypeError(`${node.toString()} is not a UnixFS file`);
  return entry.node.Links.map((link) => link.Hash);
}
