import { setTimeout as delay } from 'node:timers/promises';
import type { EcPublicJwk } from '@spondon/protocol/crypto';
import { type Issuer, type IssuerKind, keyOf } from '@spondon/protocol/records';
import { lastInQueue, nextInQueue } from '@spondon/anchor-worker/queue';
import { withCheck } from '../database/row-check.js';
import { type Database, queueOf } from '../database/schema.js';
import type { Copies } from '../database/service-database.js';
import { ServiceError } from '../error.js';
import type { Action, Ballot, Proposal } from './ballot.js';
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

/** A facility as it is now, or what waits for other regulators' votes. */
export type Decided = { readonly issuer: Issuer } | { readonly proposal: Proposal };

export interface RegistrarDeps {
  readonly db: Database;
  /** Our own organisation. */
  readonly mspId: string;
  readonly ballot: Ballot;
  readonly issuer: (iss: string) => Issuer | undefined;
  /** Other copies of the service, where there may be any. */
  readonly copies: Pick<Copies, 'inTurn' | 'withhold'> | null;
  readonly signers: Signers;
  readonly newSigningKey: (iss: string) => { kid: string; jwk: EcPublicJwk; sealed: Uint8Array };
  readonly newFacilityKey: (iss: string) => Uint8Array;
  readonly now: () => number;
}

/** How long a rotation waits for statements under the old key to be anchored. */
const ROTATION_WAIT_MS = 60_000;
const ENDS_AHEAD_MS = 10_000;
/** For the votes of other regulators, or for another deployment to anchor what it has signed. */
const ENDS_AHEAD_OF_OTHERS_MS = 7 * 24 * 60 * 60_000;
const QUEUE_LOOK_MS = 20;

/**
 * What regulators decide about facilities, on the ledger, and what a facility's deployment prepares for that. One thing
 * at a time. Everything that has to be kept here is durable before a decision is proposed and nothing is left to do once
 * it is taken, whenever that is: a key that is kept signs as soon as the registry on the ledger has it.
 */
