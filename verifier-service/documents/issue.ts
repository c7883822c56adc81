import { encodeBase64url } from '@spondon/protocol/base64url';
import { type Claims, claimsHash, claimsUrl, signClaims } from '@spondon/protocol/claims';
import type { Hash } from '@spondon/protocol/crypto';
import { formatDocumentId, newDocumentId } from '@spondon/protocol/document-id';
import { type DocumentKind, signStatement, type Statement } from '@spondon/protocol/statement';
import { enqueue, type NewQueueRow } from '@spondon/anchor-worker/queue';
import { withCheck } from '../database/row-check.js';
import { type Database, queueOf } from '../database/schema.js';
import type { IssuerSigner } from '../facilities/signers.js';
import type { Idempotent } from './idempotency.js';
import { saveOutcome } from './idempotency.js';
import type { PreparedDocument, PrepareJob } from './prepare.js';

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
export type Content = Claims extends infer Each ? (Each extends Claims ? Pick<Each, 'kind' | 'subject' | 'facts'> : never) : never;

export interface IssueRequest {
  readonly iss: string;
  readonly file: Uint8Array;
  readonly content: Content;
  /** Unix seconds. */
  readonly exp?: number | undefined;
  /** The document that this one replaces, canonical form; checked by the caller. */
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

export interface IssueDeps {
  readonly db: Database;
  readonly signerOf: (iss: string) => Promise<IssuerSigner>;
  /** Stamps and encrypts, in a thread. */
  readonly prepare: (job: PrepareJob) => Promise<PreparedDocument>;
  readonly store: { put(ciphertext: Uint8Array): Promise<{ cid: string }> };
  readonly wrapKey: (iss: string, documentId: string, secret: string) => Promise<string>;
  readonly hash: Hash;
  readonly now: () => number;
  readonly random: (length: number) => Uint8Array;
  readonly portalUrl: string;
  readonly portalWarning: Warning | null;
  /** The organisation whose log the statements go to. */
  readonly mspId: string;
  readonly onQueued: (count: number) => void;
}

const NONCE_BYTES = 16;

/**
 * Issues one document: file → claims → stamp → SHA-256 → statement → encryption → IPFS → queue. Resolves once the
 * encrypted file and the signed statement are durable; anchoring follows by itself.
 */
export async function issueDocument(deps: IssueDeps, request: IssueRequest): Promise<Issued> {
  const { iss, content } = request;
  const signer = await deps.signerOf(iss);
  const issuedAt = deps.now();
  const iat = Math.floor(issuedAt / 1000);
  const jti = newDocumentId(deps.random);

  const claims = await signClaims({ iss, jti, iat, ...content }, signer.kid, signer.sign);
  const prepared = await deps.prepare({
    file: request.file,
    stamp: {
      claimsUrl: claimsUrl(deps.portalUrl, claims),
      claimsJws: claims,
      code: formatDocumentId(jti),
      host: new URL(deps.portalUrl).host,
      issuerName: signer.issuerName,
      issuedOn: printedDate(issuedAt, request.language),
      language: request.language,
      page: request.page,
      corner: request.corner,
      nonce: deps.random(NONCE_BYTES),
    },
  });

  const statement: Statement = {
    op: 'issue',
    iss,
    iat,
    jti,
    kind: content.kind,
    sha256: encodeBase64url(prepared.sha256),
    claims: encodeBase64url(claimsHash(claims, deps.hash)),
    ...(request.exp === undefined ? {} : { exp: request.exp }),
  };
  const statements: Statement[] = [statement];
  if (request.supersedes !== undefined) {
    statements.push({ op: 'revoke', iss, iat, jti: request.supersedes, reason: 'superseded', by: jti });
  }
  const rows: NewQueueRow[] = [];
  for (const signed of statements) {
    const text = await signStatement(signed, signer.kid, signer.sign);
    rows.push(queueRow(deps.mspId, signed, text, issuedAt));
  }

  const wrappedKey = await deps.wrapKey(iss, jti, prepared.secret);
  const { cid } = await deps.store.put(prepared.ciphertext);
  // The encrypted file is durable before any row names it: a crash here leaves an orphan, never a dangling CID.
  const issued = describeIssued(deps, request, jti, prepared);
  await deps.db.transaction().execute(async (trx) => {
    await trx
      .insertInto('documents')
      .values(withCheck({
        jti,
        iss,
        kind: content.kind,
        sha256: statement.sha256,
        cid,
        size: prepared.size,
        wrappedKey,
        patientId: request.patientId ?? null,
        supersedes: request.supersedes ?? null,
        createdAt: issuedAt,
      }))
      .execute();
    await enqueue(queueOf(trx), rows);
    const { statistics } = request;
    if (statistics) {
      const { icd10 = null, upazila = null, ageBand = null } = statistics;
      const id = encodeBase64url(deps.random(NONCE_BYTES));
      const day = new Date(issuedAt).toISOString().slice(0, 10);
      await trx.insertInto('statistics').values(withCheck({ id, iss, kind: content.kind, icd10, upazila, ageBand, day })).execute();
    }
    if (request.idempotent) await saveOutcome(trx, request.idempotent, { status: 201, body: issued, at: issuedAt });
  });
  // Document and statement are durable together: from here on it will be anchored, whatever happens to us.
  deps.onQueued(rows.length);
  return issued;
}

export function queueRow(mspId: string, statement: Statement, text: string, acceptedAt: number): NewQueueRow {
  const { iss, jti, op } = statement;
  const sha256 = statement.op === 'issue' ? statement.sha256 : null;
  return { mspId, iss, jti, op, sha256, statement: text, acceptedAt };
}

function describeIssued(deps: IssueDeps, request: IssueRequest, jti: string, prepared: PreparedDocument): Issued {
  const documentId = formatDocumentId(jti);
  const self = `/v1/documents/${documentId}`;
  return {
    documentId,
    issuer: request.iss,
    kind: request.content.kind,
    sha256: Buffer.from(prepared.sha256).toString('hex'),
    state: 'pending',
    warnings: [...prepared.warnings, ...(deps.portalWarning ? [deps.portalWarning] : [])],
    links: { self, file: `${self}/file`, evidence: `${self}/evidence`, verify: `/v1/verify?code=${documentId}` },
  };
}

/** Unambiguous in every country, such as '14 March 2026' or '১৪ মার্চ, ২০২৬', by Bangladesh's calendar day. */
function printedDate(at: number, language: IssueRequest['language']): string {
  const locale = language === 'bn' ? 'bn-BD' : 'en-GB';
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'Asia/Dhaka' }).format(at);
}
