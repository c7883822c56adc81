/**
 * Where encrypted documents are kept, addressed by what they are: the CID is CIDv1 of the UnixFS file under the
 * profile `unixfs-v1-2025` (IPIP-499: 1 MiB chunks, raw leaves, 1,024 links a node, SHA-256), so every adapter gives
 * the same CID for the same bytes. A store never sees plaintext.
 */
export interface DocumentStore {
  /** Durable when it resolves. Idempotent: the same bytes again are the same document, and repair a damaged one. */
  put(ciphertext: Uint8Array | AsyncIterable<Uint8Array>): Promise<StoredDocument>;
  /**
   * The document's bytes, in order, block by block; each block is checked against its CID before it is handed out.
   * Throws `BLOB_MISSING` when nothing is stored under this CID or a part is gone, `BLOB_DAMAGED` when a block is not
   * what its CID says: then the bytes handed out so far are right, and not all.
   */
  get(cid: string): AsyncIterable<Uint8Array>;
  /** Whether the document was put and not removed. Does not read it. */
  has(cid: string): Promise<boolean>;
  /** Forgets the document and deletes the blocks that no other document needs. Nothing happens when it is unknown. */
  remove(cid: string): Promise<void>;
  /**
   * Deletes blocks that belong to no document, as a crash leaves them. Returns how many. Throws
   * `BLOB_DAMAGED` or `BLOB_MISSING`, having deleted nothing, when it cannot be told what belongs to a document.
   */
  removeLeftovers(): Promise<number>;
  /** CIDs of all documents, in no particular order. */
  list(): AsyncIterable<string>;
  /** Reads everything and names what is wrong. What a crash left over, and no document needs, is not wrong. */
  verify(): AsyncIterable<StoreProblem>;
  /** Documents of which fewer copies are kept elsewhere than this store was told to see to. */
  shortOfCopies(): AsyncIterable<ShortOfCopies>;
}

export interface StoredDocument {
  readonly cid: string;
  /** Bytes of ciphertext. */
  readonly size: number;
}

export interface StoreProblem {
  readonly code: 'BLOB_DAMAGED' | 'BLOB_MISSING' | 'BLOB_STRAY';
  /** The block that is damaged or missing, or the name that does not belong here. */
  readonly block: string;
  /** The document that needs a missing block. */
  readonly document?: string;
  readonly message: string;
}

export interface ShortOfCopies {
  readonly cid: string;
  readonly copies: number;
  readonly wanted: number;
}
