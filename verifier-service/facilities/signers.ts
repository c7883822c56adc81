import type { EcPublicJwk, Sign } from '@spondon/protocol/crypto';
import type { Issuer } from '@spondon/protocol/records';
import type { Database } from '../database/schema.js';
import { ServiceError } from '../error.js';

/** A facility that can sign now, with the key that the registry knows. */
export interface IssuerSigner {
  readonly issuerName: string;
  readonly kid: string;
  readonly sign: Sign;
}

export interface SigningKey {
  readonly kid: string;
  readonly jwk: EcPublicJwk;
  readonly sign: Sign;
}

export interface SignerDeps {
  readonly db: Database;
  readonly openKey: (sealed: Uint8Array, iss: string) => Promise<SigningKey>;
  /** The registry as the ledger has it. */
  readonly issuer: (iss: string) => Issuer | undefined;
}

/** The signing keys in use, opened once and kept in memory. */
export class Signers {
  readonly #open = new Map<string, Promise<SigningKey>>();

  constructor(private readonly deps: SignerDeps) {}

  /** Throws when the facility is unknown, suspended, or keeps its keys at home. */
  async of(iss: string): Promise<IssuerSigner> {
    const issuer = this.deps.issuer(iss);
    if (!issuer) throw new ServiceError('ISSUER_UNKNOWN', `No facility ${iss} is admitted`);
    if (issuer.state === 'suspended') {
      throw new ServiceError('ISSUER_SUSPENDED', 'This facility is suspended and cannot issue; ask the regulator');
    }
    const { kid, sign } = await this.#key(iss);
    return { issuerName: issuer.name, kid, sign };
  }

  /** After a rotation: the next signature takes the new key. */
  forget(iss: string): void {
    this.#open.delete(iss);
  }

  #key(iss: string): Promise<SigningKey> {
    const open = this.#open.get(iss) ?? this.#load(iss);
    this.#open.set(iss, open);
    open.catch(() => this.#open.delete(iss));
    return open;
  }

  async #load(iss: string): Promise<SigningKey> {
    const row = await this.deps.db
      .selectFrom('issuerKeys')
      .select('sealed')
      .where('iss', '=', iss)
      .where('retiredAt', 'is', null)
      .orderBy('createdAt', 'desc')
      .executeTakeFirst();
    if (!row) {
      const message = 'This facility signs with a key of its own: send signed statements to /v1/statements';
      throw new ServiceError('ISSUER_KEYLESS', message);
    }
    return this.deps.openKey(row.sealed, iss);
  }
}
