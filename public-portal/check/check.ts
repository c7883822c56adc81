import { parseDocumentId } from '@spondon/protocol/document-id';
import type { Lookup } from '@spondon/protocol/verdict/finding';
import type { NoteCode, Verdict } from '@spondon/protocol/verdict/summaries';
import { type Answer, asSaid, judged } from './answer.js';
import { readClaims, type ReadClaims } from './claims.js';
import { type Proof, proofIn } from './proof.js';
import type { Asked, Question } from './question.js';
import { type Service, type ServiceAnswer, type ServiceDocument, Unreachable } from './service.js';
import type { TrustList } from './trust-list.js';

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
  if (outweighs(said.verdict, answer.verdict)) return asSaid(question, claims, said, deps);
  return { ...answer, notes: [...answer.notes, ...said.notes.map(({ code }) => code).filter(isOfTheMoment)] };
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
  const answer = judged(question, claims, proof.lookup, deps, proof);
  return { ...answer, asOf: isStanding(answer.verdict) ? asOfIn(proof, answer) : null };
}

const OUTAGE: Lookup = { state: 'unavailable' };
const NOTHING: Lookup = { state: 'answered', source: 'register', records: [] };
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

/**
 * Whether the service's verdict answers the question by itself. Asked by a code that stood in a file, it knows nothing
 * of the file: its 'valid' would vouch for a sheet that it has not seen.
 */
function isAbout(question: Asked, { verdict, document }: ServiceAnswer): boolean {
  if (question.asked === 'code' || verdict !== 'valid') return true;
  return question.asked === 'file' && document?.sha256 === question.sha256;
}

/** Whether a withdrawal since would change the verdict. */
function isStanding(verdict: Verdict): boolean {
  return verdict === 'valid' || verdict === 'not-original';
}

/** The day of which evidence speaks about the document that is answered about. */
function asOfIn({ lookup }: Proof, { document: answered }: Answer): number | null {
  const records = lookup.state === 'answered' ? lookup.records : [];
  const record = records.find(({ statement }) => statement.jti === answered?.documentId);
  return record?.status.state === 'known' ? record.status.asOf : null;
}

/** Of the service's notes, what no evidence can tell. */
function isOfTheMoment(code: NoteCode): boolean {
  return code === 'waiting-unknown';
}

/** From bad to worse, of what the service may know and evidence cannot show. */
const KNOWN_TO_THE_SERVICE: readonly Verdict[] = ['conflict', 'superseded', 'revoked'];

function outweighs(said: Verdict, shown: Verdict): boolean {
  return isStanding(shown) && KNOWN_TO_THE_SERVICE.includes(said);
}
