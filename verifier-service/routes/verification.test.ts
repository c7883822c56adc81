import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { PDFDocument } from '@cantoo/pdf-lib';
import type { z } from 'zod';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { decodeEntry } from '@spondon/protocol/entry';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { verifyEvidence } from '@spondon/protocol/evidence';
import { parseEvidence } from '@spondon/protocol/evidence/file';
import { parseStatement } from '@spondon/protocol/statement';
import { openTrustBundle } from '@spondon/protocol/trust';
import {
  admitHomeHospital,
  type Answer,
  assertProblem,
  facilityId,
  hexOf,
  HOME_HOSPITAL,
  issueStatement,
  MSP,
  newCode,
  newHomeKey,
  oneCopyOnly,
  PATIENT,
  signed,
  somePdf,
  until,
  upload,
} from '../deployment/deployment.test-support.js';
import { MSP_ID } from '../deployment/ledger.js';
import { apiService } from '../deployment/shared-service.test-support.js';
import { fileVerification, verification } from './verification-answer.js';

const RATE_LIMIT = 1100;
const key = newHomeKey();
const service = await apiService({ SPONDON_RATE_LIMIT: String(RATE_LIMIT) });
const apiKey = await admitHomeHospital(service, key);
/** What every answer says of the embedded ledger. */
const singleOwner = MSP === MSP_ID ? ['single-owner'] : [];
let visitors = 0;

/** Each question by another visitor, so that none meets the limit. */
const visitor = (): string => `10.1.${Math.floor(++visitors / 250)}.${(visitors % 250) + 1}`;
const byCode = (code: string): Promise<Answer> =>
  inForm(verification, service.ask('GET', `/v1/verify?code=${code}`, { from: visitor() }));
const byHash = (hash: string): Promise<Answer> =>
  inForm(verification, service.ask('GET', `/v1/verify/${hash}`, { from: visitor() }));
const byFile = (file: Uint8Array): Promise<Answer> =>
  inForm(fileVerification, service.ask('POST', '/v1/verify', { form: upload(file), from: visitor() }));
const verdictOf = async (answer: Promise<Answer>): Promise<string | undefined> => (await answer).body.verdict;
const checkCodes = ({ body }: Answer): string[] => (body.checks ?? []).map(({ code }) => code);

/** The service does not hold its answers against their schema; here every one is, and bears nothing besides. */
async function inForm(schema: z.ZodType, asked: Promise<Answer>): Promise<Answer> {
  const answer = await asked;
  if (answer.status === 200) assert.deepEqual(schema.parse(answer.body), answer.body);
  return answer;
}

async function issued(more: Readonly<Record<string, unknown>> = {}) {
  const { body } = await service.issue(more);
  const { documentId: code = '', sha256: hash = '' } = body;
  await service.anchored();
  return { code, hash, file: await service.fileOf(code) };
}

async function anchor(...statements: Parameters<typeof signed>[0][]): Promise<void> {
  const texts = await Promise.all(statements.map((statement) => signed(statement, key)));
  const { body } = await service.ask('POST', '/v1/statements', { key: apiKey, json: { statements: texts } });
  assert.equal(body.accepted, statements.length, JSON.stringify(body.results));
  await service.anchored();
}

void test('an issued file is valid by its bytes, its hash and its code, and its claims are shown to whoever has it', async () => {
  const { code, hash, file } = await issued();
  assert.equal(await verdictOf(byHash(hash)), 'valid');
  assert.equal(await verdictOf(byHash(hash.toUpperCase())), 'valid');
  assert.equal(await verdictOf(byCode(code)), 'valid');
  assert.equal(await verdictOf(byCode(code.replaceAll('-', '').toLowerCase())), 'valid');
  const answer = await byFile(file);
  assert.equal(answer.body.verdict, 'valid', answer.text);
  assert.equal(answer.body.claims?.[0]?.signature, 'good');
  assert.equal(answer.body.sha256, hash);
  assert.ok(answer.text.includes(PATIENT));
  const publicly = `${(await byHash(hash)).text}${(await byCode(code)).text}`;
  assert.ok(!publicly.includes(PATIENT));
  assert.deepEqual(
    answer.body.notes?.map((note) => note.code),
    singleOwner,
  );
  assert.equal((await byCode(code)).headers['cache-control'], 'no-store');
});

void test('a known code in other bytes is not-original, whether re-saved or edited', async () => {
  const { file } = await issued();
  const resaved = Buffer.concat([file, Buffer.from('\n')]);
  assert.equal(await verdictOf(byFile(resaved)), 'not-original');
  const pdf = await PDFDocument.load(file, { updateMetadata: false });
  pdf.getPage(0).drawText('changed', { x: 60, y: 500 });
  assert.equal(await verdictOf(byFile(await pdf.save())), 'not-original');
});

