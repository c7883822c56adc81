import assert from 'node:assert/strict';
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { PDFDocument } from '@cantoo/pdf-lib';
import { pino } from 'pino';
import { unlessMissing } from '@spondon/ledger/durable-file';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { type EcPublicJwk, kidOf, type Sign } from '@spondon/protocol/crypto';
import { generatePrivateKey, publicJwkOf, sha256, signWith } from '@spondon/protocol/crypto-node';
import { newDocumentId } from '@spondon/protocol/document-id';
import { type IssueStatement, signStatement, type Statement } from '@spondon/protocol/statement';
import { readConfig } from '../config.js';
import { startTestServer, type TestServer } from '../database/postgres.test-support.js';
import type { Database } from '../database/schema.js';
import { issueApiKey } from '../facilities/api-keys.js';
import { MSP_ID } from './ledger.js';
import { type Deployment, startService } from './start.js';

/** Where tests of the API run: `postgres` and `consortium` by `scripts/run-tests.mjs --on`. */
export const TESTS_ON = process.env.TESTS_ON ?? '';
const ON_CONSORTIUM = TESTS_ON === 'consortium';
/** Facilities on a ledger that other test files are on too are nobody else's. */
const FIRST_FACILITY = ON_CONSORTIUM ? randomInt(10_000_001, 90_000_000) : 10_000_000;

export function facilityId(number: number): string {
  return `bd.dghs.${FIRST_FACILITY + number}`;
}

export const HOSPITAL = facilityId(1);
export const HOME_HOSPITAL = facilityId(2);
/** Of the deployment under test. */
export const MSP = ON_CONSORTIUM ? 'DghsMSP' : MSP_ID;
/** A name that stands nowhere but in documents: whatever finds it elsewhere has found a leak. */
export const PATIENT = 'Farhana Zinnia Qurratulain';
export const DOCUMENT_TEXT = 'Haemoglobin thirteen point two';

export const reportDetails = {
  kind: 'report',
  claims: {
    subject: { name: PATIENT, birthDate: '1990-02-03' },
    facts: { test: 'Complete blood count', specimenDate: '2026-01-02', result: 'Normal' },
  },
};

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly bytes: Buffer;
  /** Parsed JSON; `{}` when the body is none. */
  readonly body: Body;
}

/** What tests look at in answers of all kinds. */
export interface Body {
  readonly status?: number | string;
  readonly code?: string;
  readonly detail?: string;
  readonly requestId?: string;
  readonly documentId?: string;
  readonly anchoredAt?: string;
  readonly sha256?: string;
  readonly state?: string;
  readonly patientId?: string;
  readonly reason?: string;
  readonly failure?: { readonly code: string };
  readonly revocation?: { readonly state: string; readonly reason: string; readonly by?: string };
  readonly links?: Readonly<Record<string, string>>;
  readonly warnings?: readonly { readonly code: string }[];
  readonly documents?: readonly (Body & { readonly index?: number })[];
  readonly next?: string;
  readonly id?: string;
  readonly apiKey?: string;
  readonly issuers?: readonly (Body & { readonly issuerId: string })[];
  readonly name?: string;
  readonly keys?: readonly {
    readonly kid: string;
    readonly from: string;
    readonly until?: string;
    readonly why?: string;
  }[];
  readonly accepted?: number;
  readonly results?: readonly Body[];
  readonly verdict?: string;
  readonly checks?: readonly { readonly id: string; readonly state: string; readonly code: string }[];
  readonly notes?: readonly { readonly code: string }[];
  readonly document?: Body;
  readonly others?: readonly (Body & { readonly mark: string })[];
  readonly claims?: readonly {
    readonly source: string;
    readonly signature: string;
    readonly content: unknown;
  }[];
  readonly reading?: string;
  readonly size?: number;
  readonly evidence?: string;
  readonly error?: { readonly code: string };
}

type Env = Readonly<Record<string, string>>;

export interface Ask {
  readonly key?: string;
  readonly json?: unknown;
  readonly form?: FormData;
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly from?: string;
}

/** A service as its users see it, and the database behind it. */
export interface ServiceUnderTest {
  readonly db: Database;
  readonly dataDir: string;
  readonly operatorKey: string;
  readonly hospitalKey: string;
  readonly logLines: readonly string[];
  ask(method: Request['method'], url: string, ask?: Ask): Promise<Answer>;
  issue(
    more?: Readonly<Record<string, unknown>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Resolves once nothing waits to be anchored. */
  anchored(): Promise<void>;
  /** Where it listens, with no proxy between. */
  address(): Promise<string>;
  close(): Promise<void>;
}

/** In this process. */
export interface TestService extends Deployment, ServiceUnderTest {
  close(): Promise<void>;
}

export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'spondon-test-'));
}

