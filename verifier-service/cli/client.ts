import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer } from '../verify/answer.js';
import type { Issued } from '../documents/issue.js';
import type { DocumentView } from '../documents/read.js';

/** The service refused, in its own words. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface ClientOptions {
  readonly url: string;
  /** Sent as bearer where a key is needed; asked for only then. */
  readonly apiKey: () => Promise<string>;
}

/** What a report is asked about. */
export type ReportedItem =
  | { readonly code: string }
  | { readonly sha256: string; readonly fileName: string; readonly fileSize: number };

const RETRIES = 5;
const RETRY_MS = 500;

/** The service's API, as the command line uses it. Every method rejects with `ApiError`. */
export class Client {
  constructor(private readonly options: ClientOptions) {}

  async issue(file: Uint8Array, details: unknown, idempotencyKey: string): Promise<Issued> {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(file)]), 'document');
    form.append('details', JSON.stringify(details));
    const headers = { ...(await this.#bearer()), 'idempotency-key': idempotencyKey };
    return this.#json('/v1/documents', { method: 'POST', headers, body: form });
  }

  async document(code: string): Promise<DocumentView> {
    return this.#json(`/v1/documents/${encodeURIComponent(code)}`, { headers: await this.#bearer() });
  }

  async file(code: string): Promise<Uint8Array> {
    const answer = await this.#ask(`/v1/documents/${encodeURIComponent(code)}/file`, {
      headers: await this.#bearer(),
    });
    return new Uint8Array(await answer.arrayBuffer());
  }

  async revoke(code: string, reason: string): Promise<{ documentId: string; state: string }> {
    return this.#post(`/v1/documents/${encodeURIComponent(code)}/revocation`, { reason });
  }

  async erase(code: string): Promise<{ documentId: string; completeAt: string }> {
    return this.#json(`/v1/documents/${encodeURIComponent(code)}/file`, {
      method: 'DELETE',
      headers: await this.#bearer(),
    });
  }

  verifyHash(sha256: string): Promise<Answer> {
    return this.#json(`/v1/verify/${sha256}`);
  }

  verifyCode(code: string): Promise<Answer> {
    return this.#json(`/v1/verify?code=${encodeURIComponent(code)}`);
  }

  /** A PDF. `items`: each with `sha256` or `code`, perhaps `fileName` and `fileSize`. */
  async report(items: readonly ReportedItem[], language: string): Promise<Uint8Array> {
    const answer = await this.#ask('/v1/reports', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items, language }),
    });
    return new Uint8Array(await answer.arrayBuffer());
  }

  async evidence(code: string): Promise<string> {
    return (await this.#ask(`/v1/documents/${encodeURIComponent(code)}/evidence`)).text();
  }

  async trust(): Promise<string> {
    return (await this.#ask('/v1/trust')).text();
  }

  admit(facility: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#post('/v1/issuers', facility);
  }

  requestAdmission(facility: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#post('/v1/admission-requests', facility);
  }

  async requestKey(issuerId: string): Promise<unknown> {
    return this.#json(`/v1/issuers/${encodeURIComponent(issuerId)}/key-requests`, {
      method: 'POST',
      headers: await this.#bearer(),
    });
  }

  async decisions(): Promise<{ decisions: readonly unknown[] }> {
    return this.#json('/v1/decisions', { headers: await this.#bearer() });
  }

  async vote(decision: string): Promise<unknown> {
    return this.#json(`/v1/decisions/${encodeURIComponent(decision)}/vote`, {
      method: 'POST',
      headers: await this.#bearer(),
    });
  }

  async suspend(issuerId: string): Promise<unknown> {
    return this.#json(`/v1/issuers/${encodeURIComponent(issuerId)}/suspension`, {
      method: 'POST',
      headers: await this.#bearer(),
    });
  }

  async reinstate(issuerId: string): Promise<unknown> {
    return this.#json(`/v1/issuers/${encodeURIComponent(issuerId)}/suspension`, {
      method: 'DELETE',
      headers: await this.#bearer(),
    });
  }

  rotateKey(issuerId: string, rotation: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#post(`/v1/issuers/${encodeURIComponent(issuerId)}/keys`, rotation);
  }

  endKey(issuerId: string, kid: string, end: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#post(`/v1/issuers/${encodeURIComponent(issuerId)}/keys/${encodeURIComponent(kid)}/end`, end);
  }

  /** Null once it is carried out, else what waits for other regulators. */
  async annul(issuerId: string, code: string): Promise<unknown> {
    const path = `/v1/issuers/${encodeURIComponent(issuerId)}/documents/${encodeURIComponent(code)}/annulment`;
    const answer = await this.#ask(path, { method: 'POST', headers: await this.#bearer() });
    return answer.status === 202 ? answer.json() : null;
  }

  /** Every facility with its keys; needs no key. */
  async issuers(): Promise<{ issuers: readonly { issuerId: string }[] }> {
    return this.#json('/v1/issuers');
  }

  async newApiKey(issuerId: string): Promise<{ id: string; issuerId: string; apiKey: string }> {
    return this.#json(`/v1/issuers/${encodeURIComponent(issuerId)}/api-keys`, {
      method: 'POST',
      headers: await this.#bearer(),
    });
  }

  async endApiKey(id: string): Promise<void> {
    await this.#ask(`/v1/api-keys/${encodeURIComponent(id)}`, {
      method: 'DELETE',
      headers: await this.#bearer(),
    });
  }

  async #post<T>(path: string, body: unknown): Promise<T> {
    const headers = { ...(await this.#bearer()), 'content-type': 'application/json' };
    return this.#json<T>(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async #bearer(): Promise<{ authorization: string }> {
    return { authorization: `Bearer ${await this.options.apiKey()}` };
  }

  async #json<T>(path: string, request: RequestInit = {}): Promise<T> {
    return (await (await this.#ask(path, request)).json()) as T;
  }

  /** Asks again while the service is too busy, as it says it will not be for long. */
  async #ask(path: string, request: RequestInit = {}): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#fetch(path, request);
      if (answer.ok) return answer;
      // A proxy may give a date instead.
      const seconds = Number(answer.headers.get('retry-after')) || 0;
      const error = await toApiError(answer);
      const busy = answer.status === 503 || answer.status === 429 || error.code === 'IDEMPOTENCY_IN_PROGRESS';
      if (!busy || attempt > RETRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.max(RETRY_MS * attempt, seconds * 1000)));
    }
  }

  async #fetch(path: string, request: RequestInit): Promise<Response> {
    try {
      return await fetch(new URL(path, this.options.url), request);
    } catch {
      throw new ApiError(
        'UNREACHABLE',
        0,
        `No service answers at ${this.options.url}: is it started? (npm start, or --url)`,
      );
    }
  }
}

async function toApiError(answer: Response): Promise<ApiError> {
  const text = await answer.text();
  try {
    const { code, detail } = JSON.parse(text) as { code?: string; detail?: string };
    return new ApiError(code ?? 'UNKNOWN', answer.status, detail ?? text);
  } catch {
    return new ApiError('UNKNOWN', answer.status, `The service answered ${answer.status}`);
  }
}

/** The key in a credentials file that the service wrote; `variable` would have given another. */
export async function storedApiKey(
  dataDir: string,
  name: 'operator' | 'sample-hospital',
  variable: string,
): Promise<string> {
  const path = join(dataDir, 'credentials', `${name}.json`);
  try {
    const { apiKey } = JSON.parse(await readFile(path, 'utf8')) as { apiKey: string };
    return apiKey;
  } catch {
    throw new ApiError('NO_KEY', 0, `No API key: set ${variable}, or --data to the folder that has ${path}`);
  }
}
