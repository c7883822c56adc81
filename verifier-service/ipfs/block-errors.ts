import type { CID } from 'multiformats/cid';
import { ServiceError } from '../error.js';
import { parseCid } from './unixfs.js';

/** How every document store tells what is wrong with a block. */

export function missing(cid: CID): ServiceError {
  return new ServiceError('BLOB_MISSING', `Block ${cid.toString()} is not in the document store.`);
}

export function damaged(cid: CID): ServiceError {
  return new ServiceError('BLOB_DAMAGED', `Block ${cid.toString()} in the document store is damaged.`);
}

/** Throws `BLOB_MISSING` for a name that no block of a document can have. */
export function known(text: string): CID {
  const cid = parseCid(text);
  if (!cid)
    throw new ServiceError('BLOB_MISSING', 'There is no such block: its CID is not one of this store.');
  return cid;
}