export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}

/** Makes temporary folders for the tests of a file, which are removed after the last of them. */
export function scratchFolders(): () => Promise<string> {
  const made: string[] = [];
  after(() => Promise.all(made.map(removeFolder)));
  return async () => {
    const folder = await temporaryFolder();
    made.push(folder);
    return folder;
  };
}

/** Paths of all files below a folder. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** What a file holds; nothing when it has gone meanwhile, as what a service or SQLite writes may at any time. */
export async function bytesIn(file: string): Promise<Buffer> {
  return (await unlessMissing(readFile(file))) ?? Buffer.alloc(0);
}

/** Asks again until it is so: what is awaited comes by itself, sooner or later. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(5);
}

export function settingsFor(dataDir: string, env: Env = {}): Env {
  return {
    SPONDON_DATA_DIR: dataDir,
    SPONDON_PORT: '0',
    SPONDON_SAMPLES: 'false',
    SPONDON_RATE_LIMIT: '0',
    SPONDON_STAMP_THREADS: '1',
    SPONDON_PORTAL_URL: 'https://verify.example.gov.bd',
    SPONDON_LOG_LEVEL: 'debug',
    ...env,
  };
}

export function configFor(dataDir: string, env: Env = {}) {
  return readConfig(settingsFor(dataDir, env));
}

/** For tests that look into the embedded database's file, or have `fsck` do so. */
export const embeddedOnly = { skip: TESTS_ON !== '' && 'is about the embedded database' };
/** For tests of limits that each copy counts by itself. */
export const oneCopyOnly = { skip: ON_CONSORTIUM && 'each copy counts by itself' };
let server: Promise<TestServer> | undefined;
const databases = new Map<string, Promise<string>>();

/** A database for each data folder, and the same one after a restart. */
export function databaseOf(dataDir: string): Promise<string> {
  server ??= startTestServer();
  const found = databases.get(dataDir) ?? server.then((started) => started.newDatabase());
  databases.set(dataDir, found);
  return found;
}

/** The whole service in this process, with a hospital whose keys it keeps; admitted here unless its API key is given. */
export async function startTestService(
  dataDir: string,
  env: Env = {},
  keptKey?: string,
): Promise<TestService> {
  const logLines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  const database: Env = TESTS_ON === 'postgres' ? { SPONDON_DATABASE_URL: await databaseOf(dataDir) } : {};
  const deployment = await startService(configFor(dataDir, { ...env, ...database }), log);
  const { app, db } = deployment;
  const send: Send = async ({ from, ...request }) => {
    const answer = await app.inject({
      ...request,
      ...(from === undefined ? {} : { remoteAddress: from }),
    });
    return { status: answer.statusCode, headers: answer.headers, bytes: answer.rawPayload };
  };
  let address: Promise<string> | undefined;
  return {
    ...deployment,
    ...(await underTest(db, send, keptKey)),
    dataDir,
    logLines,
    address: () => (address ??= app.listen({ host: '127.0.0.1', port: 0 })),
  };
}

interface Request {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'HEAD' | 'OPTIONS' | 'PUT';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: string | Buffer;
  /** The visitor's address. */
  readonly from?: string;
}

/** How a request gets to the service. */
export type Send = (request: Request) => Promise<Pick<Answer, 'status' | 'headers' | 'bytes'>>;

/** What tests do with a service on this database, which `send` reaches. Its hospital is admitted unless `keptKey` is given. */
export async function underTest(
  db: Database,
  send: Send,
  keptKey?: string,
): Promise<Pick<ServiceUnderTest, 'db' | 'operatorKey' | 'hospitalKey' | 'ask' | 'issue' | 'anchored'>> {
  const newKey = async (iss: string | null): Promise<string> =>
    (await issueApiKey(db, iss, Date.now(), (length) => randomBytes(length))).text;
  const operatorKey = await newKey(null);
  const ask: ServiceUnderTest['ask'] = async (method, url, asked = {}) =>
    answerOf(await send(await requestOf(method, url, asked)));
  if (keptKey === undefined) {
    const json = { issuerId: HOSPITAL, ...facility('Hospital One') };
    const { status, text } = await ask('POST', '/v1/issuers', { key: operatorKey, json });
    // Where the folder was used before, it is admitted already.
    assert.ok(status === 201 || status === 409, text);
  }
  const hospitalKey = keptKey ?? (await newKey(HOSPITAL));
  return {
    db,
    operatorKey,
    hospitalKey,
    ask,
    issue: async (more = {}, headers = {}) =>
      ask('POST', '/v1/documents', {
        key: hospitalKey,
        form: upload(await somePdf(), { ...reportDetails, ...more }),
        headers,
      }),
    anchored: () =>
      until(
        async () => (await db.selectFrom('queue').select('seq').limit(1).executeTakeFirst()) === undefined,
      ),
  };
}

