import { setTimeout as delay } from 'node:timers/promises';
import { canonicalJson } from '@spondon/protocol/canonical';
import type { EcPublicJwk } from '@spondon/protocol/crypto';
import { type Issuer, type IssuerKind, keyOf } from '@spondon/protocol/records';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { type Ledger, LedgerError } from '@spondon/ledger/port';
import { lastInQueue, nextInQueue } from '@spondon/anchor-worker/queue';
import { withCheck } from '../database/row-check.js';
import { type Database, queueOf } from '../database/schema.js';
import type { Copies } from '../database/service-database.js';
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

/** How a key ends. */
export interface KeyEnd {
  readonly why: 'rotated' | 'compromised';
  /**
   * First moment at which it is no longer good, Unix ms; the present one when absent. In the past only when
   * `compromised`: what was anchored from then on fails.
   */
  readonly since?: number | undefined;
}

export interface RegistrarDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly issuer: (iss: string) => Issuer | undefined;
  /** Resolves once the registry shows what a block wrote. */
  readonly applied: (block: number) => Promise<void>;
  /** Told of the block of each decision, once it is applied here. */
  readonly decided: (block: number) => Promise<void>;
  /** Other copies of the service, where there may be any. */
  readonly copies: Pick<Copies, 'inTurn' | 'withhold'> | null;
  readonly signers: Signers;
  readonly newSigningKey: (iss: string) => { kid: string; jwk: EcPublicJwk; sealed: Uint8Array };
  readonly newFacilityKey: (iss: string) => Uint8Array;
  readonly now: () => number;
  readonly random: (length: number) => Uint8Array;
}

/** How long a rotation waits for statements under the old key to be anchored. */
const ROTATION_WAIT_MS = 60_000;
const ENDS_AHEAD_MS = 10_000;
const QUEUE_LOOK_MS = 20;

/** The ledger's clock ticks in between now and then, and what was endorsed before has to be made anew. */
const DECISION_ATTEMPTS = 5;