void test('claims that contradict what is anchored under their code are altered', async () => {
  const { file } = await issued();
  const text = file.toString('latin1');
  const jws = /[\w-]{20,}\.[\w-]{40,}\.[\w-]{86}/.exec(text)?.[0];
  assert.ok(jws, 'the claims stand readable in the XMP');
  const last = jws.endsWith('A') ? 'Q' : 'A';
  const forged = Buffer.from(text.replaceAll(jws, `${jws.slice(0, -2)}${last}${jws.slice(-1)}`), 'latin1');
  assert.equal(await verdictOf(byFile(forged)), 'altered');
});

void test('what nobody issued is not found, which is not called false', async () => {
  const answer = await byFile(await somePdf());
  assert.equal(answer.body.verdict, 'not-found');
  assert.equal(answer.body.reading, 'complete');
  assert.equal(await verdictOf(byCode(newCode())), 'not-found');
  assert.equal(await verdictOf(byHash('0'.repeat(64))), 'not-found');
  const text = await byFile(Buffer.from('just a text'));
  assert.deepEqual([text.status, text.body.verdict], [200, 'not-found']);
});

void test('a document is pending from its acceptance on, and never not found in between', async () => {
  const verdicts = new Set<string | undefined>();
  for (let round = 0; round < 5; round += 1) {
    const statement = issueStatement();
    const text = await signed(statement, key);
    await service.ask('POST', '/v1/statements', { key: apiKey, json: { statements: [text] } });
    await until(async () => {
      const verdict = await verdictOf(byCode(statement.jti));
      verdicts.add(verdict);
      verdicts.add(await verdictOf(byHash(Buffer.from(statement.sha256, 'base64url').toString('hex'))));
      return verdict !== 'pending';
    });
  }
  for (const verdict of verdicts) assert.match(String(verdict), /^(pending|valid)$/);
  assert.ok(verdicts.has('valid'));
});

void test('revoked, superseded and expired documents say so', async () => {
  const revoked = issueStatement();
  const { iss, iat } = revoked;
  await anchor(revoked, { op: 'revoke', iss, iat, jti: revoked.jti, reason: 'fraud' });
  const answer = await byCode(revoked.jti);
  assert.deepEqual([answer.body.verdict, answer.body.document?.revocation?.reason], ['revoked', 'fraud']);
  assert.ok(checkCodes(answer).includes('revoked-fraud'));
  const first = await issued();
  const second = await issued({ supersedes: first.code });
  const superseded = await byHash(first.hash);
  assert.deepEqual(
    [superseded.body.verdict, superseded.body.document?.revocation?.by],
    ['superseded', second.code],
  );
  assert.equal(await verdictOf(byHash(second.hash)), 'valid');
  const expired = issueStatement({ iat: 1_600_000_000, exp: 1_600_000_001 });
  await anchor(expired);
  assert.equal(await verdictOf(byCode(expired.jti)), 'expired');
});

void test('a second issuer of the same code is shown as a conflict, behind the first', async () => {
  const mine = issueStatement();
  await anchor(mine);
  const rival = newHomeKey();
  const iss = facilityId(3);
  const rivalKey = await admitHomeHospital(service, rival, iss);
  const statements = [await signed({ ...issueStatement({ jti: mine.jti }), iss }, rival)];
  assert.equal(
    (await service.ask('POST', '/v1/statements', { key: rivalKey, json: { statements } })).body.accepted,
    1,
  );
  await service.anchored();
  const { body } = await byCode(mine.jti);
  assert.equal(body.verdict, 'conflict');
  assert.equal(body.document?.documentId, formatDocumentId(mine.jti));
  assert.deepEqual(
    body.others?.map(({ mark }) => mark),
    ['conflict'],
  );
  const evidence = await service.ask('GET', `/v1/documents/${mine.jti}/evidence`, { from: visitor() });
  const { text } = decodeEntry(parseEvidence(evidence.text).entry);
  assert.equal(parseStatement(text).statement.iss, HOME_HOSPITAL);
});

void test('a suspended facility’s documents stand, and the answer says that it is suspended', async () => {
  const statement = issueStatement();
  await anchor(statement);
  const suspension = `/v1/issuers/${HOME_HOSPITAL}/suspension`;
  await service.asOperator('POST', suspension);
  const { body } = await byCode(statement.jti);
  assert.equal(body.verdict, 'valid');
  assert.ok(body.notes?.some(({ code }) => code === 'issuer-suspended'));
  await service.asOperator('DELETE', suspension);
});

void test('evidence of an anchored document convinces a verifier that has the trust bundle alone', async () => {
  const { code, hash } = await issued();
  const evidence = await service.ask('GET', `/v1/documents/${code}/evidence`, { from: visitor() });
  assert.match(String(evidence.headers['content-type']), /^application\/vnd\.spondon\.evidence\+json/);
  const trust = await service.ask('GET', '/v1/trust', { from: visitor() });
  const now = Date.now();
  const bundle = await openTrustBundle(trust.text, { now, hash: sha256, verify });
  const result = await verifyEvidence(parseEvidence(evidence.text), { bundle, now, hash: sha256, verify });
  assert.ok(
    result.checks.every(({ state }) => state !== 'failed'),
    JSON.stringify(result.checks),
  );
  assert.equal(result.record?.statement.sha256, encodeBase64url(Buffer.from(hash, 'hex')));
  assertProblem(
    await service.ask('GET', `/v1/documents/${newCode()}/evidence`, { from: visitor() }),
    404,
    'DOCUMENT_UNKNOWN',
  );
});

