import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import {
  oneCopyOnly,
  type Answer,
  assertProblem,
  PATIENT,
  reportDetails,
  somePdf,
  upload,
} from './deployment/deployment.test-support.js';
import { apiService } from './deployment/shared-service.test-support.js';

const service = await apiService({ SPONDON_MAX_UPLOADS: '1' });
const port = Number(new URL(await service.address()).port);

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly securitySchemes: Readonly<Record<string, unknown>> };
}
interface Operation {
  readonly summary?: string;
  readonly responses?: Readonly<Record<string, unknown>>;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: BodySchema }>> };
}
interface BodySchema {
  readonly required: readonly string[];
  readonly properties: Readonly<
    Record<string, { readonly format?: string; readonly oneOf?: readonly unknown[] }>
  >;
}

void test('the OpenAPI document says what the parts of an upload are', async () => {
  const { text } = await service.ask('GET', '/openapi.json');
  const { paths } = JSON.parse(text) as OpenApi;
  const partsOf = (path: string) => paths[path]?.post?.requestBody?.content['multipart/form-data']?.schema;
  const issuing = partsOf('/v1/documents');
  assert.deepEqual(issuing?.required, ['file', 'details']);
  assert.equal(issuing.properties.file?.format, 'binary');
  assert.equal(issuing.properties.details?.oneOf?.length, 4, 'one shape for each kind of document');
  assert.deepEqual(partsOf('/v1/verify')?.required, ['file']);
});

void test('the OpenAPI document is of version 3.1 and describes every route', async () => {
  const { text } = await service.ask('GET', '/openapi.json');
  const document = JSON.parse(text) as OpenApi;
  assert.match(document.openapi, /^3\.1\.\d+$/);
  const listed = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(listed.sort(), [
    'DELETE /v1/api-keys/{id}',
    'DELETE /v1/documents/{id}/file',
    'DELETE /v1/issuers/{id}/suspension',
    'GET /health/live',
    'GET /health/ready',
    'GET /metrics',
    'GET /v1/decisions',
    'GET /v1/documents',
    'GET /v1/documents/{id}',
    'GET /v1/documents/{id}/evidence',
    'GET /v1/documents/{id}/file',
    'GET /v1/issuers',
    'GET /v1/reports/certificate',
    'GET /v1/trust',
    'GET /v1/verify',
    'GET /v1/verify/{sha256}',
    'POST /v1/admission-requests',
    'POST /v1/decisions/{decision}/vote',
    'POST /v1/documents',
    'POST /v1/documents/{id}/revocation',
    'POST /v1/evidence',
    'POST /v1/issuers',
    'POST /v1/issuers/{id}/api-keys',
    'POST /v1/issuers/{id}/documents/{code}/annulment',
    'POST /v1/issuers/{id}/key-requests',
    'POST /v1/issuers/{id}/keys',
    'POST /v1/issuers/{id}/keys/{kid}/end',
    'POST /v1/issuers/{id}/suspension',
    'POST /v1/reports',
    'POST /v1/statements',
    'POST /v1/verify',
    'POST /v1/verify/batch',
  ]);
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const operation of Object.values(operations)) assertOperation(path, operation, document);
  }
});

function assertOperation(
  path: string,
  { summary, responses, parameters = [], security = [] }: Operation,
  document: OpenApi,
): void {
  assert.ok(summary, path);
  assert.ok(
    Object.keys(responses ?? {}).every((status) => /^(\d{3}|default)$/.test(status)),
    path,
  );
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
  const described = parameters.filter((parameter) => parameter.in === 'path');
  assert.deepEqual(described.map(({ name }) => name).sort(), inPath, path);
  assert.ok(
    described.every(({ required }) => required === true),
    path,
  );
  for (const scheme of security.flatMap(Object.keys))
    assert.ok(scheme in document.components.securitySchemes, path);
}

void test('the readable API page and its parts are served', async () => {
  const page = await service.ask('GET', '/docs');
  assert.match(page.text, /<html/i);
  assert.match(String(page.headers['content-security-policy']), /default-src 'self'/);
});

void test('every answer bears security headers and an id of its request', async () => {
  const urls = [
    '/health/live',
    '/v1/issuers',
    '/nothing',
    '/v1/verify/zz',
    '/v1/documents',
    '/metrics',
    '/docs',
  ];
  const ids = new Set<unknown>();
  for (const url of urls) {
    const { headers } = await service.ask('GET', url);
    for (const name of [
      'content-security-policy',
      'x-content-type-options',
      'x-frame-options',
      'referrer-policy',
    ]) {
      assert.ok(headers[name], `${url} ${name}`);
    }
    assert.equal(headers['strict-transport-security'], undefined);
    ids.add(headers['x-request-id']);
  }
  assert.equal(ids.size, urls.length);
  const mine = await service.ask('GET', '/nothing', { headers: { 'x-request-id': 'chosen-by-visitor' } });
  assert.notEqual(mine.headers['x-request-id'], 'chosen-by-visitor');
  assert.equal(mine.body.requestId, mine.headers['x-request-id']);
});

