import { type Answer, type Asked, check, checkOffline, type CheckDeps } from '../check/check.js';
import type { Service } from '../check/service.js';
import type { TrustList } from '../check/trust-list.js';
import type { ReadFile, Reading } from '../read/reading.js';
import type { Typed } from './way-in.js';

/** What the visitor brought. */
export type Subject =
  | { readonly brought: 'file'; readonly name: string; readonly size: number }
  | { readonly brought: 'code' | 'claims' };

/** An answer, with what is to be shown beside it. */
export interface Outcome {
  readonly subject: Subject;
  readonly answer: Answer;
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
  return { subject: { brought: question.asked }, answer, reading: null, foreignHosts: [], trust };
}

export interface AskFileOptions {
  /** Evidence that was brought along: then nobody is asked. */
  readonly evidence?: File | undefined;
  readonly onRead: (share: number) => void;
  readonly onCheck: () => void;
  readonly signal: AbortSignal;
}

/**
 * Reads a file on this device and answers for it. Of a file of which only the code is known, the answer says so.
 *
 * Rejects with `FileFault`, or with the signal's reason.
 */
export async function askForFile(file: File, deps: AskDeps, options: AskFileOptions): Promise<Outcome> {
  const { onRead, onCheck, signal } = options;
  const [reading, trust] = await Promise.all([
    deps.readFile(file, { onProgress: onRead, signal }),
    deps.trustList(),
  ]);
  signal.throwIfAborted();
  onCheck();
  const hosts = new Set([...reading.claims, ...reading.labels].flatMap(({ host }) => host ?? []));
  const foreignHosts = [...hosts].filter((host) => !isOurs(host, trust, deps));
  const evidence = (await options.evidence?.text()) ?? reading.evidence;
  const answer = await answerFor(reading, evidence, foreignHosts, { ...deps, trust });
  return {
    subject: { brought: 'file', name: file.name, size: file.size },
    answer,
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
): Promise<Answer> {
  if (evidence !== null && evidence === reading.evidence)
    return checkOffline({ asked: 'evidence' }, evidence, deps);
  const isTaken = ({ host }: { readonly host: string | null }) =>
    host === null || !foreignHosts.includes(host);
  const claims = reading.claims.filter(isTaken).map(({ jws }) => jws);
  const question: Asked = { asked: 'file', sha256: reading.sha256, claims };
  if (evidence !== null) return checkOffline(question, evidence, deps);
  const answer = await check(question, deps);
  const [label] = reading.labels.filter(isTaken);
  if (answer.verdict !== 'not-found' || claims.length > 0 || !label) return answer;
  return check({ asked: 'code', code: label.documentId }, deps);
}

function isOurs(host: string, trust: TrustList | null, { ownHost }: AskDeps): boolean {
  return host === ownHost || (trust?.bundle.payload.hosts.includes(host) ?? false);
}
