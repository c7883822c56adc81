import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { verifyOffline } from '../cli/verify.js';
import {
  embeddedOnly,
  admitHomeHospital,
  type Answer,
  assertProblem,
  type Body,
  HOME_HOSPITAL,
  HOSPITAL,
  issueStatement,
  MSP,
  newHomeKey,
  signed,
} from '../deployment/deployment.test-support.js';
import { damageIn } from '../deployment/fsck.test-support.js';
import { apiService } from '../deployment/shared-service.test-support.js';
import { queueRow } from '../documents/queueing.js';

const service = await apiService();

const end = (iss: string, kid: string, json: unknown): Promise<Answer> =>
  service.asOperator('POST', `/v1/issuers/${iss}/keys/${kid}/end`, json);
const rotate = (iss: string): Promise<Answer> => service.asOperator('POST', `/v1/issuers/${iss}/keys`, {});
/** The key that signs for the hospital now. */
async function currentKey() {
  const { issuers = [] } = (await service.ask('GET', '/v1/issuers')).body;
  const keys = issuers.find(({ issuerId }) => issuerId === HOSPITAL)?.keys ?? [];
  return keys.findLast(({ until }) => until === undefined) ?? { kid: '', from: '' };
}
const signatureOf = ({ checks = [] }: Pick<Body, 'checks'>): string | undefined =>
  checks.find(({ id }) => id === 'signature')?.code;

async function issuedAndAnchored(): Promise<Body> {
  const { body } = await service.issue();
  await service.anchored();
  return (await service.asHospital('GET', `/v1/documents/${body.documentId ?? ''}`)).body;
}

/** The verdict of somebody who has the evidence file and the trust bundle, and no network. */
async function verdictOffline(code = ''): Promise<Awaited<ReturnType<typeof verifyOffline>>> {
  const files = { evidence: join(service.dataDir, 'e.json'), trust: join(service.dataDir, 'trust.json') };
  await writeFile(files.evidence, (await service.ask('GET', `/v1/documents/${code}/evidence`)).text);
  await writeFile(files.trust, (await service.ask('GET', '/v1/trust')).text);
  const subject = { code: parseDocumentId(code) };
  return verifyOffline(subject, { ...files, pin: undefined, maxAgeHours: undefined }, Date.now());
}

void test('a key that is ended in the past fails what it signed since, online and offline, and no more', async () => {
  const [before, since] = [await issuedAndAnchored(), await issuedAndAnchored()];
  const { kid } = await currentKey();
  const ended = await end(HOSPITAL, kid, { why: 'compromised', since: since.anchoredAt });
  assert.equal(ended.status, 200, ended.text);
  const key = ended.body.keys?.find((each) => each.kid === kid);
  assert.deepEqual([key?.until, key?.why], [since.anchoredAt, 'compromised']);

  assert.equal((await service.verified(before.documentId)).verdict, 'valid');
  assert.equal((await verdictOffline(before.documentId)).verdict, 'valid');
  const forged = await service.verified(since.documentId);
  assert.deepEqual([forged.verdict, signatureOf(forged)], ['altered', 'key-compromised']);
  const offline = await verdictOffline(since.documentId);
  assert.deepEqual([offline.verdict, signatureOf(offline)], ['altered', 'key-compromised']);
});

void test('a facility whose only key ended signs nothing until it is given a new one', async () => {
  assertProblem(await service.issue(), 409, 'ISSUER_KEY_ENDED');
  const rotated = await rotate(HOSPITAL);
  assert.equal(rotated.status, 200, rotated.text);
  assert.equal((await service.verified((await issuedAndAnchored()).documentId)).verdict, 'valid');
});

void test('a rotated key ends only after everything that it signed is anchored', async () => {
  const { kid } = await currentKey();
  const issuing = Array.from({ length: 4 }, () => service.issue());
  const [ended, ...answers] = await Promise.all([end(HOSPITAL, kid, { why: 'rotated' }), ...issuing]);
  assert.equal(ended.status, 200, ended.text);
  for (const { status, body } of answers) {
    if (status === 201) assert.equal((await service.verified(body.documentId)).verdict, 'valid');
    else assert.equal(body.code, 'ISSUER_KEY_ENDED');
  }
  assertProblem(await service.issue(), 409, 'ISSUER_KEY_ENDED');
  assert.equal((await rotate(HOSPITAL)).status, 200);
});

void test('an end that the rules do not allow is refused, and the key goes on', async () => {
  const { kid, from } = await currentKey();
  for (const [why, at] of [
    ['rotated', Date.now() - 1000],
    ['compromised', Date.now() + 600_000],
    ['compromised', Date.parse(from) - 1],
  ] as const) {
    const refused = await end(HOSPITAL, kid, { why, since: new Date(at).toISOString() });
    assertProblem(refused, 409, 'REFUSED_BY_LEDGER');
  }
  for (const json of [
    {},
    { why: 'lost' },
    { why: 'rotated', since: '2026-03-14' },
    { why: 'rotated', since: 1 },
  ])
    assertProblem(await end(HOSPITAL, kid, json), 400, 'REQUEST_INVALID');
  assertProblem(await end(HOSPITAL, 'AAAAAAAA', { why: 'rotated' }), 404, 'NOT_FOUND');
  assertProblem(await end('bd.dghs.1', kid, { why: 'rotated' }), 404, 'ISSUER_UNKNOWN');
  assert.equal((await service.issue()).status, 201);
});

void test('what a compromised key signed and is not anchored is refused by the ledger, and its facility sees why', async () => {
  const home = newHomeKey();
  const apiKey = await admitHomeHospital(service, home);
  const statement = issueStatement();
  const row = queueRow(MSP, statement, await signed(statement, home), Date.now());
  assert.equal((await end(HOME_HOSPITAL, home.kid, { why: 'compromised' })).status, 200);
  // As if it had been accepted in the moment before.
  await service.db.insertInto('queue').values(row).execute();
  await issuedAndAnchored();
  const { body } = await service.ask('GET', `/v1/documents/${statement.jti}`, { key: apiKey });
  assert.deepEqual([body.state, body.failure?.code], ['failed', 'KEY_NOT_VALID']);
  assert.equal((await service.verified(statement.jti)).verdict, 'not-found');
  const another = { statements: [await signed(issueStatement(), home)] };
  const sent = await service.ask('POST', '/v1/statements', { key: apiKey, json: another });
  assert.equal(sent.body.results?.[0]?.code, 'KEY_UNKNOWN');
});

void test('ended keys are no damage', embeddedOnly, async () => {
  await service.close();
  assert.deepEqual(await damageIn(service.dataDir), []);
});
