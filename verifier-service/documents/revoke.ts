import { formatDocumentId } from '@spondon/protocol/document-id';
import { type RevocationReason, signStatement, type Statement } from '@spondon/protocol/statement';
import { enqueue, queuedByCode } from '@spondon/anchor-worker/queue';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import { type Database, queueOf } from '../database/schema.js';
import { ServiceError } from '../error.js';
import type { IssuerSigner } from '../facilities/signers.js';
import { type Idempotent, saveOutcome } from './idempotency.js';
import { queueRow } from './issue.js';

export interface RevokeDeps {
  readonly db: Database;
  readonly log: Pick<LogStore, 'findByCode' | 'annulment'>;
  readonly signerOf: (iss: string) => Promise<IssuerSigner>;
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

/** Withdraws a document. Resolves once the signed revocation is durably queued. */
export async function revokeDocument(deps: RevokeDeps, request: Revocation): Promise<Revoked> {
  const { iss, jti, reason } = request;
  await assertRevocable(deps, iss, jti);
  const { kid, sign } = await deps.signerOf(iss);
  const at = deps.now();
  const statement: Statement = { op: 'revoke', iss, iat: Math.floor(at / 1000), jti, reason };
  const text = await signStatement(statement, kid, sign);
  const revoked: Revoked = { documentId: formatDocumentId(jti), reason, state: 'pending' };
  await deps.db.transaction().execute(async (trx) => {
    await enqueue(queueOf(trx), [queueRow(deps.mspId, statement, text, at)]);
    if (request.idempotent) await saveOutcome(trx, request.idempotent, { status: 202, body: revoked, at });
  });
  deps.onQueued(1);
  return revoked;
}

/** Throws unless `iss` issued the document (anchored or still queued) and has not revoked it. */
export async function assertRevocable(
  { db, log }: Pick<RevokeDeps, 'db' | 'log'>,
  iss: string,
  jti: string,
): Promise<void> {
  const queued = (await queuedByCode(queueOf(db), jti)).filter((row) => row.iss === iss);
  const anchored = log.findByCode(jti).filter(({ signed }) => signed.statement.iss === iss);
  const issued =
    queued.some(({ op }) => op === 'issue') || anchored.some(({ signed }) => signed.statement.op === 'issue');
  if (!issued) throw new ServiceError('DOCUMENT_UNKNOWN', `This facility has issued no document ${formatDocumentId(jti)}`);
  const last = anchored.findLast(({ signed }) => signed.statement.op === 'revoke');
  const annulled = last !== undefined && log.annulment(iss, jti)?.index === last.index;
  if (queued.some(({ op }) => op === 'revoke') || (last && !annulled)) {
    throw new ServiceError('ALREADY_REVOKED', `Document ${formatDocumentId(jti)} is revoked already`);
  }
}
