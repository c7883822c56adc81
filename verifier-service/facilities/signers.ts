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

/**
 * Lets `work` sign for a facility. The key does not end, other than by compromise, before `work` has.
 * Rejects when the facility is unknown, suspended, or keeps its keys at home.
 */
export type WithSigner = <T>(iss: string, work: (signer: IssuerSigner) => Promise<T>) => Promise<T>;

export interface SignerDeps {
  readonly db: Database;
  readonly openKey: (sealed: Uint8Array, iss: string) => SigningKey;
  /** Resolves once the registry shows what another copy of the service has told to be decided. */
  readonly upToDate: () => Promise<void>;
  /** The registry as the ledger has it. */
  readonly issuer: (iss: string) => Issuer | undefined;
}

/** The signing keys that this service keeps, opened once. Which of them signs, the registry on the ledger decides. */
export class Signers {
  readonly #open = new Map<string, SigningKey>();
  readonly #working = new Map<string, Set<Promise<unknown>>>();
  /** About to end: nothing new is signed with them. */
  readonly #withheld = new Set<string>();

  constructor(private readonly deps: SignerDeps) {}

  readonly with: WithSigner = async (iss, work) => {
    const working = this.#working.get(iss) ?? new Set();
    this.#working.set(iss, working);
    const done = this.#signer(iss).then(work);
    working.add(done);
    try {
      return await done;
    } finally {
      working.delete(done);
    }
  };

  /** Resolves once all work that was signing when it was called has ended, well or not. */
  async settled(iss: string): Promise<void> {
    await Promise.allSettled([...(this.#working.get(iss) ?? [])]);
  }

  /** Takes a key out of use here, before the registry says so. Returns how to take that back. */
  withhold(iss: string, kid: string): () => void {
    this.#withheld.add(`${iss}/${kid}`);
    return () => this.#withheld.delete(`${iss}/${kid}`);
  }

  /** Whether the facility's newest key, ended or not, is kept here: then its next one is made here too. */
  async keepsKeyOf(iss: string): Promise<boolean> {
    const newest = this.deps.issuer(iss)?.keys.at(-1);
    return newest !== undefined && (await this.#openKey(iss, newest.kid)) !== null;
  }

  /** The public half of the newest key that is kept here for the facility and that the ledger does not know. */
  async unusedKeyOf(iss: string): Promise<EcPublicJwk | null> {
    const known = new Set(this.deps.issuer(iss)?.keys.map(({ kid }) => kid));
    const rows = await this.deps.db
      .selectFrom('issuerKeys')
      .select('kid')
      .where('iss', '=', iss)
      .orderBy('createdAt', 'desc')
      .execute();
    for (const { kid } of rows) {
      const key = await this.#openKey(iss, kid);
      if (key && !known.has(key.kid)) return key.jwk;
    }
    return null;
  }

  async #signer(iss: string): Promise<IssuerSigner> {
    await this.deps.upToDate();
    const issuer = this.deps.issuer(iss);
    if (!issuer) throw new ServiceError('ISSUER_UNKNOWN', `No facility ${iss} is admitted`);
    if (issuer.state === 'suspended') {
      throw new ServiceError(
        'ISSUER_SUSPENDED',
        'This facility is suspended and cannot issue; ask the regulator',
      );
    }
    const key = await this.#key(iss, issuer);
    if (!key) throw (await this.keepsKeyOf(iss)) ? keyEnded() : keyless();
    return { issuerName: issuer.name, kid: key.kid, sign: key.sign };
  }

  /**
   * The newest key that the registry lets sign, among those kept here. One that a crash kept from the ledger is
   * passed over: what it signed would be refused.
   */
  async #key(iss: string, { keys }: Issuer): Promise<SigningKey | null> {
    const current = keys
      .filter(({ kid, until }) => until === undefined && !this.#withheld.has(`${iss}/${kid}`))
      .sort((a, b) => b.from - a.from);
    for (const { kid } of current) {
      const key = await this.#openKey(iss, kid);
      if (key) return key;
    }
    return null;
  }

  async #openKey(iss: string, kid: string): Promise<SigningKey | null> {
    return this.#open.get(`${iss}/${kid}`) ?? (await this.#load(iss, kid));
  }

  async #load(iss: string, kid: string): Promise<SigningKey | null> {
    const row = await this.deps.db
      .selectFrom('issuerKeys')
      .select('sealed')
      .where('iss', '=', iss)
      .where('kid', '=', kid)
      .executeTakeFirst();
    if (!row) return null;
    const key = this.deps.openKey(row.sealed, iss);
    this.#open.set(`${iss}/${kid}`, key);
    return key;
  }
}

function keyless(): ServiceError {
  const message = 'This facility signs with a key of its own: send signed statements to /v1/statements';
  return new ServiceError('ISSUER_KEYLESS', message);
}

function keyEnded(): ServiceError {
  const message = "This facility's signing key has ended: the operator has to give it a new one (rotate-key)";
  return new ServiceError('ISSUER_KEY_ENDED', message);
}
