import { publicKeyFromJwk } from '@spondon/protocol/crypto';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { type Issuer, keyValidAt } from '@spondon/protocol/records';
import type { SignedStatement } from '@spondon/protocol/statement';
import { enqueue, type NewQueueRow } from '@spondon/anchor-worker/queue';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import { type Database, queueOf } from '../database/schema.js';
import { ServiceError } from '../error.js';
import type { JudgeJob, Judgement, StatementRefusal } from './judge.js';
import { queuedByCodes, queueRow } from './queueing.js';
import { type UpToDate, whyNotRevocable } from './revoke.js';

export interface AcceptDeps {
  readonly db: Database;
  readonly log: Pick<LogStore, 'findByCode' | 'annulment'>;
  readonly issuer: (iss: string) => Issuer | undefined;
  /** A thousand at once: this one may take to other cores. */
  readonly judge: (job: JudgeJob) => Promise<Judgement[]>;
  readonly now: () => number;
  readonly mspId: string;
  readonly onQueued: (count: number) => void;
  readonly upToDate: UpToDate;
}

export type StatementResult =
  | { readonly documentId: string; readonly state: 'pending' | 'anchored' }
  | ({ readonly state: 'refused' } & StatementRefusal);

/**
 * Takes in statements that a facility signed with its own key. Each is judged by itself, in order; the good ones are
 * durably queued when it resolves. Sending one again changes nothing and tells its present state.
 */
export async function acceptStatements(
  deps: AcceptDeps,
  iss: string,
  texts: readonly string[],
): Promise<StatementResult[]> {
  await deps.upToDate(queueOf(deps.db));
  const issuer = deps.issuer(iss);
  if (!issuer) throw new ServiceError('ISSUER_UNKNOWN', `No facility ${iss} is admitted`);
  if (issuer.state === 'suspended') throw new ServiceError('ISSUER_SUSPENDED', 'This facility is suspended');
  const at = deps.now();
  const judgements = await deps.judge({ iss, keys: validKeys(issuer, at), texts, at });
  const judged = judgements.map((judgement, position) => toJudged(judgement, texts[position] ?? ''));
  const { results, queued } = await deps.db.transaction().execute((trx) => queueNew(deps, trx, judged, at));
  // Durable from here on.
  if (queued > 0) deps.onQueued(queued);
  return results;
}

/**
 * Within one transaction, so that a statement sent twice at once is queued once, and one that is anchored meanwhile
 * is not queued again: what leaves the queue is in the log before.
 */
async function queueNew(
  { log, mspId, upToDate }: AcceptDeps,
  trx: Database,
  judged: readonly Judged[],
  at: number,
): Promise<{ results: StatementResult[]; queued: number }> {
  const jtis = judged.flatMap(({ signed }) => (signed ? [signed.statement.jti] : []));
  const known = new Map<string, readonly Waiting[]>(await queuedByCodes(trx, [...new Set(jtis)]));
  await upToDate(queueOf(trx));
  const fresh: NewQueueRow[] = [];
  const results = judged.map(({ result, signed }) => {
    if (!signed) return result;
    const { jti } = signed.statement;
    const queued = known.get(jti) ?? [];
    const earlier = stateOfEarlier(log, signed, queued);
    if (earlier) return earlier;
    const row = queueRow(mspId, signed.statement, signed.text, at);
    fresh.push(row);
    known.set(jti, [...queued, row]);
    return result;
  });
  const lost = new Set((await enqueue(queueOf(trx), fresh)).map(({ statement }) => statement));
  const told = results.map((result, position) => {
    const signed = judged[position]?.signed;
    return signed && lost.has(signed.text) ? conflict(signed) : result;
  });
  return { results: told, queued: fresh.length - lost.size };
}

type Waiting = Pick<NewQueueRow, 'iss' | 'op' | 'statement'>;

type Posted = Pick<SignedStatement, 'text' | 'statement'>;

interface Judged {
  readonly result: StatementResult;
  /** Present when the statement is good in itself. */
  readonly signed?: Posted;
}

function toJudged(judgement: Judgement, text: string): Judged {
  if ('code' in judgement) return { result: { state: 'refused', ...judgement } };
  const { statement } = judgement;
  const documentId = formatDocumentId(statement.jti);
  return { result: { documentId, state: 'pending' }, signed: { text, statement } };
}

/** An issuer's public keys that are valid at a time, by their names. */
function validKeys(issuer: Issuer, at: number): ReadonlyMap<string, Uint8Array> {
  const valid = issuer.keys.flatMap(({ kid }) => keyValidAt(issuer, kid, at) ?? []);
  return new Map(valid.map(({ kid, jwk }) => [kid, publicKeyFromJwk(jwk)]));
}

/** What is known already under the same issuer, document and operation; null when the statement is new. */
function stateOfEarlier(
  log: AcceptDeps['log'],
  signed: Posted,
  queued: readonly Waiting[],
): StatementResult | null {
  const { iss, jti, op } = signed.statement;
  const documentId = formatDocumentId(jti);
  const waiting = queued.find((row) => row.iss === iss && row.op === op);
  if (waiting) return waiting.statement === signed.text ? { documentId, state: 'pending' } : conflict(signed);
  const anchored = log
    .findByCode(jti)
    .filter(({ signed: { statement } }) => statement.iss === iss && statement.op === op);
  if (anchored.some(({ signed: { text } }) => text === signed.text)) return { documentId, state: 'anchored' };
  if (op === 'issue') return anchored.length === 0 ? null : conflict(signed);
  const refusal = whyNotRevocable(log, queued, iss, jti);
  return refusal && refused(documentId, refusal.code, refusal.message);
}

function conflict({ statement: { jti, op } }: Posted): StatementResult {
  return refused(
    formatDocumentId(jti),
    'STATEMENT_CONFLICT',
    `Another ${op} of this document was accepted before`,
  );
}

function refused(documentId: string | null, code: string, message: string): StatementResult {
  return { documentId, state: 'refused', code, message };
}
