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
  /** The registry as the ledger has it. */
  readonly issuer: (iss: string) => Issuer | undefined;
}

/** The signing keys that this service keeps, opened once. Which of them signs, the registry on the ledger decides. */
export class Signers {
  readonly #open = new Map<string, SigningKey>();
  readonly #working = new Map<string, Set<Promise<unknown>>>();

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

  /** Whether this service keeps a key that may sign for the facility now. */
  async keepsKeyOf(iss: string): Promise<boolean> {
    const issuer = this.deps.issuer(iss);
    return issuer !== undefined && (await this.#key(iss, issuer)) !== null;
  }

  async #signer(iss: string): Promise<IssuerSigner> {
    const issuer = this.deps.issuer(iss);
    if (!issuer) throw new ServiceError('ISSUER_UNKNOWN', `No facility ${iss} is admitted`);
    if (issuer.state === 'suspended') {
      throw new ServiceError(
        'ISSUER_SUSPENDED',
        'This facility is suspended and cannot issue; ask the regulator',
      );
    }
    const key = await this.#key(iss, issuer);
    if (!key) {
      const message = 'This facility signs with a key of its own: send signed statements to /v1/statements';
      throw new ServiceError('ISSUER_KEYLESS', message);
    }
    return { issuerName: issuer.name, kid: key.kid, sign: key.sign };
  }

  /**
   * The newest key that the registry lets sign, among those kept here. One that a crash kept from the ledger is
   * passed over: what it signed would be refused.
   */
  async #key(iss: string, { keys }: Issuer): Promise<SigningKey | null> {
    const current = keys.filter(({ until }) => until === undefined).sort((a, b) => b.from - a.from);
    for (const { kid } of current) {
      const key = this.#open.get(`${iss}/${kid}`) ?? (await this.#load(iss, kid));
      if (key) return key;
    }
    return null;
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
