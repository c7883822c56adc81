import { createHash, randomUUID } from 'node:crypto';
import type { Random } from '@spondon/fixtures/random';
import { between, pick } from '@spondon/fixtures/random';
import { type Call, type Client, jsonCall } from '../client.js';
import type { HomeSigner } from '../home-signer.js';

/** Everything that the service has acknowledged, and so must never lose nor do twice. */
export interface Acknowledged {
  /** By code: hash (hex) that the service answered with. */
  readonly documents: Map<string, string>;
  /** By code: the hash that was revoked. */
  readonly revoked: Set<string>;
  /** Statements signed at home, as sent. */
  readonly statements: Set<string>;
  /** Requests without an answer, to be repeated under the same key after the next start. */
  unanswered: { readonly key: string; readonly call: Call }[];
  /** How often a request to issue was sent and not answered with a document. */
  cutOff: number;
}

export function nothingAcknowledged(): Acknowledged {
  return { documents: new Map(), revoked: new Set(), statements: new Set(), unanswered: [], cutOff: 0 };
}

export interface LoadOptions {
  readonly client: Client;
  readonly hospitalKey: string;
  readonly uploads: readonly Call[];
  readonly signer: HomeSigner;
  readonly random: Random;
  /** True once the service has been killed: what fails from then on failed for that reason. */
  readonly killed: () => boolean;
  /** Told of each document that was acknowledged. */
  readonly onIssued: () => void;
  /** Counts up, so that no document of the signer's is invented twice. */
  readonly nextNumber: (count: number) => number;
}

/** One client that issues, revokes and sends statements in random turns until the service is killed under it. */
export async function work(acknowledged: Acknowledged, options: LoadOptions): Promise<void> {
  while (!options.killed()) await takeTurn(acknowledged, options);
}

/** Issues, sends statements or revokes, once. */
export async function takeTurn(acknowledged: Acknowledged, options: LoadOptions): Promise<void> {
  const turn = options.random();
  if (turn < 0.5) await issue(acknowledged, options, undefined);
  else if (turn < 0.85) await sendStatements(acknowledged, options);
  else await revokeOne(acknowledged, options);
}

/** Repeats what the last kill left unanswered: it takes effect once, whether or not it had. */
export async function repeatUnanswered(acknowledged: Acknowledged, options: LoadOptions): Promise<void> {
  const { unanswered } = acknowledged;
  acknowledged.unanswered = [];
  for (const request of unanswered) {
    if (options.killed()) acknowledged.unanswered.push(request);
    else await issue(acknowledged, options, request);
  }
}

async function issue(
  acknowledged: Acknowledged,
  options: LoadOptions,
  repeated: Acknowledged['unanswered'][number] | undefined,
): Promise<void> {
  const [first, ...others] = options.uploads;
  if (!first) throw new Error('There is nothing to upload');
  const { key, call } = repeated ?? { key: randomUUID(), call: pick(options.random, [first, ...others]) };
  const answer = await send(options, { ...call, headers: { ...call.headers, 'idempotency-key': key } });
  if (!answer) {
    acknowledged.unanswered.push({ key, call });
    acknowledged.cutOff += 1;
    return;
  }
  const { documentId, sha256 } = JSON.parse(answer) as { documentId: string; sha256: string };
  const known = acknowledged.documents.get(documentId);
  if (known !== undefined) throw new Error(`${documentId} was given to two requests`);
  acknowledged.documents.set(documentId, sha256);
  options.onIssued();
}

async function sendStatements(acknowledged: Acknowledged, options: LoadOptions): Promise<void> {
  const count = between(options.random, 1, 40);
  const texts = await options.signer.statements(options.nextNumber(count), count);
  const answer = await send(
    options,
    jsonCall('/v1/statements', options.signer.apiKey, { statements: texts }),
  );
  if (!answer) return;
  const { results } = JSON.parse(answer) as { results: { state: string }[] };
  results.forEach(({ state }, at) => {
    const text = texts[at];
    if (state === 'refused' || text === undefined)
      throw new Error(`A good statement was refused: ${answer.slice(0, 300)}`);
    acknowledged.statements.add(text);
  });
}

async function revokeOne(acknowledged: Acknowledged, options: LoadOptions): Promise<void> {
  const [first, ...others] = [...acknowledged.documents.keys()].slice(-50);
  if (first === undefined) return;
  const code = pick(options.random, [first, ...others]);
  if (acknowledged.revoked.has(code)) return;
  const answer = await send(
    options,
    jsonCall(`/v1/documents/${code}/revocation`, options.hospitalKey, { reason: 'error' }),
  );
  if (answer) acknowledged.revoked.add(code);
}

/** The answer's text; null when none came because the service was killed, or when it was done before (a lost answer). */
async function send({ client, killed }: LoadOptions, call: Call): Promise<string | null> {
  try {
    const { status, text } = await client.send(call);
    if (status < 300) return text;
    // Revoked by a request whose answer was lost.
    if (text.includes('ALREADY_REVOKED')) return text;
    // It is still busy with what came before, perhaps with this very request.
    if (status === 503 || text.includes('IDEMPOTENCY_IN_PROGRESS')) return null;
    throw new Error(`${call.path} was answered ${status}: ${text.slice(0, 300)}`);
  } catch (error) {
    if (killed()) return null;
    throw error;
  }
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
