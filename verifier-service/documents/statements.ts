import { publicKeyFromJwk, type Verify } from '@spondon/protocol/crypto';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { ProtocolError } from '@spondon/protocol/error';
import { type Issuer, keyValidAt } from '@spondon/protocol/records';
import { parseStatement, type SignedStatement, verifyStatement } from '@spondon/protocol/statement';
import { enqueue, type NewQueueRow, queuedByCode } from '@spondon/anchor-worker/queue';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import { type Database, queueOf } from '../database/schema.js';
import { ServiceError } from '../error.js';
import { queueRow } from './issue.js';
import { assertRevocable } from './revoke.js';

export interface AcceptDeps {
  readonly db: Database;
  readonly log: Pick<LogStore, 'findByCode' | 'annulment'>;
  readonly issuer: (iss: string) => Issuer | undefined;
  /** Many at once, so this one may take to other cores. */
  readonly verify: Verify;
  readonly now: () => number;
  readonly mspId: string;
  readonly onQueued: (count: number) => void;
}

export type StatementResult =
  | { readonly documentId: string; readonly state: 'pending' | 'anchored' }
  | { readonly documentId: string | null; readonly state: 'refused'; readonly code: string; readonly message: string };

const AHEAD_SECONDS = 300;

/**
 * Takes in statements that a facility signed with its own key. Each is judged by itself, in order; the good ones are
 * durably queued when it resolves. Sending one again changes nothing and tells its present state.
 */
export async function acceptStatements(
  deps: AcceptDeps,
  iss: string,
  texts: readonly string[],
): Promise<StatementResult[]> {
  const issuer = deps.issuer(iss);
  if (!issuer) throw new ServiceError('ISSUER_UNKNOWN', `No facility ${iss} is admitted`);
  if (issuer.state === 'suspended') throw new ServiceError('ISSUER_SUSPENDED', 'This facility is suspended');
  const at = deps.now();
  const judged = await Promise.all(texts.map((text) => judgeStatement(deps, issuer, iss, text, at)));
  const fresh: NewQueueRow[] = [];
  const results: StatementResult[] = [];
  for (const { result, signed } of judged) {
    if (!signed) {
      results.push(result);
      continue;
    }
    const earlier = await stateOfEarlier(deps, signed, fresh);
    results.push(earlier ?? result);
    if (!earlier) fresh.push(queueRow(deps.mspId, signed.statement, signed.text, at));
  }
  if (fresh.length > 0) {
    await enqueue(queueOf(deps.db), fresh);
    deps.onQueued(fresh.length);
  }
  return results;
}

interface Judged {
  readonly result: StatementResult;
  /** Present when the statement is good in itself. */
  readonly signed?: SignedStatement;
}

async function judgeStatement(
  { verify }: AcceptDeps,
  issuer: Issuer,
  iss: string,
  text: string,
  at: number,
): Promise<Judged> {
  let signed: SignedStatement;
  try {
    signed = parseStatement(text);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { result: refused(null, 'STATEMENT_INVALID', `Not a statement in its one spelling: ${error.message}`) };
  }
  const { statement, kid } = signed;
  const documentId = formatDocumentId(statement.jti);
  if (statement.iss !== iss) return { result: refused(documentId, 'WRONG_ISSUER', `It is not by ${iss}`) };
  if (statement.iat * 1000 > at + AHEAD_SECONDS * 1000) {
    return { result: refused(documentId, 'IAT_AHEAD', 'Its time lies more than five minutes ahead: check the clock') };
  }
  const key = keyValidAt(issuer, kid, at);
  if (!key) return { result: refused(documentId, 'KEY_UNKNOWN', `${kid} is not a valid key of ${iss}`) };
  if (!(await verifyStatement(signed, publicKeyFromJwk(key.jwk), verify))) {
    return { result: refused(documentId, 'SIGNATURE_INVALID', `The signature is not by key ${kid}`) };
  }
  return { result: { documentId, state: 'pending' }, signed };
}

/** What is known already under the same issuer, document and operation; null when the statement is new. */
async function stateOfEarlier(
  { db, log }: AcceptDeps,
  { text, statement: { iss, jti, op } }: SignedStatement,
  sameRequest: readonly NewQueueRow[],
): Promise<StatementResult | null> {
  const documentId = formatDocumentId(jti);
  const waiting = [...(await queuedByCode(queueOf(db), jti)), ...sameRequest.filter((row) => row.jti === jti)].find(
    (row) => row.iss === iss && row.op === op,
  );
  if (waiting) {
    if (waiting.statement === text) return { documentId, state: 'pending' };
    return refused(documentId, 'STATEMENT_CONFLICT', `Another ${op} of this document is queued`);
  }
  const anchored = log.findByCode(jti).filter(({ signed: { statement } }) => statement.iss === iss && statement.op === op);
  if (anchored.some(({ signed }) => signed.text === text)) return { documentId, state: 'anchored' };
  if (op === 'issue') {
    return anchored.length === 0 ? null : refused(documentId, 'STATEMENT_CONFLICT', 'This document is issued already');
  }
  if (sameRequest.some((row) => row.jti === jti && row.iss === iss)) return null;
  try {
    await assertRevocable({ db, log }, iss, jti);
    return null;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return refused(documentId, error.code, error.message);
  }
}

function refused(documentId: string | null, code: string, message: string): StatementResult {
  return { documentId, state: 'refused', code, message };
}