async function requestOf(method: Request['method'], url: string, ask: Ask): Promise<Request> {
  const headers: Record<string, string> = { ...ask.headers };
  if (ask.key !== undefined) headers.authorization = `Bearer ${ask.key}`;
  let payload: string | Buffer | undefined = ask.raw;
  if (ask.json !== undefined) {
    payload = JSON.stringify(ask.json);
    headers['content-type'] = 'application/json';
  }
  if (ask.form) {
    const body = new Response(ask.form);
    payload = Buffer.from(await body.arrayBuffer());
    headers['content-type'] = body.headers.get('content-type') ?? '';
  }
  return {
    method,
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
    ...(ask.from === undefined ? {} : { from: ask.from }),
  };
}

function answerOf(answer: Awaited<ReturnType<Send>>): Answer {
  const text = answer.bytes.toString();
  const isJson = /json/.test(String(answer.headers['content-type']));
  return { ...answer, text, body: isJson && text !== '' ? (JSON.parse(text) as Body) : {} };
}

export function facility(name: string) {
  return { name, kind: 'hospital' as const, licence: 'L-1', telephone: '+880 2 0000 0001' };
}

export function upload(file: Uint8Array | null, details?: unknown, name = 'a.pdf'): FormData {
  const form = new FormData();
  if (file) form.append('file', new Blob([new Uint8Array(file)], { type: 'application/pdf' }), name);
  if (details !== undefined)
    form.append('details', typeof details === 'string' ? details : JSON.stringify(details));
  return form;
}

export async function somePdf(): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  pdf.addPage([595, 842]).drawText(DOCUMENT_TEXT, { x: 60, y: 700, size: 14 });
  // Not packed, so that whoever looks for the text in what is stored would find it.
  return pdf.save({ useObjectStreams: false });
}

export function hexOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Throws unless the answer is problem details with this status and code. */
export function assertProblem(answer: Answer, status: number, code: string): void {
  assert.match(String(answer.headers['content-type']), /^application\/problem\+json/, answer.text);
  assert.deepEqual({ status: answer.status, code: answer.body.code }, { status, code }, answer.text);
  assert.equal(answer.body.status, status);
  assert.ok(String(answer.body.detail).length > 10);
}

/** A facility's own key, kept at home. */
export interface HomeKey {
  readonly kid: string;
  readonly jwk: EcPublicJwk;
  readonly sign: Sign;
}

export function newHomeKey(): HomeKey {
  const privateKey = generatePrivateKey('P-256');
  const jwk = publicJwkOf(privateKey);
  return { kid: kidOf(jwk, sha256), jwk, sign: signWith(privateKey) };
}

export function newCode(): string {
  return newDocumentId((length) => randomBytes(length));
}

export function issueStatement(more: Partial<IssueStatement> = {}): IssueStatement {
  const hash = (): string => encodeBase64url(randomBytes(32));
  const iat = Math.floor(Date.now() / 1000);
  return {
    op: 'issue',
    iss: HOME_HOSPITAL,
    iat,
    jti: newCode(),
    kind: 'report',
    sha256: hash(),
    claims: hash(),
    ...more,
  };
}

export function signed(statement: Statement, { kid, sign }: HomeKey): Promise<string> {
  return signStatement(statement, kid, sign);
}

/** Admits the hospital that signs at home; returns its API key. */
export async function admitHomeHospital(
  { ask, operatorKey: key }: Pick<ServiceUnderTest, 'ask' | 'operatorKey'>,
  { jwk }: HomeKey,
  iss = HOME_HOSPITAL,
): Promise<string> {
  const json = { issuerId: iss, ...facility('Hospital Two'), jwk };
  const admitted = await ask('POST', '/v1/issuers', { key, json });
  assert.equal(admitted.status, 201, admitted.text);
  return (await ask('POST', `/v1/issuers/${iss}/api-keys`, { key })).body.apiKey ?? '';
}
