import { encodeBase64url } from '@spondon/protocol/base64url';
import { type EcPublicJwk, type Hash, publicKeyFromJwk, type Verify } from '@spondon/protocol/crypto';
import { readFoundClaims } from '@spondon/protocol/found-claims';
import { type Issuer, keyOf, type Status } from '@spondon/protocol/records';
import { parseStatement, type SignedStatement, verifyStatement } from '@spondon/protocol/statement';
import type { FoundClaims, FoundRecord, Lookup, PendingRevocation } from '@spondon/protocol/verdict/finding';
import { LedgerError } from '@spondon/ledger/port';
import { WorkerError } from '@spondon/anchor-worker/error';
import type { About, QueueRow } from '@spondon/anchor-worker/queue';
import type { Anchored, LogStore } from '@spondon/anchor-worker/log/store';
import { isStorageUnavailable } from '../error.js';

export interface FindDeps {
  readonly log: Pick<LogStore, 'findByCode' | 'findByHash' | 'issuer' | 'annulment'>;
  /** False when nothing waits to be anchored, which spares asking the database. */
  readonly mayBeQueued: () => boolean;
  /** What waits about it. Once this resolves, the log shows what left the queue before. Throws `STORAGE_UNAVAILABLE`. */
  readonly queued: (about: About) => Promise<readonly QueueRow[]>;
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

/** What is wanted of the log and of the queue. */
interface Wanted extends About {
  /** Its issues in the log, as it is now. */
  readonly find: () => Anchored[];
  readonly isWanted: (queued: QueueRow) => boolean;
  /** Whether the log alone holds all that was asked about, so that nothing would be called unknown that may wait. */
  readonly isAllIn: (anchored: readonly Anchored[]) => boolean;
}

/** Finds what is known about a document, on the ledger as this service has read it and in its queue. */
export class Finder {
  /** Of the registry's keys: whether each lies on the curve need not be computed for each answer. */
  readonly #points = new WeakMap<EcPublicJwk, Uint8Array>();

  constructor(private readonly deps: FindDeps) {}

  /** Records with this hash, and those that the claims found in the file name. */
  async byFile(hash: Uint8Array, claims: readonly FoundClaims[]): Promise<Lookup> {
    const { log } = this.deps;
    const sha256 = encodeBase64url(hash);
    const isNamed = ({ iss, jti }: Named): boolean =>
      claims.some((named) => named.iss === iss && named.jti === jti);
    const jtis = claims.map(({ jti }) => jti);
    const find = (): Anchored[] => {
      const found = log.findByHash(hash);
      for (const jti of new Set(jtis)) {
        const isNew = (entry: Anchored): boolean => !found.some((known) => isSameEntry(known, entry));
        found.push(...this.#issues(jti).filter((entry) => isNamed(entry.signed.statement) && isNew(entry)));
      }
      return found;
    };
    return this.#answer({
      sha256,
      jtis,
      find,
      isWanted: (row) => row.sha256 === sha256 || isNamed(row),
      isAllIn: (found) => found.length > 0 && claims.every((named) => found.some(isOf(named))),
    });
  }