/** What the regulators decide about facilities, on the ledger. One thing at a time. */
export class Registrar {
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: RegistrarDeps) {}

  admit({ jwk: own, ...admission }: Admission): Promise<Issuer> {
    return this.#inTurn(async () => {
      const { iss } = admission;
      if (this.deps.issuer(iss)) throw new ServiceError('ISSUER_EXISTS', `${iss} is admitted already`);
      await this.#keepFacilityKey(iss);
      const jwk = own ?? (await this.#keepSigningKey(iss));
      // The keys are durable before the ledger knows them: a crash here leaves keys that nobody uses.
      await this.#decide({ do: 'admit', ...admission, mspId: this.deps.ledger.mspId, jwk });
      return this.#issuer(iss);
    });
  }

  suspend(iss: string): Promise<Issuer> {
    return this.#setState(iss, 'suspend');
  }

  reinstate(iss: string): Promise<Issuer> {
    return this.#setState(iss, 'reinstate');
  }

  /**
   * A new key signs from now on: the facility's own, or one made here for a facility whose key is kept here. The old
   * ones end once everything that they signed is anchored, since statements are judged by the keys of their anchoring
   * time. `compromised` ends them at once, and what they signed and is not anchored is lost.
   */
  rotateKey(iss: string, why: 'rotated' | 'compromised', own?: EcPublicJwk): Promise<Issuer> {
    return this.#inTurn(async () => {
      const { signers } = this.deps;
      const old = this.#issuer(iss).keys.filter(({ until }) => until === undefined);
      if (own === undefined && !(await signers.keepsKeyOf(iss))) {
        throw new ServiceError(
          'ISSUER_KEYLESS',
          'This facility keeps its key at home: send its new public key as jwk',
        );
      }
      const jwk = own ?? (await this.#keepSigningKey(iss));
      await this.#decide({ do: 'addKey', iss, jwk });
      const end = async (): Promise<void> => {
        for (const { kid } of old) await this.#end(iss, kid, { why });
      };
      if (why === 'rotated') await this.#whenSettled(iss, kidsOf(old), end);
      else await end();
      return this.#issuer(iss);
    });
  }

  /**
   * Ends a key without bringing a new one. One that is `rotated` signs nothing more here at once, and ends when what it
   * signed is anchored. Of one that is `compromised`, what it signed and is not anchored is lost.
   */
  endKey(iss: string, kid: string, end: KeyEnd): Promise<Issuer> {
    return this.#inTurn(async () => {
      if (!keyOf(this.#issuer(iss), kid)) throw new ServiceError('NOT_FOUND', `${iss} has no key ${kid}`);
      const release = this.deps.signers.withhold(iss, kid);
      try {
        if (end.why === 'rotated') await this.#whenSettled(iss, [kid], () => this.#end(iss, kid, end));
        else await this.#end(iss, kid, end);
      } finally {
        // By now the registry keeps it from signing; or it was not ended, and goes on.
        release();
      }
      return this.#issuer(iss);
    });
  }

  /**
   * Annuls the revocation of a document: it stands again. Only one that is on the ledger; its facility may revoke again.
   */
  annul(iss: string, jti: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#issuer(iss);
      await this.#decide({ do: 'annul', iss, jti });
    });
  }

  /** Two rotations at once would each leave the other's key valid. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { copies } = this.deps;
    const alone = copies ? () => copies.inTurn('registrar', () => this.#upToDate(work)) : work;
    const result = this.#last.then(alone, alone);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** The copy that was at it before may have been ahead. */
  async #upToDate<T>(work: () => Promise<T>): Promise<T> {
    await this.deps.applied((await this.deps.ledger.height()) - 1);
    return work();
  }

  #setState(iss: string, change: 'suspend' | 'reinstate'): Promise<Issuer> {
    return this.#inTurn(async () => {
      this.#issuer(iss);
      await this.#decide({ do: change, iss });
      return this.#issuer(iss);
    });
  }

  #end(iss: string, kid: string, { why, since }: KeyEnd): Promise<void> {
    // An ordinary end lies ahead of the transaction that sets it; a compromised key ends before that.
    const until = since ?? this.deps.now() + (why === 'rotated' ? ENDS_AHEAD_MS : 0);
    return this.#decide({ do: 'endKey', iss, kid, until, why });
  }

  #issuer(iss: string): Issuer {
    const issuer = this.deps.issuer(iss);
    if (!issuer) throw new ServiceError('ISSUER_UNKNOWN', `No facility ${iss} is admitted`);
    return issuer;
  }

  async #decide(action: Readonly<Record<string, unknown>>): Promise<void> {
    const nonce = encodeBase64url(this.deps.random(16));
    const block = await this.#submit(canonicalJson({ ...action, nonce }));
    await this.deps.applied(block);
    await this.deps.decided(block);
  }

  async #submit(action: string): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.deps.ledger.submit('Decide', [action])).block;
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        if (error.code === 'CONFLICT' && attempt < DECISION_ATTEMPTS) continue;
        throw error.code === 'REFUSED' ? refusedByLedger(error) : error;
      }
    }
  }

  async #keepSigningKey(iss: string): Promise<EcPublicJwk> {
    const { kid, jwk, sealed } = this.deps.newSigningKey(iss);
    const row = withCheck({ iss, kid, sealed, createdAt: this.deps.now() });
    await this.deps.db.insertInto('issuerKeys').values(row).execute();
    return jwk;
  }

  async #keepFacilityKey(iss: string): Promise<void> {
    const sealed = this.deps.newFacilityKey(iss);
    await this.deps.db
      .insertInto('facilityKeys')
      .values(withCheck({ iss, sealed }))
      .onConflict((conflict) => conflict.column('iss').doNothing())
      .execute();
  }

  /** Ends keys once what they signed is anchored, here and in other copies, which sign nothing with them meanwhile. */
  async #whenSettled(iss: string, kids: readonly string[], end: () => Promise<void>): Promise<void> {
    const { signers, copies } = this.deps;
    await signers.settled(iss);
    const withheld = await copies?.withhold(iss, kids);
    try {
      await this.#emptied(iss);
      await end();
    } catch (error) {
      // They were not ended, and go on. Ended ones stay withheld, until every copy has read that in the registry.
      await withheld?.release();
      throw error;
    }
  }

  /** Waits until what is queued by now is anchored. */
  async #emptied(iss: string): Promise<void> {
    const { db, ledger, now } = this.deps;
    const last = await lastInQueue(queueOf(db), ledger.mspId);
    const end = now() + ROTATION_WAIT_MS;
    for (;;) {
      const [oldest] = await nextInQueue(queueOf(db), ledger.mspId, 0, 1);
      if (!oldest || oldest.seq > last) return;
      if (now() > end) {
        const message = `Statements of ${iss} under the key that is to end are still waiting to be anchored; try again later`;
        throw new ServiceError('LEDGER_UNAVAILABLE', message);
      }
      await delay(QUEUE_LOOK_MS);
    }
  }
}

function kidsOf(keys: Issuer['keys']): string[] {
  return keys.map(({ kid }) => kid);
}

function refusedByLedger(error: LedgerError): ServiceError {
  // Committers refuse without words of the contract.
  const { code = '', message = error.message } = error.refusal ?? {};
  const options = { cause: error, details: { refusal: code } };
  return new ServiceError('REFUSED_BY_LEDGER', `The ledger refused this: ${message}`, options);
}
