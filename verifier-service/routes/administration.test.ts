import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Answer,
  assertProblem,
  facilityId,
  HOSPITAL,
  newHomeKey,
} from '../deployment/deployment.test-support.js';
import { apiService } from '../deployment/shared-service.test-support.js';

const service = await apiService();

const post = (url: string, json?: unknown): Promise<Answer> => service.asOperator('POST', url, json);
const remove = (url: string): Promise<Answer> => service.asOperator('DELETE', url);
const admission = {
  issuerId: facilityId(44),
  name: 'Clinic',
  kind: 'clinic',
  licence: 'L-4',
  telephone: '+880 2 0000 0004',
};

void test('administration needs the operator’s key', async () => {
  for (const [method, url] of [
    ['POST', '/v1/issuers'],
    ['POST', `/v1/issuers/${HOSPITAL}/suspension`],
    ['DELETE', `/v1/issuers/${HOSPITAL}/suspension`],
    ['POST', `/v1/issuers/${HOSPITAL}/keys`],
    ['POST', `/v1/issuers/${HOSPITAL}/api-keys`],
    ['DELETE', '/v1/api-keys/0123456789abcdef'],
  ] as const) {
    assertProblem(await service.ask(method, url), 401, 'UNAUTHENTICATED');
    assertProblem(await service.ask(method, url, { key: service.hospitalKey }), 403, 'FORBIDDEN');
  }
});

void test('a facility is admitted once, also when asked twice at once', async () => {
  const answers = await Promise.all([post('/v1/issuers', admission), post('/v1/issuers', admission)]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
  assertProblem(await post('/v1/issuers', admission), 409, 'ISSUER_EXISTS');
});

void test('an admission is told what is wrong with it', async () => {
  const jwk = newHomeKey().jwk;
  const offCurve = { ...jwk, x: jwk.y, y: jwk.x };
  for (const wrong of [
    { issuerId: 'X' },
    { name: ' ' },
    { name: 'A\ud800B' },
    { name: 'A\u202eB' },
    { licence: 'L\u00001' },
    { kind: 'school' },
    { telephone: 'call me' },
    { jwk: {} },
    { more: 1 },
  ]) {
    assertProblem(await post('/v1/issuers', { ...admission, ...wrong }), 400, 'REQUEST_INVALID');
  }
  const answer = await post('/v1/issuers', { ...admission, issuerId: facilityId(45), jwk: offCurve });
  assertProblem(answer, 409, 'REFUSED_BY_LEDGER');
});

void test('a name is brought into its one form, however it was typed', async () => {
  // As most keyboards write the last letter of 'বিদ্যালয়': NFC takes it apart.
  const name = 'মেডিকেল বিশ্ববিদ্যাল\u09df';
  assert.notEqual(name.normalize('NFC'), name);
  const issuerId = facilityId(46);
  const answer = await post('/v1/issuers', { ...admission, issuerId, name: ` ${name}` });
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.body.name, name.normalize('NFC'));
});

void test('a suspended facility issues nothing until it is reinstated', async () => {
  const url = `/v1/issuers/${HOSPITAL}/suspension`;
  assert.equal((await post(url)).body.state, 'suspended');
  assertProblem(await post(url), 409, 'REFUSED_BY_LEDGER');
  assertProblem(await service.issue(), 403, 'ISSUER_SUSPENDED');
  assert.equal((await remove(url)).body.state, 'admitted');
  assert.equal((await service.issue()).status, 201);
  assertProblem(await post('/v1/issuers/bd.dghs.1/suspension'), 404, 'ISSUER_UNKNOWN');
});

void test('a key is rotated while documents are issued, and every one of them is anchored and valid', async () => {
  const rotations = [post(`/v1/issuers/${HOSPITAL}/keys`, {}), post(`/v1/issuers/${HOSPITAL}/keys`, {})];
  const issued = await Promise.all(Array.from({ length: 6 }, () => service.issue()));
  const [first, second] = await Promise.all(rotations);
  assert.deepEqual([first?.status, second?.status], [200, 200], `${first?.text ?? ''}${second?.text ?? ''}`);
  await service.anchored();
  for (const { body } of issued) assert.equal((await service.verified(body.documentId)).verdict, 'valid');
  // Two rotations at once end each other's key: one is left.
  assert.equal(second?.body.keys?.filter(({ until }) => until === undefined).length, 1);
});

void test('a compromised key ends at once, and what it signed before stands', async () => {
  const { body } = await service.issue();
  await service.anchored();
  const { body: issuer } = await post(`/v1/issuers/${HOSPITAL}/keys`, { why: 'compromised' });
  assert.equal(issuer.keys?.filter(({ until }) => until === undefined).length, 1);
  assert.ok(issuer.keys.some(({ why }) => why === 'compromised'));
  assert.equal((await service.verified(body.documentId)).verdict, 'valid');
  const next = await service.issue();
  await service.anchored();
  assert.equal((await service.verified(next.body.documentId)).verdict, 'valid');
});

void test('a key that a crash kept from the ledger does not sign', async () => {
  const row = await service.db
    .selectFrom('issuerKeys')
    .selectAll()
    .where('iss', '=', HOSPITAL)
    .executeTakeFirstOrThrow();
  await service.db
    .insertInto('issuerKeys')
    .values({ ...row, kid: 'orphan', createdAt: Date.now() + 1000 })
    .execute();
  const { body } = await service.issue();
  await service.anchored();
  assert.equal((await service.verified(body.documentId)).verdict, 'valid');
});

void test('an API key is shown once, works, and ends at once', async () => {
  const made = await post(`/v1/issuers/${HOSPITAL}/api-keys`);
  assert.equal(made.status, 201);
  const { id = '', apiKey = '' } = made.body;
  const list = (): Promise<Answer> => service.ask('GET', '/v1/documents', { key: apiKey });
  assert.equal((await list()).status, 200);
  assert.equal((await remove(`/v1/api-keys/${id}`)).status, 204);
  assertProblem(await list(), 401, 'UNAUTHENTICATED');
  assertProblem(await remove(`/v1/api-keys/${id}`), 404, 'NOT_FOUND');
  assertProblem(await remove('/v1/api-keys/xyz'), 400, 'REQUEST_INVALID');
  assertProblem(await post('/v1/issuers/bd.dghs.1/api-keys'), 404, 'ISSUER_UNKNOWN');
  assert.ok(!service.logLines.join('').includes(apiKey));
});
