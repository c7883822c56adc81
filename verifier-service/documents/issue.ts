import { encodeBase64url } from '@spondon/protocol/base64url';
import { type Claims, claimsHash, claimsUrl, signClaims } from '@spondon/protocol/claims';
import type { Hash } from '@spondon/protocol/crypto';
import { formatDocumentId, newDocumentId } from '@spondon/protocol/document-id';
import {
  type DocumentKind,
  type IssueStatement,
  signStatement,
  type Statement,
} from '@spondon/protocol/statement';
import { enqueue, type NewQueueRow } from '@spondon/anchor-worker/queue';
import { withCheck } from '../database/row-check.js';
import { type Database, queueOf } from '../database/schema.js';
import { ServiceError } from '../error.js';
import type { IssuerSigner } from '../facilities/signers.js';
import { type Idempotent, saveOutcome } from './idempotency.js';
import type { PreparedDocument, PrepareJob } from './prepare.js';
import { queueRow } from './queueing.js';
import { alreadyRevoked, assertRevocable, type RevokeDeps, revocationTime } from './revoke.js';

export interface Warning {
  readonly code: string;
  readonly message: string;
}

export interface Statistics {
  readonly icd10?: string | undefined;
  readonly upazila?: string | undefined;
  readonly ageBand?: string | undefined;
}

/** Whom the document is about, and the facts that matter for its kind. */
export type Content = Claims extends infer Each
  ? Each extends Claims
    ? Pick<Each, 'kind' | 'subject' | 'facts'>
    : never
  : never;

export interface IssueRequest {
  readonly iss: string;
  /** Given away: empty afterwards. */
  readonly file: PrepareJob['file'];
  readonly content: Content;
  /** Unix seconds. */
  readonly exp?: number | undefined;
  /** The document that this one replaces, canonical form. */
  readonly supersedes?: string | undefined;
  readonly patientId?: string | undefined;
  readonly statistics?: Statistics | undefined;
  readonly language: 'en' | 'bn';
  readonly page: 'first' | 'last' | number;
  readonly corner: PrepareJob['stamp']['corner'];
  readonly idempotent: Idempotent | null;
}

export interface Issued {
  readonly documentId: string;
  readonly issuer: string;
  readonly kind: DocumentKind;
  /** Of the stamped file, hex. */
  readonly sha256: string;
  readonly state: 'pending';
  readonly warnings: Warning[];
  readonly links: Readonly<Record<'self' | 'file' | 'evidence' | 'verify', string>>;
}

export interface IssueDeps extends RevokeDeps {
  /** Stamps and encrypts, in a thread. */
  readonly prepare: (job: PrepareJob) => Promise<PreparedDocument>;
  readonly store: { put(ciphertext: Uint8Array): Promise<{ cid: string }> };
  readonly wrapKey: (iss: string, documentId: string, secret: string) => Promise<string>;
  readonly hash: Hash;
  readonly random: (length: number) => Uint8Array;
  readonly portalUrl: string;
  readonly portalWarning: Warning | null;
}

const NONCE_BYTES = 16;

/**
 * Issues one document: file → claims → stamp → SHA-256 → statement → encryption → IPFS → queue. Resolves once the
 * encrypted file and the signed statement are durable; anchoring follows by itself.
 */
export async function issueDocument(deps: IssueDeps, request: IssueRequest): Promise<Issued> {
  const { iss, supersedes } = request;
  if (request.exp !== undefined && request.exp * 1000 <= deps.now()) {
    throw new ServiceError('DETAILS_INVALID', 'details.exp: must be a time in the future, in Unix seconds');
  }
  // Before any work is done, and again when it takes effect.
  if (supersedes !== undefined) await assertRevocable(deps, iss, supersedes);
  // The key does not end while it is in use here: what it signed is queued before that.
  return deps.withSigner(iss, (signer) => issueSigned(deps, request, signer));
}

