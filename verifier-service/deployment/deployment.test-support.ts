import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { PDFDocument } from '@cantoo/pdf-lib';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { type Logger, pino } from 'pino';
import { unlessMissing } from '@spondon/ledger/durable-file';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { type EcPublicJwk, kidOf, type Sign } from '@spondon/protocol/crypto';
import { generatePrivateKey, publicJwkOf, sha256, signWith } from '@spondon/protocol/crypto-node';
import { newDocumentId } from '@spondon/protocol/document-id';
import { type IssueStatement, signStatement, type Statement } from '@spondon/protocol/statement';
import { readConfig } from '../config.js';
import { startTestServer, type TestServer } from '../database/postgres.test-support.js';
import { issueApiKey } from '../facilities/api-keys.js';
import { foldersOf } from './folders.js';
import { type Deployment, startService } from './start.js';

export const HOSPITAL = 'bd.dghs.10000001';
export const HOME_HOSPITAL = 'bd.dghs.10000002';
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
  readonly issuers?: readonly { readonly issuerId: string }[];
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

export interface Ask {
  readonly key?: string;
  readonly json?: unknown;
  readonly form?: FormData;
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly from?: string;
}

export interface TestService extends Deployment {
  readonly dataDir: string;
  readonly operatorKey: string;
  readonly hospitalKey: string;
  readonly logLines: readonly string[];
  ask(
    method: 'GET' | 'POST' | 'DELETE' | 'HEAD' | 'OPTIONS' | 'PUT',
    url: string,
    ask?: Ask,
  ): Promise<Answer>;
  issue(
    more?: Readonly<Record<string, unknown>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** Resolves once nothing waits to be anchored. */
  anchored(): Promise<void>;
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

export function configFor(dataDir: string, env: Readonly<Record<string, string>> = {}) {
  return readConfig({
    SPONDON_DATA_DIR: dataDir,
    SPONDON_PORT: '0',
    SPONDON_SAMPLES: 'false',
    SPONDON_RATE_LIMIT: '0',
    SPONDON_STAMP_THREADS: '1',
    SPONDON_PORTAL_URL: 'https://verify.example.gov.bd',
    SPONDON_LOG_LEVEL: 'debug',
    ...env,
  });
}

/** Where tests of the API run: `postgres` and `copies` by `scripts/run-tests.mjs --on`. */
const TESTS_ON = process.env.TESTS_ON ?? '';
/** For tests that look into the embedded database's file, or have `fsck` do so. */
export const embeddedOnly = { skip: TESTS_ON !== '' && 'is about the embedded database' };
/** For tests of limits that each copy counts by itself. */
export const oneCopyOnly = { skip: TESTS_ON === 'copies' && 'each copy counts by itself' };
let server: Promise<TestServer> | undefined;
const databases = new Map<string, Promise<string>>();

/** A database for each data folder, and the same one after a restart. */
function databaseOf(dataDir: string): Promise<string> {
  server ??= startTestServer();
  const found = databases.get(dataDir) ?? server.then((started) => started.newDatabase());
  databases.set(dataDir, found);
  return found;
}

type Env = Readonly<Record<string, string>>;

/** One service, or two copies of it over the same database, ledger and documents: then requests go to each in turn. */
async function startCopies(dataDir: string, env: Env, log: Logger): Promise<Deployment> {
  if (TESTS_ON === '') return startService(configFor(dataDir, env), log);
  const onPostgres = { ...env, SPONDON_DATABASE_URL: await databaseOf(dataDir) };
  const first = await startService(configFor(dataDir, onPostgres), log);
  if (TESTS_ON !== 'copies') return first;
  const ownFolder = join(dataDir, 'second-copy');
  await mkdir(ownFolder, { recursive: true });
  if (env.SPONDON_MASTER_KEY === undefined)
    await copyFile(first.folders.masterKey, foldersOf(ownFolder).masterKey);
  const second = await startService(configFor(ownFolder, onPostgres), log, first.shared);
  const apps = [first.app, second.app];
  let turn = 0;
  const inTurn = async (request: InjectOptions): Promise<LightMyRequestResponse | undefined> => {
    turn += 1;
    const answer = await apps[turn % apps.length]?.inject(request);
    // Nothing was done: it is asked again, as clients do.
    return answer?.statusCode === 503 && answer.body.includes('KEY_CHANGING') ? inTurn(request) : answer;
  };
  return {
    ...first,
    app: new Proxy(first.app, {
      get: (app, name): unknown => (name === 'inject' ? inTurn : Reflect.get(app, name)),
    }),
    close: async () => {
      await second.close();
      await first.close();
    },
  };
}

/** The whole service in this process, with a hospital whose keys it keeps; admitted here unless its API key is given. */
export async function startTestService(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
  keptKey?: string,
): Promise<TestService> {
  const logLines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void logLines.push(line) });
  const deployment = await startCopies(dataDir, env, log);
  const { db, registrar, issuer } = deployment;
  const random = (length: number): Uint8Array => randomBytes(length);
  if (!issuer(HOSPITAL) && keptKey === undefined)
    await registrar.admit({ iss: HOSPITAL, ...facility('Hospital One') });
  const hospitalKey = keptKey ?? (await issueApiKey(db, HOSPITAL, Date.now(), random)).text;
  const operatorKey = (await issueApiKey(db, null, Date.now(), random)).text;
  const ask: TestService['ask'] = (method, url, asked) => inject(deployment, method, url, asked ?? {});
  return {
    ...deployment,
    dataDir,
    hospitalKey,
    operatorKey,
    logLines,
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

export function facility(name: string) {
  return { name, kind: 'hospital' as const, licence: 'L-1', telephone: '+880 2 0000 0001' };
}

async function inject(
  { app }: Deployment,
  method: Parameters<TestService['ask']>[0],
  url: string,
  ask: Ask,
): Promise<Answer> {
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
  const answer = await app.inject({
    method,
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
    ...(ask.from === undefined ? {} : { remoteAddress: ask.from }),
  });
  const isJson = /json/.test(String(answer.headers['content-type']));
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: answer.body,
    bytes: answer.rawPayload,
    body: isJson && answer.body !== '' ? answer.json<Body>() : {},
  };
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
  { registrar, db }: Deployment,
  { jwk }: HomeKey,
  iss = HOME_HOSPITAL,
): Promise<string> {
  await registrar.admit({ iss, ...facility('Hospital Two'), jwk });
  return (await issueApiKey(db, iss, Date.now(), (length) => randomBytes(length))).text;
}
