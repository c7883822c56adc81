import type { Check } from '@spondon/protocol/verdict/codes';
import type { NoteCode, Verdict } from '@spondon/protocol/verdict/summaries';

/** What the service says about a document: its own word, which evidence then confirms or not. Times are ISO 8601. */
export interface ServiceAnswer {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  readonly notes: readonly { readonly code: NoteCode }[];
  readonly document?: ServiceDocument;
}

export interface ServiceDocument {
  readonly documentId: string;
  readonly kind: string;
  readonly sha256: string;
  readonly issuer: {
    readonly issuerId: string;
    readonly name: string | null;
    readonly licence: string | null;
    readonly telephone: string | null;
  };
  readonly issuedAt: string;
  readonly state: 'anchored' | 'pending';
  readonly anchoredAt?: string;
}

/** The service could not be asked: no network, an outage, or too many questions at once. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/** What a signed report is to be about. Hashes are hexadecimal, codes canonical, `claims` JWS texts found in the file. */
export type Reported =
  | {
      readonly sha256: string;
      readonly claims?: readonly string[];
      readonly fileName?: string;
      readonly fileSize: number;
    }
  | { readonly code: string };

/** As many as one report may be about. */
export const MAX_REPORTED = 500;

export type EvidenceOf = { readonly sha256: string } | { readonly code: string };

/** What the page asks of the service that it came from. Every method rejects with {@link Unreachable} in an outage. */
export interface Service {
  /** `sha256`: hexadecimal. */
  verifyFile(sha256: string): Promise<ServiceAnswer>;
  /** `documentId`: canonical. */
  verifyCode(documentId: string): Promise<ServiceAnswer>;
  /** An evidence file's text, for a file's hash (hexadecimal) or a canonical document id; null when there is none. */
  evidence(asked: EvidenceOf): Promise<string | null>;
  /** A PDF about 1 to {@link MAX_REPORTED} documents, looked up anew and signed by the service. */
  report(items: readonly Reported[], language: 'en' | 'bn'): Promise<Blob>;
  /** The trust bundle's text. */
  trust(): Promise<string>;
  /** Every facility that was ever admitted, as JSON text. */
  issuers(): Promise<string>;
}

const PATIENCE_MS = 20_000;
/** Hundreds of documents are looked up, and their evidence made. */
const REPORT_PATIENCE_MS = 120_000;
/** How often an answer of 'too many questions at once' is waited out. Hundreds of files come upon the limit. */
const MOST_WAITS = 8;
const LONGEST_WAIT_S = 60;

/** `origin` is where the API is; the page's own when empty. */
export function serviceAt(
  origin: string,
  request: typeof fetch,
  wait: (ms: number) => Promise<void>,
): Service {
  const ask = async (
    path: string,
    init: RequestInit,
    patience = PATIENCE_MS,
    waits = 0,
  ): Promise<Response> => {
    const response = await request(origin + path, {
      ...init,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(patience),
    }).catch((cause: unknown) => {
      throw new Unreachable('no answer', { cause });
    });
    if (response.ok) return response;
    if (response.status !== 429 || waits === MOST_WAITS) throw new Unreachable(`answered ${response.status}`);
    await wait(Math.min(LONGEST_WAIT_S, Number(response.headers.get('retry-after')) || 1) * 1000);
    return ask(path, init, patience, waits + 1);
  };
  const get = (path: string): Promise<Response> => ask(path, {});
  const post = (path: string, content: unknown, patience?: number): Promise<Response> => {
    const headers = { 'content-type': 'application/json' };
    return ask(path, { method: 'POST', headers, body: JSON.stringify(content) }, patience);
  };
  const answer = async (path: string): Promise<ServiceAnswer> =>
    (await get(path)).json() as Promise<ServiceAnswer>;
  const text = async (path: string): Promise<string> => (await get(path)).text();
  return {
    verifyFile: (sha256) => answer(`/v1/verify/${sha256}`),
    verifyCode: (documentId) => answer(`/v1/verify?code=${documentId}`),
    evidence: async (asked) => {
      const response = await post('/v1/evidence', { items: [asked] });
      const { results } = (await response.json()) as { results: readonly { readonly evidence?: string }[] };
      return results[0]?.evidence ?? null;
    },
    report: async (items, language) =>
      (await post('/v1/reports', { items, language }, REPORT_PATIENCE_MS)).blob(),
    trust: () => text('/v1/trust'),
    issuers: () => text('/v1/issuers'),
  };
}

/** The same service, asked for a file only once: who looked it up before reading it need not ask again. */
export function askingOnce(service: Service): Service {
  const answers = new Map<string, Promise<ServiceAnswer>>();
  return {
    ...service,
    verifyFile(sha256) {
      const answer = answers.get(sha256) ?? service.verifyFile(sha256);
      answers.set(sha256, answer);
      return answer;
    },
  };
}
