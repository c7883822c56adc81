import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import { fromHex, toHex } from '@spondon/protocol/bytes';
import { type Claims, parseClaims } from '@spondon/protocol/claims';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { ProtocolError } from '@spondon/protocol/error';
import { readFoundClaims } from '@spondon/protocol/found-claims';
import { judge } from '@spondon/protocol/verdict';
import type { Check } from '@spondon/protocol/verdict/codes';
import type { Finding, FoundClaims, FoundRecord, Lookup } from '@spondon/protocol/verdict/finding';
import type { NoteCode, Verdict } from '@spondon/protocol/verdict/summaries';
import { sha256, verify } from './crypto.js';
import { type Service, type ServiceAnswer, type ServiceDocument, Unreachable } from './service.js';
import type { TrustList } from './trust-list.js';

/**
 * What a visitor brings. Hashes are hexadecimal SHA-256, codes canonical document ids, `claims` the JWS texts that were
 * found in the file's codes and XMP.
 */
export type Question =
  | { readonly asked: 'file'; readonly sha256: string; readonly claims: readonly string[] }
  | { readonly asked: 'code'; readonly code: string }
  | { readonly asked: 'claims'; readonly claims: readonly string[] }
  /** An evidence file by itself: about whichever document it holds. */
  | { readonly asked: 'evidence' };

/** What a service can be asked. */
export type Asked = Exclude<Question, { asked: 'evidence' }>;

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

export interface CheckDeps {
  readonly service: Service;
  /** Null when no list was ever fetched. */
  readonly trust: TrustList | null;
  /** Unix ms. */
  readonly now: () => number;
}

/**
 * Answers a question as well as can be: with evidence that is verified here, with the service's word about what evidence
 * cannot show, or, in an outage, with the claims alone. Rejects for bugs only.
 */
export async function check(question: Asked, deps: CheckDeps): Promise<Answer> {
  return { ...(await answerOfToday(question, deps)), asOf: null };
}

async function answerOfToday(question: Asked, deps: CheckDeps): Promise<Answer> {
  const claims = 'claims' in question ? await readClaims(question.claims, deps.trust) : [];
  const said = await askService(question, claims, deps.service);
  if (said === null || (said.verdict === 'unavailable' && !said.document)) {
    return judged(question, claims, OUTAGE, deps, null);
  }
  if (!said.document) return judged(question, claims, NOTHING, deps, null);
  const proof = said.document.state === 'anchored' ? await fetchProof(said.document, question, deps) : null;
  if (proof === null) {
    return isAbout(question, said)
      ? asSaid(question, claims, said, deps)
      : judged(question, claims, OUTAGE, deps, null);
  }
  const answer = judged(question, claims, proof.lookup, deps, proof);
  // Evidence is about one record as the ledger holds it. What waits to be anchored, and other records under the same
  // code, only the service knows of.
  return outweighs(said.verdict, answer.verdict) ? asSaid(question, claims, said, deps) : answer;
}

/**
 * Answers with evidence that was brought along. It is of the day on which it was made: a withdrawal since is not in it,
 * and whoever brought it may know that. So the register is asked as well; where it cannot be, or knows nothing, what the
 * evidence shows is the answer.
 *
 * Rejects with {@link NotEvidence}.
 */
export async function checkWith(question: Question, evidence: string, deps: CheckDeps): Promise<Answer> {
  const shown = await checkOffline(question, evidence, deps);
  const asked = question.asked === 'evidence' ? codeOf(shown) : question;
  const today = asked && (await check(asked, deps));
  const hasOtherEvidence = question.asked !== 'evidence' && shown.document === null;
  if (!today?.document) return { ...shown, hasOtherEvidence };
  const isBetterKnown = shown.document === null || today.restsOn === 'evidence';
  return isBetterKnown || outweighs(today.verdict, shown.verdict)
    ? { ...today, hasOtherEvidence }
    : { ...shown, asOf: null };
}

function codeOf({ document: record }: Answer): Asked | null {
  return record && { asked: 'code', code: record.documentId };
}

/** What was brought as evidence is none. */
export class NotEvidence extends Error {
  override readonly name = 'NotEvidence';
}

/**
 * With nothing but an evidence file and the trust list at hand: no network is used.
 *
 * Rejects with {@link NotEvidence}.
 */
export async function checkOffline(question: Question, evidence: string, deps: CheckDeps): Promise<Answer> {
  const claims = 'claims' in question ? await readClaims(question.claims, deps.trust) : [];
  if (deps.trust === null) return judged(question, claims, OUTAGE, deps, null);
  const proof = await proofIn(evidence, deps.trust, deps.now());
  if (proof === null) throw new NotEvidence();
  return judged(question, claims, proof.lookup, deps, proof);
}

interface ReadClaims {
  readonly found: FoundClaims;
  readonly claims: Claims;
}