void test('a batch answers in its order what each would be answered alone; evidence tells failures one by one', async () => {
  const { code, hash } = await issued();
  const unknown = newCode();
  const items = [{ code }, { sha256: hash }, { code: unknown }, { sha256: '1'.repeat(64) }];
  const ask = (url: string, json: unknown): Promise<Answer> =>
    service.ask('POST', url, { json, from: visitor() });
  const { body } = await ask('/v1/verify/batch', { items });
  assert.deepEqual(
    body.results?.map(({ verdict }) => verdict),
    ['valid', 'valid', 'not-found', 'not-found'],
  );
  const evidence = await ask('/v1/evidence', { items });
  const outcomes = evidence.body.results?.map(
    ({ evidence: text, error }) => error?.code ?? parseEvidence(text ?? '').mspId,
  );
  assert.deepEqual(outcomes, [MSP, MSP, 'DOCUMENT_UNKNOWN', 'DOCUMENT_UNKNOWN']);
  const many = (count: number): unknown => ({
    items: Array.from({ length: count }, () => ({ sha256: hash })),
  });
  assert.equal((await ask('/v1/verify/batch', many(500))).body.results?.length, 500);
  assertProblem(await ask('/v1/verify/batch', many(501)), 400, 'REQUEST_INVALID');
  assertProblem(await ask('/v1/verify/batch', { items: [] }), 400, 'REQUEST_INVALID');
  assertProblem(await ask('/v1/verify/batch', { items: [{ code, sha256: hash }] }), 400, 'REQUEST_INVALID');
  // Of a list of hundreds, which one is wrong and how.
  const mistyped = await ask('/v1/verify/batch', { items: [{ code }, { code: 'x' }] });
  assertProblem(mistyped, 400, 'CODE_INVALID');
  assert.match(mistyped.body.detail ?? '', /^items\.1\.code: not 17 letters and digits/);
  assertProblem(await ask('/v1/evidence', many(501)), 400, 'REQUEST_INVALID');
});

void test('malformed questions have stable codes', async () => {
  assertProblem(await byHash('abc'), 400, 'REQUEST_INVALID');
  assertProblem(await byCode('7K3M'), 400, 'CODE_INVALID');
  assertProblem(await service.ask('GET', '/v1/verify', { from: visitor() }), 400, 'REQUEST_INVALID');
  assertProblem(
    await service.ask('POST', '/v1/verify', { form: new FormData(), from: visitor() }),
    400,
    'REQUEST_INVALID',
  );
  assertProblem(
    await service.ask('POST', '/v1/verify', { form: upload(new Uint8Array()), from: visitor() }),
    400,
    'FILE_EMPTY',
  );
  assertProblem(
    await service.ask('POST', '/v1/verify', { json: {}, from: visitor() }),
    415,
    'MEDIA_TYPE_UNSUPPORTED',
  );
  const raw = { raw: '{"items": [Farhana', headers: { 'content-type': 'application/json' }, from: visitor() };
  const answer = await service.ask('POST', '/v1/verify/batch', raw);
  assertProblem(answer, 400, 'REQUEST_INVALID');
  assert.ok(!answer.text.includes('Farhana'));
});

void test('a file larger than what is read for codes is judged by its hash', async () => {
  const large = Buffer.alloc(26 * 1024 * 1024, 7);
  const { body } = await byFile(large);
  assert.deepEqual([body.verdict, body.reading, body.size], ['not-found', 'not-read', large.length]);
  assert.equal(body.sha256, hexOf(large));
});

void test(
  'a visitor’s allowance is counted by size, and a refusal says when to come again',
  oneCopyOnly,
  async () => {
    const from = '192.0.2.7';
    const items = Array.from({ length: 500 }, () => ({
      sha256: createHash('sha256').update('x').digest('hex'),
    }));
    const ask = (): Promise<Answer> => service.ask('POST', '/v1/verify/batch', { json: { items }, from });
    assert.deepEqual([(await ask()).status, (await ask()).status], [200, 200]);
    const refused = await ask();
    assertProblem(refused, 429, 'RATE_LIMITED');
    const seconds = Number(refused.headers['retry-after']);
    assert.ok(seconds >= 1 && seconds <= 60);
    assertProblem(await service.ask('GET', '/v1/trust', { from }), 429, 'RATE_LIMITED');
    assert.equal((await service.ask('GET', '/v1/trust', { from: '192.0.2.8' })).status, 200);
    assert.equal((await service.ask('GET', '/health/live', { from })).status, 200);
  },
);

void test('facilities are listed with their keys', async () => {
  const { body } = await service.ask('GET', '/v1/issuers', { from: visitor() });
  assert.ok(body.issuers?.some(({ issuerId }) => issuerId === HOME_HOSPITAL));
});
