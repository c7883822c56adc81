import { formatDocumentId } from '@spondon/protocol/document-id';
import { type RevocationReason, signStatement, type Statement } from '@spondon/protocol/statement';
import { enqueue, queuedByCode, type QueueDb, type QueueRow } from '@spondon/anchor-worker/queue';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import { type Database, queueOf } from '../database/schema.js';
import { ServiceError } from '../error.js';
import type { WithSigner } from '../facilities/signers.js';
import { type Idempotent, saveOutcome } from './idempotency.js';
import { queueRow } from './queueing.js';

/**
 * To be awaited between asking the queue and asking the log: resolves once the log shows what left the queue before,
 * also when another copy of the service saw it anchored.
 */
export type UpToDate = (db: QueueDb) => Promise<void>;

export interface RevokeDeps {
  readonly db: Database;
  readonly log: Pick<LogStore, 'findByCode' | 'annulment'>;
  readonly withSigner: WithSigner;
  /** Where other copies may be ending a key: within the transaction that queues what it signed. */
  readonly assertSigns?: ((trx: Database, iss: string, kid: string) => Promise<void>) | undefined;
  readonly upToDate: UpToDate;
  readonly now: () => number;
  readonly mspId: string;
  readonly onQueued: (count: number) => void;
}

export interface Revocation {
  readonly iss: string;
  readonly jti: string;
  readonly reason: Exclude<RevocationReason, 'superseded'>;
  readonly idempotent: Idempotent | null;
}

export interface Revoked {
  readonly documentId: string;
  readonly reason: RevocationReason;
  readonly state: 'pending';
}

/** Withdraws a document, also one that is not anchored yet. Resolves once the signed revocation is durably queued. */
export async function revokeDocument(
  deps: RevokeDeps,
  { iss, jti, reason, idempotent }: Revocation,
): Promise<Revoked> {
  const revoked: Revoked = { documentId: formatDocumentId(jti), reason, state: 'pending' };
  await deps.withSigner(iss, async ({ kid, sign }) => {
    const at = deps.now();
    const iat = revocationTime(deps.log, iss, jti, at);
    const statement: Statement = { op: 'revoke', iss, iat, jti, reason };
    const text = await signStatement(statement, kid, sign);
    await deps.db.transaction().execute(async (trx) => {
      await deps.assertSigns?.(trx, iss, kid);
      // Asked within the transaction: of two revocations at once, one is told that it came second.
      await assertRevocable({ ...deps, db: trx }, iss, jti);
      const [lost] = await enqueue(queueOf(trx), [queueRow(deps.mspId, statement, text, at)]);
      if (lost) throw alreadyRevoked(jti);
      if (idempotent) await saveOutcome(trx, idempotent, { status: 202, body: revoked, at });
    });
  });
  deps.onQueued(1);
  return revoked;
}

/** Throws unless `iss` issued the document (anchored or still queued) and has not revoked it. */
export async function assertRevocable(
  { db, log, upToDate }: Pick<RevokeDeps, 'db' | 'log' | 'upToDate'>,
  iss: string,
  jti: string,
): Promise<void> {
  const queued = await queuedByCode(queueOf(db), jti);
  await upToDate(queueOf(db));
  const refusal = whyNotRevocable(log, queued, iss, jti);
  if (refusal) throw refusal;
}

/** `queued`: what was queued under the documentId before the log was asked: what has left since is in the log. */
export function whyNotRevocable(
  log: RevokeDeps['log'],
  queued: readonly Pick<QueueRow, 'iss' | 'op'>[],
  iss: string,
  jti: string,
): ServiceError | null {
  const ops = new Set(queued.filter((row) => row.iss === iss).map(({ op }) => op));
  const anchored = log.findByCode(jti).filter(({ signed }) => signed.statement.iss === iss);
  if (!ops.has('issue') && !anchored.some(({ signed }) => signed.statement.op === 'issue')) {
    return new ServiceError(
      'DOCUMENT_UNKNOWN',
      `This facility has issued no document ${formatDocumentId(jti)}`,
    );
  }
  const last = anchored.findLast(({ signed }) => signed.statement.op === 'revoke');
  const stands = last !== undefined && log.annulment(iss, jti)?.index !== last.index;
  return ops.has('revoke') || stands ? alreadyRevoked(jti) : null;
}

/**
 * `iat` of a revocation made at `at` (ms). After an annulment the contract takes none from before it, and a statement is
 * dated in seconds: within that second, it is the next one.
 */
export function revocationTime(log: RevokeDeps['log'], iss: string, jti: string, at: number): number {
  const annulled = log.annulment(iss, jti)?.annulled ?? 0;
  return Math.max(Math.floor(at / 1000), Math.ceil(annulled / 1000));
}

export function alreadyRevoked(jti: string): ServiceError {
  return new ServiceError('ALREADY_REVOKED', `Document ${formatDocumentId(jti)} is revoked already`);
}
