import { decodeBase64url } from '@spondon/protocol/base64url';
import { toHex } from '@spondon/protocol/bytes';
import { formatDocumentId } from '@spondon/protocol/document-id';
import {
  type DocumentKind,
  parseStatement,
  type RevocationReason,
  type RevokeStatement,
} from '@spondon/protocol/statement';
import { queuedByCode, type QueueRow, refusedByCode } from '@spondon/anchor-worker/queue';
import type { Anchored, LogStore } from '@spondon/anchor-worker/log/store';
import { type Database, queueOf, type ServiceTables } from '../database/schema.js';
import { ServiceError } from '../error.js';
import { erasureOf, NO_KEY } from './erasure.js';
import type { UpToDate } from './revoke.js';

/** One document as its issuer sees it. Times are ISO 8601. */
export interface DocumentView {
  readonly documentId: string;
  readonly issuer: string;
  readonly kind: DocumentKind;
  /** Of the stamped file, hex. */
  readonly sha256: string;
  /** `failed`: the ledger refused the statement, see `failure`. */
  readonly state: 'pending' | 'anchored' | 'failed';
  readonly issuedAt: string;
  readonly anchoredAt?: string;
  readonly index?: number;
  readonly size?: number;
  readonly cid?: string;
  readonly patientId?: string;
  readonly supersedes?: string;
  /** The file and its key are gone. */
  readonly erasedAt?: string;
  readonly revocation?: { state: 'pending' | 'anchored'; reason: RevocationReason; by?: string; at?: string };
  readonly failure?: { code: string; message: string };
}

export interface ReadDeps {
  readonly db: Database;
  readonly log: Pick<LogStore, 'findByCode' | 'annulment'>;
  readonly upToDate: UpToDate;
}

export async function getDocument(deps: ReadDeps, iss: string, jti: string): Promise<DocumentView> {
  const row = await findRow(deps.db, iss, jti);
  if (row) return describe(deps, row);
  const foreign = await describeStatementOnly(deps, iss, jti);
  if (foreign) return foreign;
  throw new ServiceError('DOCUMENT_UNKNOWN', `This facility has no document ${formatDocumentId(jti)}`);
}

export interface Page {
  readonly documents: DocumentView[];
  /** To be sent back as `cursor` for the next page; absent on the last. */
  readonly next?: string;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly kind?: DocumentKind | undefined;
  readonly patientId?: string | undefined;
}

const CURSOR = /^(\d{1,16})_([0-9A-Z]{17})$/;

/** The facility's documents, newest first. */
export async function listDocuments(deps: ReadDeps, iss: string, request: PageRequest): Promise<Page> {
  const { limit, cursor, kind, patientId } = request;
  let query = deps.db.selectFrom('documents').selectAll().where('iss', '=', iss);
  if (kind !== undefined) query = query.where('kind', '=', kind);
  if (patientId !== undefined) query = query.where('patientId', '=', patientId);
  if (cursor !== undefined) {
    const [, at, jti = ''] = CURSOR.exec(cursor) ?? [];
    if (at === undefined)
      throw new ServiceError('REQUEST_INVALID', 'cursor is not one that a page ended with');
    query = query.where((where) =>
      where.or([
        where('createdAt', '<', Number(at)),
        where.and([where('createdAt', '=', Number(at)), where('jti', '<', jti)]),
      ]),
    );
  }
  const rows = await query
    .orderBy('createdAt', 'desc')
    .orderBy('jti', 'desc')
    .limit(limit + 1)
    .execute();
  const documents = await Promise.all(rows.slice(0, limit).map((row) => describe(deps, row)));
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return last ? { documents, next: `${last.createdAt}_${last.jti}` } : { documents };
}

type Row = ServiceTables['documents'];

function findRow(db: Database, iss: string, jti: string): Promise<Row | undefined> {
  return db
    .selectFrom('documents')
    .selectAll()
    .where('iss', '=', iss)
    .where('jti', '=', jti)
    .executeTakeFirst();
}

/** The row of a document that was issued here. Throws `DOCUMENT_UNKNOWN`. */
export async function documentRow(db: Database, iss: string, jti: string): Promise<Row> {
  const row = await findRow(db, iss, jti);
  if (row) return row;
  const message = `This service keeps no file of document ${formatDocumentId(jti)}`;
  throw new ServiceError('DOCUMENT_UNKNOWN', message);
}

