import { encodeBase64url } from '@spondon/protocol/base64url';
import { type EcPublicJwk, type Hash, publicKeyFromJwk, type Verify } from '@spondon/protocol/crypto';
import { readFoundClaims } from '@spondon/protocol/found-claims';
import { type Issuer, keyOf, type Status } from '@spondon/protocol/records';
import { parseStatement, type SignedStatement, verifyStatement } from '@spondon/protocol/statement';
import type { FoundClaims, FoundRecord, Lookup, PendingRevocation } from '@spondon/protocol/verdict/finding';
import { LedgerError } from '@spondon/ledger/port';
import { WorkerError } from '@spondon/anchor-worker/error';
import { queuedByCode, queuedByHash, type QueueDb, type QueueRow } from '@spondon/anchor-worker/queue';
import type { Anchored, LogStore } from '@spondon/anchor-worker/log/store';
import type { UpToDate } from '../documents/revoke.js';

export interface FindDeps {
  readonly log: Pick<LogStore, 'findByCode' | 'findByHash' | 'issuer' | 'annulment'>;
  readonly db: QueueDb;
  /** False when nothing waits to be anchored, which spares asking the database. */
  readonly mayBeQueued: () => boolean;
  /** Resolves once the log shows what left the queue before this was asked. */
  readonly upToDate: UpToDate;
  /** False when the ledger may have what was not read: then nothing here may be taken for its state. */
  readonly isCurrent: () => Promise<boolean>;
  /** Told that the log's own files cannot be read. */
  readonly onDamage: (error: WorkerError) => void;
  readonly hash: Hash;
  /** Asked about the same entries again and again. */
  readonly verify: Verify;
  readonly now: () => number;
  /** One owner keeps the whole ledger, which every answer then says. */
  readonly singleOwner: boolean;
}

/** Finds what is known about a document, on the ledger as this service has read it and in its queue. */
export class Finder {
  /** Of the registry's keys: whether each lies on the curve need not be computed for each answer. */
  readonly #points = new WeakMap<EcPublicJwk, Uint8Array>();

  constructor(private readonly deps: FindDeps) {}

