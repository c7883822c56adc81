import type { Kysely } from 'kysely';
import type { QueueDb, QueueTables } from '@spondon/anchor-worker/queue';
import type { DocumentKind } from '@spondon/protocol/statement';

/** Checksum of a row's other columns, see row-check.ts. */
type RowCheck = string;

/**
 * What the service keeps about documents and facilities. No names, no claims, no file names: what stands here in the
 * clear may be read by whoever holds the disk. Keys and secrets are sealed under the master key or hashed.
 */
export interface ServiceTables extends QueueTables {
  /** A row for each migration that this database has been through. */
  schemaVersions: { version: number; appliedAt: number; check: RowCheck };
  /** One row: the ledger (its organisation and first block) and the master key (its id) that the rest is about. */
  belongsTo: { id: number; ledger: string; masterKey: string; check: RowCheck };
  documents: {
    jti: string;
    iss: string;
    kind: DocumentKind;
    /** Of the stamped file, base64url. */
    sha256: string;
    /** Of the encrypted file in IPFS. */
    cid: string;
    /** Of the stamped file, bytes. */
    size: number;
    /** The document's key, wrapped for the issuing facility's clinical staff (JWE); empty once it was erased. */
    wrappedKey: string;
    patientId: string | null;
    supersedes: string | null;
    createdAt: number;
    check: RowCheck;
  };
  /** Documents whose key was destroyed: for ever, so that nobody takes them for damaged. */
  erasures: {
    iss: string;
    jti: string;
    erasedAt: number;
    /** Id of the API key that asked for it. */
    apiKey: string;
    check: RowCheck;
  };
  /** For the regulator's figures, apart from documents: no row says which document it came from. */
  statistics: {
    /** Random: rows lie in this order, not in that of issuing. */
    id: string;
    iss: string;
    kind: DocumentKind;
    icd10: string | null;
    upazila: string | null;
    ageBand: string | null;
    /** Day of issue, 'YYYY-MM-DD': nothing finer, so that a row cannot be matched with a document's time. */
    day: string;
    check: RowCheck;
  };
  issuerKeys: {
    iss: string;
    kid: string;
    sealed: Uint8Array;
    createdAt: number;
    check: RowCheck;
  };
  /** One wrapping key for each facility's clinical staff, sealed. */
  facilityKeys: { iss: string; sealed: Uint8Array; check: RowCheck };
  /** What reports are signed with: the newest of the portal's host. */
  reportKeys: {
    /** Of the portal that the certificate names. */
    host: string;
    createdAt: number;
    /** DER, self-signed. */
    certificate: Uint8Array;
    sealed: Uint8Array;
    check: RowCheck;
  };
  apiKeys: {
    id: string;
    /** `null`: the operator's, for administration. */
    iss: string | null;
    digest: Uint8Array;
    createdAt: number;
    revokedAt: number | null;
    check: RowCheck;
  };
  /** What a repeated POST is answered with. */
  idempotency: {
    /** Whose key it is: the API key's id. */
    caller: string;
    key: string;
    /** SHA-256 of the request's content, so that another request under the same key is told apart. */
    request: Uint8Array;
    status: number;
    body: string;
    createdAt: number;
    check: RowCheck;
  };
  /** On PostgreSQL: keys of facilities that sign nothing more, by the database's clock, while they are being ended. */
  withheldKeys: { iss: string; kid: string; until: Date };
  /** On PostgreSQL, one row: how often a command has had the database to itself. */
  workAlone: { id: number; times: number };
}

export type Database = Kysely<ServiceTables>;
export type Dialect = 'sqlite' | 'postgres';

/** The database as the queue sees it: its tables are among ours, which Kysely's types cannot say of a subset. */
export function queueOf(db: Database): QueueDb {
  return db as unknown as QueueDb;
}
