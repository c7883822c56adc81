import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDocumentId } from '@spondon/protocol/document-id';
import {
  admitHomeHospital,
  type Answer,
  assertProblem,
  HOME_HOSPITAL,
  HOSPITAL,
  issueStatement,
  MSP,
  newCode,
  newHomeKey,
  signed,
  until,
} from '../deployment/deployment.test-support.js';
import { apiService } from '../deployment/shared-service.test-support.js';

const key = newHomeKey();
const service = await apiService();
const apiKey = await admitHomeHospital(service, key);

const send = (...statements: string[]): Promise<Answer> =>
  service.ask('POST', '/v1/statements', { key: apiKey, json: { statements } });
const statesOf = ({ body }: Answer): (string | undefined)[] =>
  (body.results ?? []).map(({ state, code }) => code ?? state);

void test('statements signed at home are queued, anchored, and sending them again tells their state', async () => {
  const texts = await Promise.all(Array.from({ length: 20 }, () => signed(issueStatement(), key)));
  const first = await send(...texts);
  assert.equal(first.status, 202, first.text);
  assert.deepEqual(new Set(statesOf(first)), new Set(['pending']));
  await service.anchored();
  const again = await send(...texts);
  assert.deepEqual(new Set(statesOf(again)), new Set(['anchored']));
  assert.equal(again.body.accepted, 20);
});

void test('of many statements in one request each gets its own answer, in their order', async () => {
  const bad = [0, 255, 256, 599];
  const stranger = newHomeKey();
  const statements = Array.from({ length: 600 }, () => issueStatement());
  const texts = await Promise.all(
    statements.map((statement, at) => signed(statement, bad.includes(at) ? stranger : key)),
  );
  const { body } = await send(...texts);
  assert.equal(body.accepted, 596);
  assert.deepEqual(
    body.results?.map(({ documentId, code }) => ({ documentId, code })),
    statements.map(({ jti }, at) => ({
      documentId: formatDocumentId(jti),
      code: bad.includes(at) ? 'KEY_UNKNOWN' : undefined,
    })),
  );
  await service.anchored();
});

void test('one statement sent many times at once, and twice in one request, is anchored once', async () => {
  const statement = issueStatement();
  const text = await signed(statement, key);
  const answers = await Promise.all(Array.from({ length: 8 }, () => send(text, text)));
  for (const answer of answers)
    for (const state of statesOf(answer)) assert.match(String(state), /^(pending|anchored)$/);
  await service.anchored();
  await Promise.all(Array.from({ length: 8 }, () => send(text)));
  await service.anchored();
  const { verdict, others } = await service.verified(statement.jti);
  assert.deepEqual([verdict, others], ['valid', undefined]);
});

void test('another statement about the same document is a conflict, queued or anchored', async () => {
  const statement = issueStatement();
  const [one, two] = await Promise.all([signed(statement, key), signed({ ...statement, kind: 'slip' }, key)]);
  assert.deepEqual(statesOf(await send(one, two)), ['pending', 'STATEMENT_CONFLICT']);
  await service.anchored();
  assert.deepEqual(statesOf(await send(two, one)), ['STATEMENT_CONFLICT', 'anchored']);
  const rivals = await Promise.all(
    (['report', 'slip', 'certificate'] as const).map((kind) =>
      signed({ ...issueStatement({ jti: newCode() }), kind }, key),
    ),
  );
  assert.deepEqual(new Set(statesOf(await send(...rivals))), new Set(['pending']));
});

void test('of conflicting statements sent at once, only those that are queued are acknowledged', async () => {
  const statement = issueStatement();
  const texts = await Promise.all(
    (['report', 'slip', 'certificate'] as const).map((kind) => signed({ ...statement, kind }, key)),
  );
  const states = (await Promise.all(texts.map((text) => send(text)))).flatMap(statesOf);
  assert.deepEqual(states.sort(), ['STATEMENT_CONFLICT', 'STATEMENT_CONFLICT', 'pending']);
});

void test('each bad statement is refused by itself, with its reason', async () => {
  const good = await signed(issueStatement(), key);
  const foreign = await signed(issueStatement({ iss: HOSPITAL }), key);
  const ahead = await signed(issueStatement({ iat: Math.floor(Date.now() / 1000) + 900 }), key);
  const stranger = await signed(issueStatement(), newHomeKey());
  const other = await signed(issueStatement(), key);
  const [head = '', payload = ''] = good.split('.');
  const forged = [head, payload, other.split('.')[2]].join('.');
  const unknown = await signed(
    { op: 'revoke', iss: HOME_HOSPITAL, iat: 1, jti: newCode(), reason: 'error' },
    key,
  );
  const answer = await send('nonsense', foreign, ahead, stranger, forged, unknown, good);
  assert.equal(answer.status, 202);
  assert.deepEqual(statesOf(answer), [
    'STATEMENT_INVALID',
    'WRONG_ISSUER',
    'IAT_AHEAD',
    'KEY_UNKNOWN',
    'SIGNATURE_INVALID',
    'DOCUMENT_UNKNOWN',
    'pending',
  ]);
  assert.equal(answer.body.accepted, 1);
});