void test('what is not there is a problem with a code, whatever the method', async () => {
  for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'OPTIONS'] as const) {
    assertProblem(await service.ask(method, '/nothing'), 404, 'NOT_FOUND');
  }
  assertProblem(await service.ask('OPTIONS', '/v1/verify'), 404, 'NOT_FOUND');
  assertProblem(await service.ask('PUT', '/v1/documents'), 404, 'NOT_FOUND');
  assert.equal((await service.ask('HEAD', '/nothing')).status, 404);
  const head = await service.ask('HEAD', '/v1/issuers');
  assert.deepEqual([head.status, head.text], [200, '']);
});

void test('addresses that cannot be read are problems too', async () => {
  assertProblem(await service.ask('GET', '/v1/verify/%ZZ'), 400, 'REQUEST_INVALID');
  assertProblem(await service.ask('GET', `/v1/verify/${'a'.repeat(2000)}`), 400, 'REQUEST_INVALID');
  assertProblem(await service.ask('GET', `/v1/documents/${'%20'.repeat(30)}/evidence`), 400, 'CODE_INVALID');
});

/** Sends bytes as they are and gives back all that is answered. */
async function speak(text: string, end = false): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => (answer += String(chunk)));
  await once(socket, 'connect');
  socket.write(text);
  if (end) socket.end();
  await once(socket, 'close');
  return answer;
}

void test('what is no HTTP, or has too large a head, is answered with a problem and the connection ends', async () => {
  const long = await speak(`GET /v1/verify/${'a'.repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`);
  assert.match(long, /^HTTP\/1\.1 413 [\s\S]*application\/problem\+json[\s\S]*"REQUEST_TOO_LARGE"/);
  const nonsense = await speak('HELLO WORLD\r\n\r\n');
  assert.match(nonsense, /^HTTP\/1\.1 400 [\s\S]*"REQUEST_INVALID"/);
});

void test('a body that stops halfway leaves no place taken and no error of ours in the log', async () => {
  const head = `POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=abc\r\ncontent-length: 100000\r\n\r\n`;
  await speak(
    `${head}--abc\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\npart of it`,
    true,
  );
  const whole = await service.ask('POST', '/v1/verify', { form: upload(await somePdf()) });
  assert.equal(whole.status, 200, whole.text);
  assert.ok(!service.logLines.some((line) => line.includes('a request failed here')));
});

void test(
  'more files than there is room for are told to come again, on their way in and out',
  oneCopyOnly,
  async () => {
    const pdf = await somePdf();
    const key = service.hospitalKey;
    const send = (): Promise<Answer> =>
      service.ask('POST', '/v1/documents', { key, form: upload(pdf, reportDetails) });
    const sent = await Promise.all([send(), send(), send()]);
    const issued = sent.find(({ status }) => status === 201);
    const file = issued?.body.links?.file ?? '';
    const fetched = await Promise.all([1, 2, 3].map(() => service.ask('GET', file, { key })));
    assert.ok(fetched.some(({ status }) => status === 200));
    for (const answers of [sent, fetched]) {
      const refused = answers.filter(({ status }) => status >= 300);
      assert.ok(refused.length > 0);
      for (const answer of refused) {
        assertProblem(answer, 503, 'OVERLOADED');
        assert.ok(Number(answer.headers['retry-after']) > 0);
      }
    }
    assert.equal((await service.ask('GET', file, { key })).status, 200, 'and later there is room');
  },
);

void test('health says that the service works, and problems are plain words', async () => {
  assert.equal((await service.ask('GET', '/health/live')).body.status, 'ok');
  assert.equal((await service.ask('GET', '/health/ready')).body.status, 'ok');
});

void test('the log has one line for each answer, with a route and without its parameters', () => {
  const lines = service.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const answered = lines.filter(({ msg }) => msg === 'answered');
  assert.ok(answered.some(({ route }) => route === '/v1/verify/:sha256'));
  const log = service.logLines.join('');
  assert.doesNotMatch(log, /a{64}|%ZZ|part of it/);
  assert.ok(!log.includes(PATIENT));
});
