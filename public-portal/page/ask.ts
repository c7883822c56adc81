import { CLAIMS_URL_MAX_BYTES } from '@spondon/protocol/claims';
import type { Answer } from '../check/answer.js';
import { check, checkWith, type CheckDeps, NotEvidence } from '../check/check.js';
import type { Question } from '../check/question.js';
import { askingOnce, type Reported, type Service } from '../check/service.js';
import type { TrustList } from '../check/trust-list.js';
import type { ReadFile, Reading, SoFar } from '../read/reading.js';
import type { Typed } from './way-in.js';

/** What the visitor brought. */
export type Subject =
  | { readonly brought: 'file'; readonly name: string; readonly size: number }
  | { readonly brought: 'code' | 'claims' };

/** An answer, with what is to be shown beside it. */
export interface Outcome {
  readonly subject: Subject;
  readonly answer: Answer;
  /** What a report about it is asked for; null when it is about nothing that could be looked up. */
  readonly reported: Reported | null;
  /** Null when no file was brought. */
  readonly reading: Reading | null;
  /** Hosts of codes in the file that are none of ours: those codes were ignored. */
  readonly foreignHosts: readonly string[];
  readonly trust: TrustList | null;
}

/** A code that leads elsewhere is refused: what it names may be an imitation of this page. */
export class ForeignHost extends Error {
  override readonly name = 'ForeignHost';
  constructor(readonly host: string) {
    super(host);
  }
}

export interface AskDeps {
  readonly service: Service;
  /** Null when there never was one. */
  readonly trustList: () => Promise<TrustList | null>;
  readonly readFile: ReadFile;
  /** Where this page is: ours even before any list could be fetched. */
  readonly ownHost: string;
  /** Unix ms. */
  readonly now: () => number;
}

/**
 * Answers for a code or a link.
 *
 * Rejects with {@link ForeignHost}.
 */
export async function askFor({ question, host }: Typed, deps: AskDeps): Promise<Outcome> {
  const trust = await deps.trustList();
  if (host !== null && !isOurs(host, trust, deps)) throw new ForeignHost(host);
  const answer = await check(question, { ...deps, trust });
  return {
    subject: { brought: question.asked },
    answer,
    reported: reportedOf(question, answer, null),
    reading: null,
    foreignHosts: [],
    trust,
  };
}

export interface AskFileOptions {
  /** Evidence that was brought along: with it there is an answer where nobody can be asked. */
  readonly evidence?: File | undefined;
  readonly onRead: (share: number) => void;
  readonly onCheck: () => void;
  /** How long its pages are searched for codes, when not as long as for a single file. */
  readonly searchMs?: number;
  readonly signal: AbortSignal;
}

/**
 * Reads a file on this device and answers for it. Of a file of which only the code is known, the answer says so.
 *
 * Rejects with `FileFault`, with `NotEvidence` or with the signal's reason.
 */
export async function askForFile(file: File, deps: AskDeps, options: AskFileOptions): Promise<Outcome> {
  const { onRead, onCheck, signal, searchMs } = options;
  const service = askingOnce(deps.service);
  const [reading, trust] = await Promise.all([
    deps.readFile(file, {
      onProgress: onRead,
      signal,
      searchMs,
      isEnough: options.evidence ? undefined : (soFar) => isOriginal(soFar, service),
    }),
    deps.trustList(),
  ]);
  signal.throwIfAborted();
  onCheck();
  const hosts = new Set([...reading.claims, ...reading.labels].flatMap(({ host }) => host ?? []));
  const foreignHosts = [...hosts].filter((host) => !isOurs(host, trust, deps));
  const evidence = (await options.evidence?.text()) ?? reading.evidence;
  const checkDeps = { service, trust, now: deps.now };
  const { question, answer } = await answerFor(reading, evidence, foreignHosts, checkDeps);
  // As a document it is unknown, so evidence was meant.
  if (answer.verdict === 'not-found' && /\.json$/i.test(file.name) && !reading.evidence)
    throw new NotEvidence();
  return {
    subject: { brought: 'file', name: file.name, size: file.size },
    answer,
    reported: reportedOf(question, answer, file),
    reading,
    foreignHosts,
    trust,
  };
}

async function answerFor(
  reading: Reading,
  evidence: string | null,
  foreignHosts: readonly string[],
  deps: CheckDeps,
): Promise<{ readonly question: Question; readonly answer: Answer }> {
  if (evidence !== null && evidence === reading.evidence) {
    const question: Question = { asked: 'evidence' };
    return { question, answer: await checkWith(question, evidence, deps) };
  }
  const isTaken = ({ host }: { readonly host: string | null }) =>
    host === null || !foreignHosts.includes(host);
  const claims = reading.claims.filter(isTaken).map(({ jws }) => jws);
  const question = { asked: 'file', sha256: reading.sha256, claims } as const;
  if (evidence !== null) return { question, answer: await checkWith(question, evidence, deps) };
  const answer = await check(question, deps);
  const [label] = reading.labels.filter(isTaken);
  if (answer.verdict !== 'not-found' || claims.length > 0 || !label) return { question, answer };
  const byLabel = { asked: 'code', code: label.documentId } as const;
  return { question: byLabel, answer: await check(byLabel, deps) };
}

/** Of an original whose facts its metadata show, codes on its pages would say nothing more. */
async function isOriginal({ sha256, claims }: SoFar, service: Service): Promise<boolean> {
  return claims.length > 0 && (await service.verifyFile(sha256)).document?.sha256 === sha256;
}

/** The same question again. Of a file that is the record's own, its codes need not be told. */
function reportedOf(question: Question, answer: Answer, file: File | null): Reported | null {
  if (question.asked === 'code') return { code: question.code };
  const record = answer.document;
  if (question.asked !== 'file' || !file) {
    const code = record?.documentId ?? answer.facts[0]?.jti;
    return code === undefined ? null : { code };
  }
  const { sha256 } = question;
  const codes = record?.sha256 === sha256 ? [] : question.claims;
  const claims = codes.filter(({ length }) => length <= CLAIMS_URL_MAX_BYTES).slice(0, MOST_CLAIMS_REPORTED);
  const fileName = file.name.slice(0, LONGEST_NAME_REPORTED);
  return {
    sha256,
    ...(claims.length > 0 && { claims }),
    ...(fileName !== '' && { fileName }),
    fileSize: file.size,
  };
}

/** What a report takes of one file. */
const MOST_CLAIMS_REPORTED = 4;
const LONGEST_NAME_REPORTED = 1_000;

function isOurs(host: string, trust: TrustList | null, { ownHost }: AskDeps): boolean {
  return host === ownHost || (trust?.bundle.payload.hosts.includes(host) ?? false);
}
