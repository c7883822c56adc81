import type { Database } from '../database/schema.js';
import { ServiceError } from '../error.js';
import {
  holderOf,
  loadWrappingKey,
  newWrappingKey,
  unwrapDocumentKey,
  wrapDocumentKey,
} from '../vault/document-wrap.js';
import type { Vault } from '../vault/seal.js';

export interface WrappingKeyDeps {
  readonly db: Database;
  readonly vault: Vault;
  readonly random: (length: number) => Uint8Array;
}

/** The keys under which a facility's clinical staff hold the keys of its documents. */
export class WrappingKeys {
  readonly #open = new Map<string, Uint8Array>();

  constructor(private readonly deps: WrappingKeyDeps) {}

  /** A new key, sealed: to be stored once, when the facility is admitted. */
  create(iss: string): Uint8Array {
    return newWrappingKey(this.deps.vault, holderOf(iss), this.deps.random).sealed;
  }

  async wrap(iss: string, documentId: string, secret: string): Promise<string> {
    return wrapDocumentKey(secret, await this.#key(iss), { documentId, holder: holderOf(iss) });
  }

  async unwrap(iss: string, documentId: string, wrapped: string): Promise<string> {
    return unwrapDocumentKey(wrapped, await this.#key(iss), { documentId, holder: holderOf(iss) });
  }

  /** Throws what {@link loadWrappingKey} throws when the facility's key does not open. */
  async check(iss: string): Promise<void> {
    await this.#key(iss);
  }

  async #key(iss: string): Promise<Uint8Array> {
    const open = this.#open.get(iss);
    if (open) return open;
    const { db, vault } = this.deps;
    const row = await db
      .selectFrom('facilityKeys')
      .select('sealed')
      .where('iss', '=', iss)
      .executeTakeFirst();
    if (!row) throw new ServiceError('ISSUER_UNKNOWN', `This service keeps no documents for ${iss}`);
    const key = loadWrappingKey(row.sealed, vault, holderOf(iss));
    this.#open.set(iss, key);
    return key;
  }
}
