import { setTimeout as delay } from 'node:timers/promises';
import { canonicalJson } from '@spondon/protocol/canonical';
import type { EcPublicJwk } from '@spondon/protocol/crypto';
import type { Issuer, IssuerKind } from '@spondon/protocol/records';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { type Ledger, LedgerError } from '@spondon/ledger/port';
import { lastInQueue, nextInQueue } from '@spondon/anchor-worker/queue';
import { type Database, queueOf } from '../database/schema.js';
import { ServiceError } from '../error.js';
import type { Signers } from './signers.js';

export interface Admission {
  readonly iss: string;
  readonly name: string;
  readonly kind: IssuerKind;
  readonly licence: string;
  readonly telephone: string;
  /** The facility's own public key, when it keeps its key at home; else the service makes one. */
  readonly jwk?: EcPublicJwk | undefined;
}

export interface RegistrarDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly issuer: (iss: string) => Issuer | undefined;
  /** Resolves once the registry shows what a block wrote. */
  readonly applied: (block: number) => Promise<void>;
  readonly signers: Signers;
  readonly newSigningKey: (iss: string) => Promise<{ kid: string; jwk: EcPublicJwk; sealed: Uint8Array }>;
  readonly newFacilityKey: (iss: string) => Promise<Uint8Array>;
  readonly now: () => number;
  readonly random: (length: number) => Uint8Array;
}

/** How long a rotation waits for statements under the old key to be anchored. */
const ROTATION_WAIT_MS = 60_000;
const ENDS_AHEAD_MS = 10_000;

/** Admission, suspension and keys of facilities: decided on the ledger, by the regulators. */
export class Registrar {
  constructor(private readonly deps: RegistrarDeps) {}

  async admit({ jwk: own, ...admission }: Admission): Promise<Issuer> {
    const { iss } = admission;
    if (this.deps.issuer(iss)) throw new ServiceError('ISSUER_EXISTS', `${iss} is admitted already`);
    await this.#keepFacilityKey(iss);
    const jwk = own ?? (await this.#keepSigningKey(iss)).jwk;
    // The keys are durable before the ledger knows them: a crash here leaves keys that nobody uses.
    await this.#decide({ do: 'admit', ...admission, mspId: this.deps.ledger.mspId, jwk });
    return this.#issuer(iss);
  }

  async suspend(iss: string): Promise<Issuer> {
    this.#issuer(iss);
    await this.#decide({ do: 'suspend', iss });
    return this.#issuer(iss);
  }

  async reinstate(iss: string): Promise<Issuer> {
    this.#issuer(iss);
    await this.#decide({ do: 'reinstate', iss });
    return this.#issuer(iss);
  }

  /**
   * A new key signs from now on. The old one ends once everything that it signed is anchored: statements are judged
   * by the keys of their anchoring time. `compromised` ends it at once, and what it signed and is not anchored is lost.
   */
  async rotateKey(iss: string, why: 'rotated' | 'compromised'): Promise<Issuer> {
    const { db, now } = this.deps;
    const old = this.#issuer(iss).keys.filter(({ until }) => until === undefined);
    const { kid, jwk } = await this.#keepSigningKey(iss);
    await this.#decide({ do: 'addKey', iss, jwk });
    await db
      .updateTable('issuerKeys')
      .set({ retiredAt: now() })
      .where('iss', '=', iss)
      .where('kid', '!=', kid)
      .where('retiredAt', 'is', null)
      .execute();
    this.deps.signers.forget(iss);
    if (why === 'rotated') await this.#anchored(iss);
    for (const { kid: ended } of old) {
      // An ordinary end lies ahead of the transaction that sets it; a compromised key ends before that.
      const until = now() + (why === 'rotated' ? ENDS_AHEAD_MS : 0);
      await this.#decide({ do: 'endKey', iss, kid: ended, until, why });
    }
    return this.#issuer(iss);
  }

  #issuer(iss: string): Issuer {
    const issuer = this.deps.issuer(iss);
    if (!issuer) throw new ServiceError('ISSUER_UNKNOWN', `No facility ${iss} is admitted`);
    return issuer;
  }

  async #decide(action: Readonly<Record<string, unknown>>): Promise<void> {
    const nonce = encodeBase64url(this.deps.random(16));
    try {
      const { block } = await this.deps.ledger.submit('Decide', [canonicalJson({ ...action, nonce })]);
      await this.deps.applied(block);
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'REFUSED') {
        const { code = '', message = '' } = error.refusal ?? {};
        throw new ServiceError('REFUSED_BY_LEDGER', `The ledger refused this: ${message}`, {
          cause: error,
          details: { refusal: code },
        });
      }
      throw error;
    }
  }

  async #keepSigningKey(iss: string): Promise<{ kid: string; jwk: EcPublicJwk }> {
    const { kid, jwk, sealed } = await this.deps.newSigningKey(iss);
    const row = { iss, kid, sealed, createdAt: this.deps.now(), retiredAt: null };
    await this.deps.db.insertInto('issuerKeys').values(row).execute();
    return { kid, jwk };
  }

  async #keepFacilityKey(iss: string): Promise<void> {
    const sealed = await this.deps.newFacilityKey(iss);
    await this.deps.db
      .insertInto('facilityKeys')
      .values({ iss, sealed })
      .onConflict((conflict) => conflict.column('iss').doNothing())
      .execute();
  }

  /** Waits until what the facility has queued by now is anchored. */
  async #anchored(iss: string): Promise<void> {
    const { db, ledger, now } = this.deps;
    const last = await lastInQueue(queueOf(db), ledger.mspId);
    for (const end = now() + ROTATION_WAIT_MS; ; await delay(20)) {
      const [oldest] = await nextInQueue(queueOf(db), ledger.mspId, 0, 1);
      if (!oldest || oldest.seq > last) return;
      if (now() > end) {
        const message = `Statements of ${iss} under its old key are still waiting to be anchored; rotate again later`;
        throw new ServiceError('LEDGER_UNAVAILABLE', message);
      }
    }
  }
}