const OUTAGE: Lookup = { state: 'unavailable' };
const NOTHING: Lookup = { state: 'answered', source: 'register', records: [] };
const NOBODY = { issuer: () => undefined, isComplete: false };

async function readClaims(texts: readonly string[], trust: TrustList | null): Promise<ReadClaims[]> {
  const read: ReadClaims[] = [];
  for (const text of new Set(texts)) {
    const found = await readFoundClaims(text, trust?.issuers ?? NOBODY, sha256, verify);
    if (found) read.push({ found, claims: parseClaims(text).claims });
  }
  return read;
}

/** By hash first; a file that nobody knows may still bear the code of one that is known. Null in an outage. */
async function askService(
  question: Asked,
  claims: readonly ReadClaims[],
  service: Service,
): Promise<ServiceAnswer | null> {
  try {
    if (question.asked === 'code') return await service.verifyCode(question.code);
    const byHash = question.asked === 'file' ? await service.verifyFile(question.sha256) : null;
    if (byHash && byHash.verdict !== 'not-found') return byHash;
    for (const { found } of claims) {
      const byCode = await service.verifyCode(found.jti);
      if (byCode.document) return byCode;
    }
    return byHash ?? { verdict: 'not-found', checks: [], notes: [] };
  } catch (error) {
    if (error instanceof Unreachable) return null;
    throw error;
  }
}

/** Null when it cannot be had at the moment: then the service's word has to do, and the answer says so. */
async function fetchProof(
  { documentId, sha256: hash }: ServiceDocument,
  question: Asked,
  { service, trust, now }: CheckDeps,
): Promise<Proof | null> {
  if (trust === null) return null;
  // Under one code there may be documents of several facilities; the file's own is found by its hash.
  const isThisFile = question.asked === 'file' && question.sha256 === hash;
  try {
    const text = await service.evidence(
      isThisFile ? { sha256: hash } : { code: parseDocumentId(documentId) },
    );
    return text === null ? null : await proofIn(text, trust, now());
  } catch (error) {
    if (error instanceof Unreachable) return null;
    throw error;
  }
}

interface Proof {
  readonly text: string;
  readonly lookup: Lookup;
  readonly endorsedBy: readonly string[];
}

/** Null for a text that is no evidence file. */
async function proofIn(text: string, { bundle }: TrustList, now: number): Promise<Proof | null> {
  // Loaded when it is needed, as it is the largest part of the check.
  const [{ lookupFromEvidence, verifyEvidence }, { parseEvidence }] = await Promise.all([
    import('@spondon/protocol/evidence'),
    import('@spondon/protocol/evidence/file'),
  ]);
  const evidence = unlessNotOurs(() => parseEvidence(text.trimEnd()));
  if (evidence === null) return null;
  const proven = await verifyEvidence(evidence, { bundle, now, hash: sha256, verify });
  return { text, lookup: lookupFromEvidence(proven), endorsedBy: proven.endorsedBy };
}

function unlessNotOurs<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

function judged(
  question: Question,
  claims: readonly ReadClaims[],
  lookup: Lookup,
  { now, trust }: CheckDeps,
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
    asOf: STANDING.includes(verdict) && record?.status.state === 'known' ? record.status.asOf : null,
    hasOtherEvidence: false,
    checkedAt,
  };
}

/**
 * Whether the service's verdict answers the question by itself. Asked by a code that stood in a file, it knows nothing
 * of the file: its 'valid' would vouch for a sheet that it has not seen.
 */
function isAbout(question: Asked, { verdict, document }: ServiceAnswer): boolean {
  if (question.asked === 'code' || verdict !== 'valid') return true;
  return question.asked === 'file' && document?.sha256 === question.sha256;
}

/** The service's own answer. It has not seen the claims, which are judged here. */
function asSaid(
  question: Asked,
  claims: readonly ReadClaims[],
  { verdict, checks, notes, document }: ServiceAnswer,
  { now }: CheckDeps,
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

/** What a withdrawal since would change. */
const STANDING: readonly Verdict[] = ['valid', 'not-original'];

/** From bad to worse, of what the service may know and evidence cannot show. */
const KNOWN_TO_THE_SERVICE: readonly Verdict[] = ['conflict', 'superseded', 'revoked'];

function outweighs(said: Verdict, shown: Verdict): boolean {
  return (shown === 'valid' || shown === 'not-original') && KNOWN_TO_THE_SERVICE.includes(said);
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

function signedFacts(claims: readonly ReadClaims[]): Claims[] {
  return claims
    .filter(({ found }) => found.signer.state === 'known' && found.signer.good)
    .map(({ claims: said }) => said);
}

function ownersOf(mspIds: readonly string[], { bundle }: TrustList): string[] {
  return mspIds.map((mspId) => bundle.msps.get(mspId)?.owner ?? mspId);
}