async function describe(deps: ReadDeps, row: Row): Promise<DocumentView> {
  const { iss, jti } = row;
  return {
    documentId: formatDocumentId(jti),
    issuer: iss,
    kind: row.kind,
    sha256: toHex(decodeBase64url(row.sha256)),
    issuedAt: new Date(row.createdAt).toISOString(),
    size: row.size,
    ...(row.wrappedKey === NO_KEY ? await erasedSince(deps.db, iss, jti) : { cid: row.cid }),
    ...(row.patientId === null ? {} : { patientId: row.patientId }),
    ...(row.supersedes === null ? {} : { supersedes: formatDocumentId(row.supersedes) }),
    ...(await stateOf(deps, iss, jti)),
  };
}

async function erasedSince(db: Database, iss: string, jti: string): Promise<Pick<DocumentView, 'erasedAt'>> {
  const erasure = await erasureOf(db, iss, jti);
  return erasure ? { erasedAt: new Date(erasure.erasedAt).toISOString() } : {};
}

/** A document whose file stays with the facility: only its statement came here. */
async function describeStatementOnly(deps: ReadDeps, iss: string, jti: string): Promise<DocumentView | null> {
  const isIssue = (row: Pick<QueueRow, 'iss' | 'op'>): boolean => row.iss === iss && row.op === 'issue';
  // The log last: what leaves the queue is found there before.
  const queued = (await queuedByCode(queueOf(deps.db), jti)).find(isIssue);
  const failed = (await refusedByCode(queueOf(deps.db), jti)).find(isIssue);
  await deps.upToDate(queueOf(deps.db));
  const issue = ofIssuer(deps.log.findByCode(jti), iss).find(({ signed }) => signed.statement.op === 'issue');
  const text = issue?.signed.text ?? queued?.statement ?? failed?.statement;
  if (text === undefined) return null;
  const { statement } = parseStatement(text);
  if (statement.op !== 'issue') return null;
  return {
    documentId: formatDocumentId(jti),
    issuer: iss,
    kind: statement.kind,
    sha256: toHex(decodeBase64url(statement.sha256)),
    issuedAt: new Date(statement.iat * 1000).toISOString(),
    ...(await stateOf(deps, iss, jti)),
  };
}

type State = Pick<DocumentView, 'state' | 'anchoredAt' | 'index' | 'revocation' | 'failure'>;

/** What the ledger says of a document, and what is still on its way there. */
async function stateOf({ db, log, upToDate }: ReadDeps, iss: string, jti: string): Promise<State> {
  const ofThis = (row: Pick<QueueRow, 'iss'>): boolean => row.iss === iss;
  // The log last: what leaves the queue is found there before.
  const queued = (await queuedByCode(queueOf(db), jti)).filter(ofThis);
  const failed = (await refusedByCode(queueOf(db), jti)).filter(ofThis).findLast(({ op }) => op === 'issue');
  await upToDate(queueOf(db));
  const anchored = ofIssuer(log.findByCode(jti), iss);
  const revocation =
    anchoredRevocation(log, iss, jti, anchored) ?? queuedRevocation(queued.find(({ op }) => op === 'revoke'));
  const more = revocation ? { revocation } : {};
  const issue = anchored.find(({ signed }) => signed.statement.op === 'issue');
  if (issue) {
    return { state: 'anchored', anchoredAt: new Date(issue.at).toISOString(), index: issue.index, ...more };
  }
  if (failed && !queued.some(({ op }) => op === 'issue')) {
    return { state: 'failed', failure: { code: failed.code, message: failed.message }, ...more };
  }
  return { state: 'pending', ...more };
}

function anchoredRevocation(
  log: ReadDeps['log'],
  iss: string,
  jti: string,
  anchored: readonly Anchored[],
): DocumentView['revocation'] {
  const last = anchored.findLast(({ signed }) => signed.statement.op === 'revoke');
  if (last?.signed.statement.op !== 'revoke' || log.annulment(iss, jti)?.index === last.index)
    return undefined;
  return {
    state: 'anchored',
    ...describeRevocation(last.signed.statement),
    at: new Date(last.at).toISOString(),
  };
}

function queuedRevocation(row: QueueRow | undefined): DocumentView['revocation'] {
  if (!row) return undefined;
  const { statement } = parseStatement(row.statement);
  return statement.op === 'revoke' ? { state: 'pending', ...describeRevocation(statement) } : undefined;
}

function describeRevocation({ reason, by }: RevokeStatement): { reason: RevocationReason; by?: string } {
  return { reason, ...(by === undefined ? {} : { by: formatDocumentId(by) }) };
}

function ofIssuer(anchored: readonly Anchored[], iss: string): Anchored[] {
  return anchored.filter(({ signed }) => signed.statement.iss === iss);
}
