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

/** What the page asks of the service that it came from. Every method rejects with {@link Unreachable} in an outage. */
export interface Service {
  /** `sha256`: hexadecimal. */
  verifyFile(sha256: string): Promise<ServiceAnswer>;
  /** `documentId`: canonical. */
  verifyCode(documentId: string): Promise<ServiceAnswer>;
  /** An evidence file's text; null when there is none, as nothing is anchored under this code. */
  evidence(documentId: string): Promise<string | null>;
  /** The trust bundle's text. */
  trust(): Promise<string>;
  /** Every facility that was ever admitted, as JSON text. */
  issuers(): Promise<string>;
}

const PATIENCE_MS = 20_000;
/** How often an answer of 'too many questions at once' is waited out. Hundreds of files come upon the limit. */
const MOST_WAITS = 8;
const LONGEST_WAIT_S = 60;

/** `origin` is where the API is; the page's own when empty. */
export function serviceAt(
  origin: string,
  request: typeof fetch,
  wait: (ms: number) => Promise<void>,
): Service {
  const get = async (path: string, waits = 0): Promise<Response> => {
    const response = await request(origin + path, {
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch((cause: unknown) => {
      throw new Unreachable('no answer', { cause });
    });
    if (response.ok || response.status === 404) return response;
    if (response.status === 429 && waits < MOST_WAITS) {
      await wait(Math.min(LONGEST_WAIT_S, Number(response.headers.get('retry-after')) || 1) * 1000);
      return get(path, waits + 1);
    }
    throw new Unreachable(`answered ${response.status}`);
  };
  const answer = async (path: string): Promise<ServiceAnswer> => {
    const response = await get(path);
    if (!response.ok) throw new Unreachable(`answered ${response.status}`);
    return (await response.json()) as ServiceAnswer;
  };
  const text = async (path: string): Promise<string> => {
    const response = await get(path);
    if (!response.ok) throw new Unreachable(`answered ${response.status}`);
    return response.text();
  };
  return {
    verifyFile: (sha256) => answer(`/v1/verify/${sha256}`),
    verifyCode: (documentId) => answer(`/v1/verify?code=${documentId}`),
    evidence: async (documentId) => {
      const response = await get(`/v1/documents/${documentId}/evidence`);
      return response.ok ? response.text() : null;
    },
    trust: () => text('/v1/trust'),
    issuers: () => text('/v1/issuers'),
  };
}