async function issueSigned(deps: IssueDeps, request: IssueRequest, signer: IssuerSigner): Promise<Issued> {
  const { iss, content } = request;
  const issuedAt = deps.now();
  const iat = Math.floor(issuedAt / 1000);
  const jti = newDocumentId(deps.random);

  const claims = await signClaims({ iss, jti, iat, ...content }, signer.kid, signer.sign);
  const stamp = stampDetails(deps, request, { claims, jti, issuedAt, issuerName: signer.issuerName });
  const prepared = await deps.prepare({ file: request.file, stamp });
  const statement: IssueStatement = {
    op: 'issue',
    iss,
    iat,
    jti,
    kind: content.kind,
    sha256: encodeBase64url(prepared.sha256),
    claims: encodeBase64url(claimsHash(claims, deps.hash)),
    ...(request.exp === undefined ? {} : { exp: request.exp }),
  };
  const rows = await signAll(deps, request, statement, signer, issuedAt);

  const wrappedKey = await deps.wrapKey(iss, jti, prepared.secret);
  const { cid } = await deps.store.put(prepared.ciphertext);
  // The encrypted file is durable before any row names it: a crash here leaves an orphan, never a dangling CID.
  const issued = describeIssued(deps, request, jti, prepared);
  const row = {
    jti,
    iss,
    kind: content.kind,
    sha256: statement.sha256,
    cid,
    size: prepared.size,
    wrappedKey,
  };
  await deps.db.transaction().execute(async (trx) => {
    const { supersedes = null, patientId = null } = request;
    await deps.assertSigns?.(trx, iss, signer.kid);
    if (supersedes !== null) await assertRevocable({ ...deps, db: trx }, iss, supersedes);
    await trx
      .insertInto('documents')
      .values(withCheck({ ...row, patientId, supersedes, createdAt: issuedAt }))
      .execute();
    const [lost] = await enqueue(queueOf(trx), rows);
    if (lost) throw alreadyRevoked(lost.jti);
    await countForStatistics(deps, trx, request, issuedAt);
    if (request.idempotent)
      await saveOutcome(trx, request.idempotent, { status: 201, body: issued, at: issuedAt });
  });
  // Document and statement are durable together: from here on it will be anchored, whatever happens to us.
  deps.onQueued(rows.length);
  return issued;
}

interface ToBeStamped {
  readonly claims: string;
  readonly jti: string;
  readonly issuedAt: number;
  readonly issuerName: string;
}

function stampDetails(
  { portalUrl, random }: IssueDeps,
  { language, page, corner }: IssueRequest,
  { claims, jti, issuedAt, issuerName }: ToBeStamped,
): PrepareJob['stamp'] {
  return {
    claimsUrl: claimsUrl(portalUrl, claims),
    claimsJws: claims,
    code: formatDocumentId(jti),
    host: new URL(portalUrl).host,
    issuerName,
    issuedOn: printedDate(issuedAt, language),
    language,
    page,
    corner,
    nonce: random(NONCE_BYTES),
  };
}

/** The document's statement, and the revocation of the one that it replaces. */
async function signAll(
  { mspId, log }: IssueDeps,
  { iss, supersedes }: IssueRequest,
  issue: IssueStatement,
  { kid, sign }: IssuerSigner,
  at: number,
): Promise<NewQueueRow[]> {
  const rows = [queueRow(mspId, issue, await signStatement(issue, kid, sign), at)];
  if (supersedes === undefined) return rows;
  const iat = revocationTime(log, iss, supersedes, at);
  const revoke: Statement = {
    op: 'revoke',
    iss,
    iat,
    jti: supersedes,
    reason: 'superseded',
    by: issue.jti,
  };
  return [...rows, queueRow(mspId, revoke, await signStatement(revoke, kid, sign), at)];
}

async function countForStatistics(
  { random }: IssueDeps,
  db: Database,
  request: IssueRequest,
  issuedAt: number,
): Promise<void> {
  const { iss, content, statistics } = request;
  if (!statistics) return;
  const { icd10 = null, upazila = null, ageBand = null } = statistics;
  const id = encodeBase64url(random(NONCE_BYTES));
  const day = new Date(issuedAt).toISOString().slice(0, 10);
  const row = withCheck({ id, iss, kind: content.kind, icd10, upazila, ageBand, day });
  await db.insertInto('statistics').values(row).execute();
}

function describeIssued(
  deps: IssueDeps,
  request: IssueRequest,
  jti: string,
  prepared: PreparedDocument,
): Issued {
  const documentId = formatDocumentId(jti);
  const self = `/v1/documents/${documentId}`;
  return {
    documentId,
    issuer: request.iss,
    kind: request.content.kind,
    sha256: Buffer.from(prepared.sha256).toString('hex'),
    state: 'pending',
    warnings: [...prepared.warnings, ...(deps.portalWarning ? [deps.portalWarning] : [])],
    links: {
      self,
      file: `${self}/file`,
      evidence: `${self}/evidence`,
      verify: `/v1/verify?code=${documentId}`,
    },
  };
}

const PRINTED_DATES = {
  en: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'Asia/Dhaka' }),
  bn: new Intl.DateTimeFormat('bn-BD', { dateStyle: 'long', timeZone: 'Asia/Dhaka' }),
} as const;

/** Unambiguous in every country, such as '14 March 2026' or '১৪ মার্চ, ২০২৬', by Bangladesh's calendar day. */
function printedDate(at: number, language: IssueRequest['language']): string {
  return PRINTED_DATES[language].format(at);
}
