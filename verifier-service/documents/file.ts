import { equalBytes } from '@spondon/protocol/bytes';
import { decodeBase64url } from '@spondon/protocol/base64url';
import type { Hash } from '@spondon/protocol/crypto';
import { formatDocumentId } from '@spondon/protocol/document-id';
import type { Database } from '../database/schema.js';
import { ServiceError } from '../error.js';
import { decryptDocument } from '../vault/document-key.js';
import { NO_KEY } from './erasure.js';
import { documentRow } from './read.js';

export interface OpenFileDeps {
  readonly db: Database;
  readonly store: { get(cid: string): AsyncIterable<Uint8Array> };
  readonly unwrapKey: (iss: string, documentId: string, wrapped: string) => Promise<string>;
  readonly hash: Hash;
}

export interface DocumentFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The stamped file, decrypted and compared with the hash that was anchored before a byte of it is handed out. */
export async function openDocumentFile(deps: OpenFileDeps, iss: string, jti: string): Promise<DocumentFile> {
  const row = await documentRow(deps.db, iss, jti);
  if (row.wrappedKey === NO_KEY) {
    const message = `The file of document ${formatDocumentId(jti)} was erased; its statement stays on the ledger`;
    throw new ServiceError('DOCUMENT_ERASED', message);
  }
  const identity = await deps.unwrapKey(iss, jti, row.wrappedKey);
  const chunks: Uint8Array[] = [];
  for await (const chunk of decryptDocument(deps.store.get(row.cid), identity)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (!equalBytes(deps.hash(bytes), decodeBase64url(row.sha256))) {
    throw new ServiceError(
      'BLOB_DAMAGED',
      'The stored file is not the one that was issued; restore it from a backup',
    );
  }
  return { name: `${formatDocumentId(jti)}.pdf`, bytes };
}