export class Registrar {
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly deps: RegistrarDeps) {}

  /** Of our own organisation, unless said. */
  admit({
    jwk: own,
    organisation = this.deps.mspId,
    ...admission
  }: Admission & { readonly organisation?: string | undefined }): Promise<Decided> {
    return this.#inTurn(async () => {
      const { iss } = admission;
      this.deps.ballot.assertMayVote();
      this.#assertNew(iss);
      // The keys are durable before the ledger knows them: a crash here leaves keys that nobody uses.
      const jwk = own ?? (await this.#ownKey(iss, organisation));
      if (organisation === this.deps.mspId) await this.#keepFacilityKey(iss);
      return this.#decided(iss, { do: 'admit', ...admission, mspId: organisation, jwk });
    });
  }

  /**
   * For a deployment that is no regulator's: makes the facility's keys, which stay here, and returns what the regulators
   * admit it by. Asked again it returns the same key, as long as the ledger does not have it.
   */
  requestAdmission({
    jwk: own,
    ...admission
  }: Admission): Promise<Required<Admission> & { organisation: string }> {
    return this.#inTurn(async () => {
      const { iss } = admission;
      this.#assertNew(iss);
      await this.#keepFacilityKey(iss);
      const jwk = own ?? (await this.#unusedKey(iss));
      return { ...admission, organisation: this.deps.mspId, jwk };
    });
  }

  /** The same for the next key of a facility whose keys are kept here. */
  requestKey(iss: string): Promise<EcPublicJwk> {
    return this.#inTurn(async () => {
      this.#issuer(iss);
      await this.#assertKeyKeptHere(iss);
      return this.#unusedKey(iss);
    });
  }

  proposals(): readonly Proposal[] {
    return this.deps.ballot.proposals();
  }

  /** Votes for what another regulator proposed. Null when that carried it out. */
  confirm(id: string): Promise<Proposal | null> {
    return this.#inTurn(() => this.deps.ballot.confirm(id));
  }

  suspend(iss: string): Promise<Decided> {
    return this.#setState(iss, 'suspend');
  }

  reinstate(iss: string): Promise<Decided> {
    return this.#setState(iss, 'reinstate');
  }

  /**
   * A new key signs from now on: the facility's own, or one made here for a facility whose key is kept here. The old
   * ones end once everything that they signed is anchored, since statements are judged by the keys of their anchoring
   * time. `compromised` ends them at once, and what they signed and is not anchored is lost. Where other regulators vote
   * too, the new key is proposed alone: the old ones end by decisions of their own.
   */
  rotateKey(iss: string, why: 'rotated' | 'compromised', own?: EcPublicJwk): Promise<Decided> {
    return this.#inTurn(async () => {
      const { ballot } = this.deps;
      ballot.assertMayVote();
      const old = this.#issuer(iss).keys.filter(({ until }) => until === undefined);
      if (own === undefined) await this.#assertKeyKeptHere(iss);
      const jwk = own ?? (ballot.isShared ? await this.#unusedKey(iss) : await this.#newKey(iss));
      const added = await this.#decided(iss, { do: 'addKey', iss, jwk });
      if (ballot.isShared) return added;
      const end = async (): Promise<Decided> => {
        for (const { kid } of old) await this.#end(iss, kid, { why });
        return { issuer: this.#issuer(iss) };
      };
      const kids = old.map(({ kid }) => kid);
      return why === 'rotated' ? this.#whenSettled(iss, kids, end) : end();
    });
  }

  /**
   * Ends a key without bringing a new one. One that is `rotated` signs nothing more here at once, and ends when what it
   * signed is anchored. Of one that is `compromised`, what it signed and is not anchored is lost.
   */
  endKey(iss: string, kid: string, end: KeyEnd): Promise<Decided> {
    return this.#inTurn(async () => {
      this.deps.ballot.assertMayVote();
      if (!keyOf(this.#issuer(iss), kid)) throw new ServiceError('NOT_FOUND', `${iss} has no key ${kid}`);
      const release = this.deps.signers.withhold(iss, kid);
      try {
        const ended = () => this.#end(iss, kid, end);
        return await (end.why === 'rotated' ? this.#whenSettled(iss, [kid], ended) : ended());
      } finally {
        // By now the registry keeps it from signing; or it was not ended, and goes on.
        release();
      }
    });
  }

  /**
   * Annuls the revocation of a document: it stands again. Only one that is on the ledger; its facility may revoke again.
   * Null when that was carried out.
   */
  annul(iss: string, jti: string): Promise<Proposal | null> {
    return this.#inTurn(() => {
      this.#issuer(iss);
      return this.deps.ballot.propose({ do: 'annul', iss, jti });
    });
  }

  /** Two rotations at once would each leave the other's key valid. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { copies, ballot } = this.deps;
    const alone = async (): Promise<T> => {
      if (copies === null) return work();
      return copies.inTurn('registrar', async () => {
        // The copy that was at it before may have been ahead.
        await ballot.catchUp();
        return work();
      });
    };
    const result = this.#last.then(alone, alone);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #setState(iss: string, change: 'suspend' | 'reinstate'): Promise<Decided> {
    return this.#inTurn(() => {
      this.#issuer(iss);
      return this.#decided(iss, { do: change, iss });
    });
  }

  #end(iss: string, kid: string, { why, since }: KeyEnd): Promise<Decided> {
    const { ballot, mspId, now } = this.deps;
    const isOursAlone = !ballot.isShared && this.#issuer(iss).mspId === mspId;
    // An ordinary end lies ahead of the transaction that sets it; a compromised key ends before that.
    const ahead = why === 'compromised' ? 0 : isOursAlone ? ENDS_AHEAD_MS : ENDS_AHEAD_OF_OTHERS_MS;
    return this.#decided(iss, { do: 'endKey', iss, kid, until: since ?? now() + ahead, why });
  }

  async #decided(iss: string, action: Action): Promise<Decided> {
    const proposal = await this.deps.ballot.propose(action);
    return proposal ? { proposal } : { issuer: this.#issuer(iss) };
  }

  #issuer(iss: string): Issuer {
    const issuer = this.deps.issuer(iss);
    if (!issuer) throw new ServiceError('ISSUER_UNKNOWN', `No facility ${iss} is admitted`);
    return issuer;
  }

  #assertNew(iss: string): void {
    if (this.deps.issuer(iss)) throw new ServiceError('ISSUER_EXISTS', `${iss} is admitted already`);
  }

  async #assertKeyKeptHere(iss: string): Promise<void> {
    if (await this.deps.signers.keepsKeyOf(iss)) return;
    const message = 'The key of this facility is not kept here: send its new public key as jwk';
    throw new ServiceError('ISSUER_KEYLESS', message);
  }

  #ownKey(iss: string, organisation: string): Promise<EcPublicJwk> {
    if (organisation === this.deps.mspId) return this.#unusedKey(iss);
    const message = `jwk: the key of a facility of ${organisation} is made by its own deployment, which prepares the request`;
    throw new ServiceError('REQUEST_INVALID', message);
  }

  /** A key that is kept and not on the ledger, made when there is none. */
  async #unusedKey(iss: string): Promise<EcPublicJwk> {
    return (await this.deps.signers.unusedKeyOf(iss)) ?? this.#newKey(iss);
  }

  async #newKey(iss: string): Promise<EcPublicJwk> {
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
  async #whenSettled(iss: string, kids: readonly string[], end: () => Promise<Decided>): Promise<Decided> {
    const { signers, copies } = this.deps;
    await signers.settled(iss);
    const withheld = await copies?.withhold(iss, kids);
    try {
      await this.#emptied(iss);
      const decided = await end();
      // Ended ones stay withheld, until every copy has read that in the registry.
      if ('proposal' in decided) await withheld?.release();
      return decided;
    } catch (error) {
      // They were not ended, and go on.
      await withheld?.release();
      throw error;
    }
  }

  /** Waits until what is queued by now is anchored. */
  async #emptied(iss: string): Promise<void> {
    const { db, mspId, now } = this.deps;
    const last = await lastInQueue(queueOf(db), mspId);
    const end = now() + ROTATION_WAIT_MS;
    for (;;) {
      const [oldest] = await nextInQueue(queueOf(db), mspId, 0, 1);
      if (!oldest || oldest.seq > last) return;
      if (now() > end) {
        const message = `Statements of ${iss} under the key that is to end are still waiting to be anchored; try again later`;
        throw new ServiceError('LEDGER_UNAVAILABLE', message);
      }
      await delay(QUEUE_LOOK_MS);
    }
  }
}
