import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import { fromHex, toHex } from '@spondon/protocol/bytes';
import type { Claims } from '@spondon/protocol/claims';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { judge } from '@spondon/protocol/verdict';
import type { Check } from '@spondon/protocol/verdict/codes';
import type { Finding, FoundRecord, Lookup } from '@spondon/protocol/verdict/finding';
import type { NoteCode, Verdict } from '@spondon/protocol/verdict/summaries';
import { type ReadClaims, signedFacts } from './claims.js';
import type { Proof } from './proof.js';
import type { Asked, Question } from './question.js';
import type { ServiceAnswer } from './service.js';
import type { TrustList } from './trust-list.js';

/** The document that an answer is about. Times are Unix ms. */
export interface AnsweredDocument {
  readonly documentId: string;
  readonly kind: string;
  readonly sha256: string;
  readonly issuerId: string;
  readonly issuer: string | null;
  readonly licence: string | null;
  readonly telephone: string | null;
  readonly issuedAt: number;
  readonly anchoredAt: number | null;
}

export interface Answer {
  readonly asked: Finding['asked'];
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  readonly notes: readonly NoteCode[];
  readonly document: AnsweredDocument | null;
  /** What the codes say, where their issuer signed it: to be compared with what is printed. */
  readonly facts: readonly Claims[];
  /**
   * What the verdict rests on: signatures checked in this browser, the service's word (which alone knows of what is not
   * anchored yet), or neither.
   */
  readonly restsOn: 'evidence' | 'service' | 'nothing';
  /** Owners of the organisations whose signatures were checked here. */
  readonly endorsedBy: readonly string[];
  /** The evidence file, to be kept. */
  readonly evidence: string | null;
  /**
   * Unix ms: the day of which evidence that was brought speaks, when nobody could be asked what happened since. Null when
   * the answer is today's, or says that the document no longer stands.
   */
  readonly asOf: number | null;
  /** Evidence was brought that is about another document, and was of no use. */
  readonly hasOtherEvidence: boolean;
  /** Unix ms. */
  readonly checkedAt: number;
}

/** What was looked up, judged with the claims. */
export function judged(
  question: Question,
  claims: readonly ReadClaims[],
  lookup: Lookup,
  { now, trust }: { readonly now: () => number; readonly trust: TrustList | null },
  proof: Proof | null,
): Answer {
  const checkedAt = now();
  const finding = findingOf(question, claims, lookup);
  const { verdict, checks, notes, record } = judge(finding, { now: checkedAt });
  return {
    asked: finding.asked,
    verdict,
    checks,
    notes: notes.map(({ code }) => code),
    document: record && documentOf(record),
    facts: signedFacts(claims),
    restsOn:
      proof && proof.endorsedBy.length > 0 ? 'evidence' : lookup.state === 'answered' ? 'service' : 'nothing',
    endorsedBy: proof && trust ? ownersOf(proof.endorsedBy, trust) : [],
    evidence: proof?.text ?? null,
    asOf: null,
    hasOtherEvidence: false,
    checkedAt,
  };
}

/** The service's own answer. It has not seen the claims, which are judged here. */
export function asSaid(
  question: Asked,
  claims: readonly ReadClaims[],
  { verdict, checks, notes, document }: ServiceAnswer,
  { now }: { readonly now: () => number },
): Answer {
  return {
    asked: question.asked,
    verdict,
    checks,
    notes: notes.map(({ code }) => code),
    document: document
      ? {
          documentId: parseDocumentId(document.documentId),
          kind: document.kind,
          sha256: document.sha256,
          issuerId: document.issuer.issuerId,
          issuer: document.issuer.name,
          licence: document.issuer.licence,
          telephone: document.issuer.telephone,
          issuedAt: Date.parse(document.issuedAt),
          anchoredAt: document.anchoredAt === undefined ? null : Date.parse(document.anchoredAt),
        }
      : null,
    facts: signedFacts(claims),
    restsOn: 'service',
    endorsedBy: [],
    evidence: null,
    asOf: null,
    hasOtherEvidence: false,
    checkedAt: now(),
  };
}

/** Evidence of another document answers nothing about the one that a code names. */
function findingOf(question: Question, claims: readonly ReadClaims[], lookup: Lookup): Finding {
  const found = claims.map((one) => one.found);
  if (question.asked === 'file') {
    return { asked: 'file', sha256: encodeBase64url(fromHex(question.sha256)), claims: found, lookup };
  }
  if (question.asked === 'claims') return { asked: 'claims', claims: found, lookup };
  if (question.asked === 'evidence' || lookup.state !== 'answered')
    return { asked: 'code', claims: [], lookup };
  const records = lookup.records.filter(({ statement }) => statement.jti === question.code);
  return { asked: 'code', claims: [], lookup: { ...lookup, records } };
}

function documentOf({ statement, issuer, anchoring }: FoundRecord): AnsweredDocument {
  return {
    documentId: statement.jti,
    kind: statement.kind,
    sha256: toHex(decodeBase64url(statement.sha256)),
    issuerId: statement.iss,
    issuer: issuer?.name ?? null,
    licence: issuer?.licence ?? null,
    telephone: issuer?.telephone ?? null,
    issuedAt: statement.iat * 1000,
    anchoredAt: anchoring.state === 'anchored' ? anchoring.at : null,
  };
}

function ownersOf(mspIds: readonly string[], { bundle }: TrustList): string[] {
  return mspIds.map((mspId) => bundle.msps.get(mspId)?.owner ?? mspId);
}