  /** Records with this hash, and those that the claims found in the file name. */
  async byFile(sha256: Uint8Array, claims: readonly FoundClaims[]): Promise<Lookup> {
    return this.#answer(async () => {
      const { log } = this.deps;
      const queued = await this.#queued((db) => queuedByHash(db, encodeBase64url(sha256)));
      const anchored = log.findByHash(sha256);
      for (const { jti, iss } of claims) {
        const named = await this.#issuesByCode(jti);
        const isNew = (entry: Anchored): boolean => !anchored.some((known) => isSameEntry(known, entry));
        anchored.push(
          ...named.anchored.filter((entry) => entry.signed.statement.iss === iss && isNew(entry)),
        );
        queued.push(...named.queued.filter((row) => row.iss === iss));
      }
      return this.#answered(anchored, queued);
    });
  }

  /** Records under this documentId, of any issuer. */
  async byCode(jti: string): Promise<Lookup> {
    return this.#answer(async () => {
      const { anchored, queued } = await this.#issuesByCode(jti);
      return this.#answered(anchored, queued);
    });
  }

  /** What can be said of a claims JWS by itself. Null when the text is no claims JWS in its one spelling. */
  async claims(jws: string): Promise<FoundClaims | null> {
    const { hash, verify, log, isCurrent } = this.deps;
    const isComplete = await isCurrent();
    return readFoundClaims(jws, { issuer: (iss) => log.issuer(iss), isComplete }, hash, verify);
  }

  /** An outage is told as such: nothing found would read as a verdict about the document. */
  async #answer(find: () => Promise<Lookup>): Promise<Lookup> {
    const { isCurrent, onDamage } = this.deps;
    if (!(await isCurrent())) return { state: 'unavailable' };
    try {
      return await find();
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'UNAVAILABLE') return { state: 'unavailable' };
      if (!(error instanceof WorkerError)) throw error;
      onDamage(error);
      return { state: 'unavailable' };
    }
  }

  /** To be asked before the log: what leaves the queue is in the log once this resolves. */
  async #queued(ask: (db: QueueDb) => Promise<QueueRow[]>): Promise<QueueRow[]> {
    const { db, mayBeQueued, upToDate } = this.deps;
    const rows = mayBeQueued() ? await ask(db) : [];
    await upToDate(db);
    return rows;
  }

  async #issuesByCode(jti: string): Promise<{ anchored: Anchored[]; queued: QueueRow[] }> {
    const queued = await this.#queued((db) => queuedByCode(db, jti));
    const anchored = this.deps.log.findByCode(jti).filter(({ signed }) => signed.statement.op === 'issue');
    return { anchored, queued: queued.filter(({ op }) => op === 'issue') };
  }

  async #answered(anchored: readonly Anchored[], queued: readonly QueueRow[]): Promise<Lookup> {
    const records: FoundRecord[] = [];
    for (const entry of anchored) {
      const { mspId, index, at, signed } = entry;
      const record = await this.#record(signed, { state: 'anchored', mspId, index, at }, [entry]);
      if (record) records.push(record);
    }
    const texts = new Set(queued.length === 0 ? [] : anchored.map(({ signed }) => signed.text));
    for (const { statement, acceptedAt } of queued) {
      // Anchored, and about to leave the queue.
      if (texts.has(statement)) continue;
      texts.add(statement);
      const record = await this.#record(parseStatement(statement), { state: 'pending', acceptedAt }, []);
      if (record) records.push(record);
    }
    return { state: 'answered', source: 'register', records };
  }

  async #record(
    signed: SignedStatement,
    anchoring: FoundRecord['anchoring'],
    atHand: readonly Anchored[],
  ): Promise<FoundRecord | null> {
    const { statement, kid } = signed;
    if (statement.op !== 'issue') return null;
    const issuer = this.deps.log.issuer(statement.iss) ?? null;
    const revocation = await this.#pendingRevocation(statement.iss, statement.jti);
    const status = this.#status(statement.iss, statement.jti, atHand);
    return {
      statement,
      kid,
      issuer,
      signatureGood: await this.#isSigned(signed, issuer),
      anchoring,
      status: { state: 'known', status, asOf: this.deps.now() },
      ...(revocation ? { pendingRevocation: revocation } : {}),
      singleOwner: this.deps.singleOwner,
    };
  }

  async #isSigned(signed: SignedStatement, issuer: Issuer | null): Promise<boolean> {
    const key = issuer && keyOf(issuer, signed.kid);
    return key !== null && verifyStatement(signed, this.#pointOf(key.jwk), this.deps.verify);
  }

  #pointOf(jwk: EcPublicJwk): Uint8Array {
    const known = this.#points.get(jwk);
    if (known) return known;
    const point = publicKeyFromJwk(jwk);
    this.#points.set(jwk, point);
    return point;
  }

  /** The last revocation in the log: the contract let it in only with its issuer's signature and a proof. */
  #status(iss: string, jti: string, atHand: readonly Anchored[]): Status | null {
    const { log } = this.deps;
    const last = log
      .findByCode(jti, atHand)
      .findLast(({ signed: { statement } }) => statement.op === 'revoke' && statement.iss === iss);
    if (last?.signed.statement.op !== 'revoke') return null;
    const { reason, by } = last.signed.statement;
    const annulment = log.annulment(iss, jti);
    const annulled = annulment?.index === last.index ? annulment.annulled : undefined;
    return {
      reason,
      ...(by === undefined ? {} : { by }),
      at: last.at,
      index: last.index,
      mspId: last.mspId,
      ...(annulled === undefined ? {} : { annulled }),
    };
  }

  async #pendingRevocation(iss: string, jti: string): Promise<PendingRevocation | null> {
    const queued = await this.#queued((db) => queuedByCode(db, jti));
    const row = queued.find((each) => each.iss === iss && each.op === 'revoke');
    if (!row) return null;
    const { statement } = parseStatement(row.statement);
    if (statement.op !== 'revoke') return null;
    const { reason, by } = statement;
    return { reason, ...(by === undefined ? {} : { by }), acceptedAt: row.acceptedAt };
  }
}

function isSameEntry(a: Anchored, b: Anchored): boolean {
  return a.mspId === b.mspId && a.index === b.index;
}
