import { setTimeout as delay } from 'node:timers/promises';
import { decodeBase64url } from '@spondon/protocol/base64url';
import { toHex } from '@spondon/protocol/bytes';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { verifyEvidence } from '@spondon/protocol/evidence';
import { parseEvidence } from '@spondon/protocol/evidence/file';
import { parseStatement } from '@spondon/protocol/statement';
import { openTrustBundle } from '@spondon/protocol/trust';
import { between, type Random } from '@spondon/fixtures/random';
import { type Client, jsonCall } from '../client.js';
import {
  type Acknowledged,
  type LoadOptions,
  nothingAcknowledged,
  repeatUnanswered,
  takeTurn,
} from '../campaign/load.js';
import { type Observation, observedClient } from './answers.js';
import { Notebook } from './notebook.js';
import type { Scene } from './scene.js';

/** Of each kind of client: how many there are, and how long each rests after a request, ms. */
const ISSUERS = { count: 3, rest: 700 };
const VISITORS = { count: 3, rest: 250 };
const COLLECTORS = { count: 1, rest: 1_000 };
/** Until a document is looked for again that is not anchored yet. */
const PROBE_REST_MS = 50;
/** Visitors ask for one of so many last documents. */
const RECENT = 400;

/** A document that was acknowledged, by what a visitor may have of it. */
interface Known {
  readonly code: string;
  readonly sha256: string;
}

/**
 * Clients that issue, register, revoke, look up and collect evidence, at a steady and low rate, whatever happens to the
 * service. What they were acknowledged they remember, and how each of their questions was answered.
 */
export class SteadyLoad {
  readonly acknowledged: Acknowledged = nothingAcknowledged();
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #client: Client;
  readonly #notebook: Notebook;
  readonly #options: LoadOptions;
  #observations: Observation[] = [];
  #stopped = true;
  #working: Promise<unknown> = Promise.resolve();
  #numbers = 0;
  /** Of faults that no answer shows: evidence that proves nothing, an answer that takes something back. */
  #wrong: string[] = [];
  readonly #anchored = new Set<string>();

  constructor(scene: Scene, random: Random, notebook: string) {
    this.#scene = scene;
    this.#random = random;
    this.#client = observedClient(scene.service, (observation) => this.#observations.push(observation));
    this.#notebook = new Notebook(notebook, this.acknowledged);
    this.#options = {
      client: this.#client,
      hospitalKey: scene.hospitalKey,
      uploads: scene.uploads,
      signer: scene.signer,
      random,
      // Whatever breaks a connection then has its place among the observations.
      killed: () => true,
      onIssued: () => undefined,
      nextNumber: (count) => (this.#numbers += count) - count,
    };
  }

  start(): void {
    this.#stopped = false;
    this.#working = Promise.all([
      ...clients(ISSUERS.count, () => this.#repeat(ISSUERS.rest, () => this.#issue())),
      ...clients(VISITORS.count, () => this.#repeat(VISITORS.rest, () => this.#lookUp())),
      ...clients(COLLECTORS.count, () => this.#repeat(COLLECTORS.rest, () => this.#collectEvidence())),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#working;
  }

  close(): void {
    this.#notebook.close();
  }

  /** What was seen since the last time. */
  take(): { readonly observations: readonly Observation[]; readonly wrong: readonly string[] } {
    const taken = { observations: this.#observations, wrong: this.#wrong };
    this.#observations = [];
    this.#wrong = [];
    return taken;
  }

  /** Repeats what had no answer: it takes effect once, whether or not it had. */
  async repeatUnanswered(): Promise<void> {
    for (let left = Infinity; this.acknowledged.unanswered.length < left;) {
      left = this.acknowledged.unanswered.length;
      await repeatUnanswered(this.acknowledged, { ...this.#options, killed: () => false });
    }
    this.#notebook.write();
  }

  /**
   * Registers a statement as soon as the service takes one, and looks for it until it is anchored. Resolves with how
   * long that took, ms; rejects when `signal` aborts.
   */
  async untilOneIsAnchored(signal: AbortSignal): Promise<number> {
    const begun = performance.now();
    const [text = ''] = await this.#scene.signer.statements(this.#options.nextNumber(1), 1);
    const call = jsonCall('/v1/statements', this.#scene.signer.apiKey, { statements: [text] });
    const ask = async (): Promise<string | undefined> => {
      const { status, text: told } = await this.#client.send(call);
      if (status !== 202) return undefined;
      // Acknowledged the first time; asked again, it tells its present state.
      this.acknowledged.statements.add(text);
      this.#notebook.write();
      return (JSON.parse(told) as { results: { state: string }[] }).results[0]?.state;
    };
    for (;;) {
      if ((await ask().catch(() => undefined)) === 'anchored') return performance.now() - begun;
      await delay(PROBE_REST_MS, undefined, { signal });
    }
  }

  async #repeat(rest: number, turn: () => Promise<void>): Promise<void> {
    while (!this.#stopped) {
      // No answer, or one that is no good: both are among the observations.
      await turn().catch(() => undefined);
      await delay(between(this.#random, 0, 2 * rest));
    }
  }

  async #issue(): Promise<void> {
    try {
      await takeTurn(this.acknowledged, this.#options);
    } catch (error) {
      // Requests never get this far: an answer that makes no sense does.
      this.#wrong.push(`issue: ${String(error)}`);
    }
    this.#notebook.write();
  }

  async #lookUp(): Promise<void> {
    const known = this.#someDocument();
    if (!known) return;
    const { code, sha256: hash } = known;
    const wasAnchored = this.#anchored.has(code);
    const path = this.#random() < 0.5 ? `/v1/verify/${hash}` : `/v1/verify?code=${code}`;
    const { status, text } = await this.#client.send({ path });
    if (status !== 200) return;
    const { document } = JSON.parse(text) as { document?: { state: string } };
    if (document?.state === 'anchored') this.#anchored.add(code);
    else if (document && wasAnchored)
      this.#wrong.push(`look-up: ${code} was anchored and is ${document.state}`);
  }

  async #collectEvidence(): Promise<void> {
    const codes = [...this.#anchored].slice(-RECENT);
    const code = codes[Math.floor(this.#random() * codes.length)];
    if (code === undefined) return;
    const { status, text } = await this.#client.send({ path: `/v1/documents/${code}/evidence` });
    if (status !== 200) return;
    const now = Date.now();
    const bundle = await openTrustBundle(this.#scene.trust, { now, hash: sha256, verify });
    const { checks } = await verifyEvidence(parseEvidence(text), { bundle, now, hash: sha256, verify });
    // A revocation is no fault of the evidence.
    const failed = checks.filter(({ id, state }) => state !== 'passed' && id !== 'status');
    for (const { code: check } of failed) this.#wrong.push(`evidence: ${check}`);
  }

  #someDocument(): Known | null {
    const { documents, statements } = this.acknowledged;
    if (this.#random() < 0.5) {
      const [code, hash] = this.#oneOf([...documents]) ?? [];
      return code === undefined || hash === undefined ? null : { code, sha256: hash };
    }
    const text = this.#oneOf([...statements]);
    const signed = text === undefined ? null : parseStatement(text).statement;
    if (signed?.op !== 'issue') return null;
    return { code: formatDocumentId(signed.jti), sha256: toHex(decodeBase64url(signed.sha256)) };
  }

  #oneOf<Element>(all: readonly Element[]): Element | undefined {
    const recent = all.slice(-RECENT);
    return recent[Math.floor(this.#random() * recent.length)];
  }
}

function clients(count: number, one: () => Promise<void>): Promise<void>[] {
  return Array.from({ length: count }, one);
}
