import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  assertProblem,
  DOCUMENT_TEXT,
  facility,
  facilityId,
  hexOf,
  newCode,
  PATIENT,
  reportDetails,
  somePdf,
  upload,
} from '../deployment/deployment.test-support.js';
import { apiService } from '../deployment/shared-service.test-support.js';

const service = await apiService();

const post = (form: FormData, headers: Record<string, string> = {}): Promise<Answer> =>
  service.ask('POST', '/v1/documents', { key: service.hospitalKey, form, headers });
const get = (url: string): Promise<Answer> => service.asHospital('GET', url);

void test('an issued document is pending, then anchored, and its file has the hash that was answered', async () => {
  const issued = await service.issue({
    patientId: 'token-0001',
    statistics: { icd10: 'D50', ageBand: '30-39' },
  });
  assert.equal(issued.status, 201, issued.text);
  assert.equal(issued.body.state, 'pending');
  const { self = '', file = '' } = issued.body.links ?? {};
  await service.anchored();
  const { body: view } = await get(self);
  assert.equal(view.state, 'anchored');
  assert.equal(view.patientId, 'token-0001');
  const answer = await get(file);
  assert.equal(answer.headers['content-type'], 'application/pdf');
  assert.equal(hexOf(answer.bytes), issued.body.sha256);
});

void test('statistics name no document and no finer time than a day', async () => {
  const rows = await service.db.selectFrom('statistics').selectAll().execute();
  assert.ok(rows.length > 0);
  assert.deepEqual(Object.keys(rows[0] ?? {}).sort(), [
    'ageBand',
    'check',
    'day',
    'icd10',
    'id',
    'iss',
    'kind',
    'upazila',
  ]);
  assert.match(String(rows[0]?.day), /^\d{4}-\d{2}-\d{2}$/);
});

void test('nobody but the facility sees its documents, and the operator is told to use another key', async () => {
  const { body } = await service.issue();
  const url = `/v1/documents/${String(body.documentId)}`;
  assertProblem(await service.ask('GET', url), 401, 'UNAUTHENTICATED');
  assertProblem(await service.ask('GET', url, { key: `${service.hospitalKey}x` }), 401, 'UNAUTHENTICATED');
  assertProblem(await service.ask('GET', url, { key: service.operatorKey }), 403, 'FORBIDDEN');
  const other = facilityId(9);
  await service.asOperator('POST', '/v1/issuers', { issuerId: other, ...facility('Other') });
  const { apiKey = '' } = (await service.asOperator('POST', `/v1/issuers/${other}/api-keys`)).body;
  const foreign = { key: apiKey };
  assertProblem(await service.ask('GET', url, foreign), 404, 'DOCUMENT_UNKNOWN');
  assertProblem(await service.ask('GET', `${url}/file`, foreign), 404, 'DOCUMENT_UNKNOWN');
  const denied = await service.ask('POST', `${url}/revocation`, { ...foreign, json: { reason: 'error' } });
  assertProblem(denied, 404, 'DOCUMENT_UNKNOWN');
});

void test('a request repeated under its Idempotency-Key issues once and is answered alike', async () => {
  const pdf = await somePdf();
  const same = (): FormData => upload(pdf, reportDetails);
  const key = { 'idempotency-key': 'batch-1' };
  const [first, second] = await Promise.all([post(same(), key), post(same(), key)]);
  const answers = [first, second].sort((a, b) => a.status - b.status);
  assert.equal(answers[0]?.status, 201, answers[0]?.text);
  const other = answers[1];
  assert.ok(other);
  if (other.status !== 201) assertProblem(other, 409, 'IDEMPOTENCY_IN_PROGRESS');
  const repeated = await post(same(), key);
  assert.equal(repeated.status, 201);
  assert.equal(repeated.text, answers[0].text);
  assertProblem(
    await post(upload(pdf, { ...reportDetails, patientId: 'token-0002' }), key),
    422,
    'IDEMPOTENCY_MISMATCH',
  );
  assertProblem(await post(same(), { 'idempotency-key': 'with space' }), 400, 'REQUEST_INVALID');
  const rows = await service.db
    .selectFrom('idempotency')
    .select('body')
    .where('key', '=', 'batch-1')
    .execute();
  assert.equal(rows.length, 1);
});

void test('an answer to a repeated request outlives a restart', async () => {
  const pdf = await somePdf();
  const key = { 'idempotency-key': 'before-restart' };
  const first = await post(upload(pdf, reportDetails), key);
  assert.equal(first.status, 201);
  await service.restart();
  const again = await post(upload(pdf, reportDetails), key);
  assert.deepEqual([again.status, again.text], [201, first.text]);
});