  /** Records under this documentId, of any issuer. */
  async byCode(jti: string): Promise<Lookup> {
    return this.#answer({
      jtis: [jti],
      find: () => this.#issues(jti),
      isWanted: () => true,
      isAllIn: (found) => found.length > 0,
    });
  }

  /** What can be said of a claims JWS by itself. Null when the text is no claims JWS in its one spelling. */
  async claims(jws: string): Promise<FoundClaims | null> {
    const { hash, verify, log, isCurrent } = this.deps;
    const isComplete = await isCurrent();
    return readFoundClaims(jws, { issuer: (iss) => log.issuer(iss), isComplete }, hash, verify);
  }

  /** An outage is told as such: nothing found would read as a verdict about the document. */
  async #answer(wanted: Wanted): Promise<Lookup> {
    const { isCurrent, onDamage } = this.deps;
    if (!(await isCurrent())) return { state: 'unavailable' };
    try {
      return await this.#lookUp(wanted);
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'UNAVAILABLE') return { state: 'unavailable' };
      if (!(error instanceof WorkerError)) throw error;
      onDamage(error);
      return { state: 'unavailable' };
    }
  }

  async #lookUp({ find, isWanted, isAllIn, sha256, jtis: asked }: Wanted): Promise<Lookup> {
    const { mayBeQueued, queued } = this.deps;
    let anchored = find();
    if (!mayBeQueued()) return this.#answered(anchored, [], []);
    // A withdrawal that waits is found by the code of its document, which for a file only what is found tells.
    let jtis = new Set([...asked, ...anchored.map(jtiOf)]);
    for (;;) {
      let rows: readonly QueueRow[];
      try {
        rows = await queued({ sha256, jtis: [...jtis] });
      } catch (error) {
        // What is anchored stands, with its status, whether the database answers or not.
        if (!isStorageUnavailable(error) || !isAllIn(anchored)) throw error;
        return { ...(await this.#answered(anchored, [], [])), waitingUnknown: true };
      }
      // Again: what left the queue meanwhile is in the log by now.
      anchored = find();
      const all = new Set([...jtis, ...anchored.map(jtiOf), ...rows.map(({ jti }) => jti)]);
      if (all.size === jtis.size) {
        const issues = rows.filter((row) => row.op === 'issue' && isWanted(row));
        return this.#answered(anchored, issues, rows);
      }
      jtis = all;
    }
  }

  #issues(jti: string): Anchored[] {
    return this.deps.log.findByCode(jti).filter(({ signed }) => signed.statement.op === 'issue');
  }

  async #answered(
    anchored: readonly Anchored[],
    queued: readonly QueueRow[],
    waiting: readonly QueueRow[],
  ): Promise<Lookup & { readonly state: 'answered' }> {
    const records: FoundRecord[] = [];
    for (const entry of anchored) {
      const { mspId, index, at, signed } = entry;
      const record = await this.#record(signed, { state: 'anchored', mspId, index, at }, [entry], waiting);
      if (record) records.push(record);
    }
    const texts = new Set(queued.length === 0 ? [] : anchored.map(({ signed }) => signed.text));
    for (const { statement, acceptedAt } of queued) {
      // Anchored, and about to leave the queue.
      if (texts.has(statement)) continue;
      texts.add(statement);
      const anchoring = { state: 'pending', acceptedAt } as const;
      const record = await this.#record(parseStatement(statement), anchoring, [], waiting);
      if (record) records.push(record);
    }
    return { state: 'answered', source: 'register', records };
  }

  async #record(
    signed: SignedStatement,
    anchoring: FoundRecord['anchoring'],
    atHand: readonly Anchored[],
    waiting: readonly QueueRow[],
  ): Promise<FoundRecord | null> {
    const { statement, kid } = signed;
    if (statement.op !== 'issue') return null;
    const issuer = this.deps.log.issuer(statement.iss) ?? null;
    const revocation = pendingRevocation(statement, waiting);
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
}

type Named = Pick<QueueRow, 'iss' | 'jti'>;

function pendingRevocation({ iss, jti }: Named, waiting: readonly QueueRow[]): PendingRevocation | null {
  const row = waiting.find((each) => each.iss === iss && each.jti === jti && each.op === 'revoke');
  if (!row) return null;
  const { statement } = parseStatement(row.statement);
  if (statement.op !== 'revoke') return null;
  const { reason, by } = statement;
  return { reason, ...(by === undefined ? {} : { by }), acceptedAt: row.acceptedAt };
}

function jtiOf({ signed }: Anchored): string {
  return signed.statement.jti;
}

function isOf({ iss, jti }: Named) {
  return ({ signed: { statement } }: Anchored): boolean => statement.iss === iss && statement.jti === jti;
}

function isSameEntry(a: Anchored, b: Anchored): boolean {
  return a.mspId === b.mspId && a.index === b.index;
}
