import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type Body,
  facility,
  HOME_HOSPITAL,
  HOSPITAL,
  issueStatement,
  newHomeKey,
  reportDetails,
  signed,
  somePdf,
  until,
  upload,
} from './deployment.test-support.js';
import { checkData, type Finding } from './fsck.js';

const DISK_BYTES = 48 * 1024 * 1024;
const SERVER = fileURLToPath(new URL('../server.js', import.meta.url));

/** A small disk of its own; only root may mount one. */
const disk = mkdtempSync(join(tmpdir(), 'spondon-full-disk-'));
const mount = ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'spondon-full-disk', disk];
const isMounted = spawnSync('mount', mount).status === 0;
const skip = isMounted ? false : 'no small disk can be mounted here';
const dataDir = join(disk, 'data');
const logFile = join(disk, 'log.jsonl');
const ballast = join(disk, 'ballast');

let server: ChildProcess | undefined;
after(async () => {
  if (server?.exitCode === null) {
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }
  if (isMounted) spawnSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

/** Fills the disk with a ballast, but for so many bytes. */
function fill(leave = 0): void {
  const file = openSync(ballast, 'a');
  const some = Buffer.alloc(64 * 1024);
  try {
    for (;;) writeSync(file, some);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ENOSPC');
  } finally {
    closeSync(file);
  }
  truncateSync(ballast, Math.max(0, statSync(ballast).size - leave));
}

/** The service, with its log on the same disk, added to what is there. */
function spawnServer(): ChildProcess {
  const log = openSync(logFile, 'a');
  const env = {
    PATH: process.env.PATH,
    SPONDON_DATA_DIR: dataDir,
    SPONDON_PORT: '0',
    SPONDON_PORTAL_URL: 'http://localhost:8080',
    SPONDON_SAMPLES: 'false',
    SPONDON_RATE_LIMIT: '0',
    SPONDON_STAMP_THREADS: '1',
  };
  server = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', log, 'pipe'] });
  closeSync(log);
  return server;
}

async function start(): Promise<string> {
  const before = existsSync(logFile) ? statSync(logFile).size : 0;
  const child = spawnServer();
  const said = (): string => readFileSync(logFile, 'utf8').slice(before);
  await until(() => /listens on \S+\n/.test(said()) || child.exitCode !== null);
  assert.equal(child.exitCode, null, String(child.stderr?.read()));
  return /listens on (\S+)\n/.exec(said())?.[1] ?? '';
}

async function stop(): Promise<void> {
  assert.ok(server);
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: Body & { readonly problems?: readonly string[] };
}

let url: string;
async function ask(method: string, path: string, key?: string, content?: unknown): Promise<Answer> {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  if (content !== undefined && !(content instanceof FormData)) headers['content-type'] = 'application/json';
  const body =
    content === undefined || content instanceof FormData ? (content ?? null) : JSON.stringify(content);
  const answer = await fetch(new URL(path, url), { method, headers, body });
  const isJson = /json/.test(answer.headers.get('content-type') ?? '');
  return {
    status: answer.status,
    retryAfter: answer.headers.get('retry-after'),
    body: isJson ? ((await answer.json()) as Answer['body']) : (await answer.arrayBuffer(), {}),
  };
}

const home = newHomeKey();
const keys = { operator: '', hospital: '', home: '' };
/** Codes of everything that was acknowledged. */
const documents: string[] = [];
const statements: string[] = [];

async function issueDocument(): Promise<Answer> {
  const answer = await ask('POST', '/v1/documents', keys.hospital, upload(await somePdf(), reportDetails));
  if (answer.status === 201) documents.push(answer.body.documentId ?? '');
  return answer;
}

async function sendStatements(count: number): Promise<Answer> {
  const made = Array.from({ length: count }, () => issueStatement());
  const texts = await Promise.all(made.map((statement) => signed(statement, home)));
  const answer = await ask('POST', '/v1/statements', keys.home, { statements: texts });
  if (answer.status === 202) statements.push(...made.map(({ jti }) => jti));
  return answer;
}

function assertRefused({ status, retryAfter, body }: Answer): void {
  assert.deepEqual({ status, code: body.code }, { status: 503, code: 'STORAGE_UNAVAILABLE' }, body.detail);
  assert.ok(Number(retryAfter) > 0);
  assert.match(body.detail ?? '', /disk/);
}

async function untilRefused(send: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await send();
    if (answer.status >= 300) return answer;
  }
}

/** The service gives room back now and then, and its files have some left in them. */
function onFullDisk(send: () => Promise<Answer>): Promise<Answer> {
  return untilRefused(() => {
    fill();
    return send();
  });
}

let admissions = 0;
function admitAnother(): Promise<Answer> {
  const issuerId = `bd.dghs.${20_000_000 + (admissions += 1)}`;
  return ask('POST', '/v1/issuers', keys.operator, { issuerId, ...facility('Another hospital') });
}

async function isQueueEmpty(): Promise<boolean> {
  const metrics = await (await fetch(new URL('/metrics', url))).text();
  return /^spondon_queue_statements 0$/m.test(metrics);
}

async function verdicts(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const codes = [...documents, ...statements];
  for (let from = 0; from < codes.length; from += 500) {
    const items = codes.slice(from, from + 500).map((code) => ({ code }));
    const { body } = await ask('POST', '/v1/verify/batch', undefined, { items });
    for (const { verdict = '' } of body.results ?? []) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  return counts;
}

void test('a service on a small disk takes what comes', { skip }, async () => {
  url = await start();
  const file = join(dataDir, 'credentials', 'operator.json');
  keys.operator = (JSON.parse(readFileSync(file, 'utf8')) as { apiKey: string }).apiKey;
  for (const [issuerId, more] of [
    [HOSPITAL, {}],
    [HOME_HOSPITAL, { jwk: home.jwk }],
  ] as const) {
    const admission = { issuerId, ...facility(issuerId), ...more };
    assert.equal((await ask('POST', '/v1/issuers', keys.operator, admission)).status, 201);
  }
  const keyOf = async (iss: string): Promise<string> =>
    (await ask('POST', `/v1/issuers/${iss}/api-keys`, keys.operator, {})).body.apiKey ?? '';
  keys.hospital = await keyOf(HOSPITAL);
  keys.home = await keyOf(HOME_HOSPITAL);
  assert.equal((await ask('GET', '/v1/trust')).status, 200);
  assert.equal((await issueDocument()).status, 201);
  assert.equal((await sendStatements(300)).status, 202);
});

for (const round of [1, 2]) {
  void test(
    `the disk fills under load, time ${round}: refused is what needs a write, look-ups answer`,
    { skip },
    async (t) => {
      const before = statements.length;
      let refused = 0;
      const load = [issueDocument, () => sendStatements(100), () => sendStatements(7)].map(async (send) => {
        assertRefused(await untilRefused(send));
        refused += 1;
      });
      // In the middle of it the last bytes go.
      fill(2 * 1024 * 1024);
      await until(() => statements.length > before + 200 * round || refused > 0);
      fill();
      await Promise.all(load);
      for (const send of [issueDocument, () => sendStatements(1), admitAnother])
        assertRefused(await onFullDisk(send));
      fill();
      const { status, body } = await ask('GET', '/health/ready');
      assert.equal(status, 503);
      assert.match(String(body.problems?.join('\n')), /disk of this service is full/);
      t.diagnostic(String(body.problems?.join('; ')));
      const found = await verdicts();
      assert.deepEqual(
        [...found.keys()].filter((verdict) => !['valid', 'pending'].includes(verdict)),
        [],
      );
      t.diagnostic(JSON.stringify(Object.fromEntries(found)));
      assert.equal((await ask('GET', `/v1/documents/${documents[0]}/evidence`)).status, 200);
      assert.equal((await ask('GET', `/v1/documents/${documents[0]}/file`, keys.hospital)).status, 200);
      assert.equal((await ask('GET', '/v1/trust')).status, 200);
    },
  );

  void test(
    `once there is room it goes on by itself, time ${round}: what was acknowledged is anchored`,
    { skip },
    async () => {
      rmSync(ballast);
      const logged = statSync(logFile).size;
      await until(async () => (await ask('GET', '/health/ready')).status === 200);
      await until(() => statSync(logFile).size > logged);
      assert.equal((await issueDocument()).status, 201);
      assert.equal((await sendStatements(10)).status, 202);
      await until(isQueueEmpty);
      assert.deepEqual(Object.fromEntries(await verdicts()), { valid: documents.length + statements.length });
      assert.equal((await admitAnother()).status, 201);
    },
  );
}

void test('it ends on a full disk, and with room again all is sound', { skip }, async () => {
  fill();
  await stop();
  rmSync(ballast);
  const findings: Finding[] = [];
  const isSound = await checkData(dataDir, undefined, (finding) => findings.push(finding));
  assert.ok(isSound, JSON.stringify(findings));
  url = await start();
  assert.deepEqual(Object.fromEntries(await verdicts()), { valid: documents.length + statements.length });
  await stop();
});

void test('a start on a full disk says so and changes nothing', { skip }, async () => {
  fill();
  const state = readFileSync(join(dataDir, 'ledger', 'state.db'));
  const child = spawnServer();
  const said = text(child.stderr ?? assert.fail());
  assert.deepEqual(await once(child, 'exit'), [1, null]);
  assert.match(await said, /^\w+: .* \(The disk of this service is full\)$/m);
  assert.deepEqual(readFileSync(join(dataDir, 'ledger', 'state.db')), state);
  rmSync(ballast);
  url = await start();
  assert.equal((await issueDocument()).status, 201);
  await stop();
});