void test('of revocations at once exactly one is accepted, and the others learn that they came second', async () => {
  for (const wait of [true, false]) {
    const code = String((await service.issue()).body.documentId);
    if (wait) await service.anchored();
    const answers = await Promise.all(
      ['error', 'fraud', 'withdrawn', 'error'].map((reason) => service.revoke(code, { reason })),
    );
    const accepted = answers.filter(({ status }) => status === 202);
    assert.equal(accepted.length, 1);
    for (const answer of answers) if (answer.status !== 202) assertProblem(answer, 409, 'ALREADY_REVOKED');
    await service.anchored();
    const { revocation } = (await get(`/v1/documents/${code}`)).body;
    assert.deepEqual([revocation?.state, revocation?.reason], ['anchored', accepted[0]?.body.reason]);
    assertProblem(await service.revoke(code), 409, 'ALREADY_REVOKED');
  }
});

void test('two replacements of one document at once: one supersedes it, the other is not issued at all', async () => {
  const old = String((await service.issue()).body.documentId);
  const count = async (): Promise<number> =>
    (await service.db.selectFrom('documents').select('jti').execute()).length;
  const before = await count();
  const answers = await Promise.all([service.issue({ supersedes: old }), service.issue({ supersedes: old })]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
  assert.equal(await count(), before + 1);
  await service.anchored();
  const { revocation } = (await get(`/v1/documents/${old}`)).body;
  assert.equal(revocation?.reason, 'superseded');
  assert.equal(revocation.by, answers.find(({ status }) => status === 201)?.body.documentId);
});

void test('a revocation is told of its mistakes', async () => {
  const code = String((await service.issue()).body.documentId);
  assertProblem(await service.revoke(newCode()), 404, 'DOCUMENT_UNKNOWN');
  assertProblem(await service.revoke('not-a-code'), 400, 'CODE_INVALID');
  assertProblem(await service.revoke(code, { reason: 'superseded' }), 400, 'REQUEST_INVALID');
  assertProblem(await service.revoke(code, { reason: 'error', more: 1 }), 400, 'REQUEST_INVALID');
  assertProblem(await service.revoke(code, null), 400, 'REQUEST_INVALID');
  const key = { 'idempotency-key': 'revoke-1' };
  const first = await service.revoke(code, { reason: 'error' }, key);
  assert.equal(first.status, 202);
  assert.equal((await service.revoke(code, { reason: 'error' }, key)).text, first.text);
  assertProblem(await service.revoke(code, { reason: 'fraud' }, key), 422, 'IDEMPOTENCY_MISMATCH');
});

void test('pages go through all documents once, newest first', async () => {
  const seen: string[] = [];
  for (let url = '/v1/documents?limit=3'; url !== '';) {
    const { body } = await get(url);
    seen.push(...(body.documents ?? []).map(({ documentId = '' }) => documentId));
    url = body.next === undefined ? '' : `/v1/documents?limit=3&cursor=${body.next}`;
  }
  const rows = await service.db.selectFrom('documents').select('jti').execute();
  assert.equal(seen.length, rows.length);
  assert.equal(new Set(seen).size, rows.length);
  assert.equal((await get('/v1/documents?patientId=token-0001')).body.documents?.length, 1);
  assertProblem(await get('/v1/documents?cursor=nonsense'), 400, 'REQUEST_INVALID');
  assertProblem(await get('/v1/documents?limit=1000'), 400, 'REQUEST_INVALID');
  assertProblem(await get('/v1/documents?kind=diploma'), 400, 'REQUEST_INVALID');
});

void test('every document of this file is found once on the ledger', async () => {
  await service.anchored();
  const { body } = await get('/v1/documents?limit=200');
  const { documents = [] } = body;
  assert.ok(documents.every(({ state }) => state === 'anchored'));
  assert.equal(new Set(documents.map(({ index }) => index)).size, documents.length);
});

void test('no log line repeats a name, a code, a hash, a key, or a document', () => {
  const log = service.logLines.join('');
  assert.ok(log.includes('answered'));
  for (const secret of [PATIENT, DOCUMENT_TEXT, service.hospitalKey, service.operatorKey, 'token-0001']) {
    assert.ok(!log.includes(secret), secret);
  }
  assert.doesNotMatch(log, /[0-9a-f]{64}/);
  assert.doesNotMatch(log, /\b[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}/);
});
