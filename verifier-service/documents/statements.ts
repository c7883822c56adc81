import { publicKeyFromJwk, type Verify } from '@spondon/protocol/crypto';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { ProtocolError } from '@spondon/protocol/error';
import { type Issuer, keyValidAt } from '@spondon/protocol/records';
import { parseStatement, type SignedStatement, verifyStatement } from '@spondon/protocol/statement';
import { enqueue, type NewQueueRow } from '@spondon/anchor-worker/queue';
import type { LogStore } from '@spondon/anchor-worker/log/store';
import { type Database, queueOf } from '../database/schema.js';
import { ServiceError } from '../error.js';
import { queuedByCodes, queueRow } from './queueing.js';
import { whyNotRevocable } from './revoke.js';

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
  | {
      readonly documentId: string | null;
      readonly state: 'refused';
      readonly code: string;
      readonly message: string;
    };

const AHEAD_SECONDS = 300;

/** Judged at a time. Files are written by the threads that verify: nobody's flush is to wait for a thousand signatures. */
const PORTION = 256;

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
  const keyOf = validKeysOf(issuer, at);
  const judged: Judged[] = [];
  for (let from = 0; from < texts.length; from += PORTION) {
    const portion = texts.slice(from, from + PORTION);
    judged.push(...(await Promise.all(portion.map((text) => judgeStatement(deps, iss, keyOf, text, at)))));
  }
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
  { log, mspId }: AcceptDeps,
  trx: Database,
  judged: readonly Judged[],
  at: number,
): Promise<{ results: StatementResult[]; queued: number }> {
  const jtis = judged.flatMap(({ signed }) => (signed ? [signed.statement.jti] : []));
  const known = new Map<string, readonly Waiting[]>(await queuedByCodes(trx, [...new Set(jtis)]));
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

interface Judged {
  readonly result: StatementResult;
  /** Present when the statement is good in itself. */
  readonly signed?: SignedStatement;
}

type KeyOf = (kid: string) => Uint8Array | null;

/** An issuer's public keys by their names; null for what is no valid key of its at that time. */
function validKeysOf(issuer: Issuer, at: number): KeyOf {
  // Reading one out of its JWK takes as long as reading a statement, and a batch is signed with one or two.
  const read = new Map<string, Uint8Array | null>();
  return (kid) => {
    const known = read.get(kid);
    if (known !== undefined) return known;
    const valid = keyValidAt(issuer, kid, at);
    const key = valid && publicKeyFromJwk(valid.jwk);
    read.set(kid, key);
    return key;
  };
}

async function judgeStatement(
  { verify }: AcceptDeps,
  iss: string,
  keyOf: KeyOf,
  text: string,
  at: number,
): Promise<Judged> {
  let signed: SignedStatement;
  try {
    signed = parseStatement(text);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return {
      result: refused(null, 'STATEMENT_INVALID', `Not a statement in its one spelling: ${error.message}`),
    };
  }
  const { statement, kid } = signed;
  const documentId = formatDocumentId(statement.jti);
  if (statement.iss !== iss) return { result: refused(documentId, 'WRONG_ISSUER', `It is not by ${iss}`) };
  if (statement.iat * 1000 > at + AHEAD_SECONDS * 1000) {
    return {
      result: refused(documentId, 'IAT_AHEAD', 'Its time lies more than five minutes ahead: check the clock'),
    };
  }
  const key = keyOf(kid);
  if (!key) return { result: refused(documentId, 'KEY_UNKNOWN', `${kid} is not a valid key of ${iss}`) };
  if (!(await verifyStatement(signed, key, verify))) {
    return { result: refused(documentId, 'SIGNATURE_INVALID', `The signature is not by key ${kid}`) };
  }
  return { result: { documentId, state: 'pending' }, signed };
}

/** What is known already under the same issuer, document and operation; null when the statement is new. */
function stateOfEarlier(
  log: AcceptDeps['log'],
  signed: SignedStatement,
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

function conflict({ statement: { jti, op } }: SignedStatement): StatementResult {
  return refused(
    formatDocumentId(jti),
    'STATEMENT_CONFLICT',
    `Another ${op} of this document was accepted before`,
  );
}

function refused(documentId: string | null, code: string, message: string): StatementResult {
  return { documentId, state: 'refused', code, message };
}