void test('a document can be issued and revoked in one request, and revoked once', async () => {
  const statement = issueStatement();
  const { iss, iat, jti } = statement;
  const issue = await signed(statement, key);
  const revoke = await signed({ op: 'revoke', iss, iat, jti, reason: 'withdrawn' }, key);
  const again = await signed({ op: 'revoke', iss, iat, jti, reason: 'fraud' }, key);
  assert.deepEqual(statesOf(await send(issue, revoke, again)), ['pending', 'pending', 'STATEMENT_CONFLICT']);
  await service.anchored();
  assert.deepEqual(statesOf(await send(revoke, again)), ['anchored', 'ALREADY_REVOKED']);
  const { body } = await service.ask('GET', `/v1/documents/${formatDocumentId(jti)}`, { key: apiKey });
  assert.deepEqual([body.state, body.revocation?.reason], ['anchored', 'withdrawn']);
  const file = await service.ask('GET', `/v1/documents/${jti}/file`, { key: apiKey });
  assertProblem(file, 404, 'DOCUMENT_UNKNOWN');
});

void test('an ended key signs no more, and a new one of its own does', async () => {
  const next = newHomeKey();
  const rotate = (json: unknown): Promise<Answer> =>
    service.asOperator('POST', `/v1/issuers/${HOME_HOSPITAL}/keys`, json);
  assertProblem(await rotate({ why: 'rotated' }), 409, 'ISSUER_KEYLESS');
  const rotated = await rotate({ why: 'compromised', jwk: next.jwk });
  assert.equal(rotated.status, 200, rotated.text);
  const [old, fresh] = await Promise.all([signed(issueStatement(), key), signed(issueStatement(), next)]);
  assert.deepEqual(statesOf(await send(old, fresh)), ['KEY_UNKNOWN', 'pending']);
});

void test('a request that is none is refused as a whole', async () => {
  const ask = (json: unknown): Promise<Answer> =>
    service.ask('POST', '/v1/statements', { key: apiKey, json });
  assertProblem(await ask({ statements: [] }), 400, 'REQUEST_INVALID');
  assertProblem(await ask({ statements: Array.from({ length: 1001 }, () => 'x') }), 400, 'REQUEST_INVALID');
  assertProblem(await ask({ statements: ['x'.repeat(3000)] }), 400, 'REQUEST_INVALID');
  assertProblem(await ask({ statements: [1] }), 400, 'REQUEST_INVALID');
  assertProblem(
    await ask({ statements: Array.from({ length: 1000 }, () => 'x'.repeat(2500)) }),
    413,
    'REQUEST_TOO_LARGE',
  );
  assertProblem(
    await service.ask('POST', '/v1/statements', { json: { statements: ['x'] } }),
    401,
    'UNAUTHENTICATED',
  );
  const suspend = `/v1/issuers/${HOME_HOSPITAL}/suspension`;
  assert.equal((await service.asOperator('POST', suspend)).status, 200);
  assertProblem(await ask({ statements: ['x'] }), 403, 'ISSUER_SUSPENDED');
});

void test('a statement that the ledger refuses is told to its issuer as failed', async () => {
  await service.asOperator('DELETE', `/v1/issuers/${HOME_HOSPITAL}/suspension`);
  const statement = issueStatement();
  const text = await signed(statement, newHomeKey());
  // As if its key had ended between acceptance and anchoring.
  const { iss, jti } = statement;
  const refused = { seq: 10_000, mspId: MSP, iss, jti, op: 'issue' as const, statement: text };
  const why = { acceptedAt: 1, refusedAt: 2, code: 'KEY_ENDED', message: 'the key has ended' };
  await service.db
    .insertInto('refused')
    .values({ ...refused, ...why })
    .execute();
  const { body } = await service.ask('GET', `/v1/documents/${jti}`, { key: apiKey });
  assert.deepEqual([body.state, body.failure?.code], ['failed', 'KEY_ENDED']);
});

void test('metrics count what was anchored and name nobody', async () => {
  const metrics = async (): Promise<string> => (await service.ask('GET', '/metrics')).text;
  await until(async () => /^spondon_queue_statements 0$/m.test(await metrics()));
  // Of several copies, the one that anchors has counted.
  await until(async () => /^spondon_statements_anchored_total [1-9]/m.test(await metrics()));
  assert.doesNotMatch(await metrics(), /bd\.dghs/);
});
