import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  embeddedOnly,
  type Answer,
  assertProblem,
  type Body,
  HOSPITAL,
  newCode,
} from '../deployment/deployment.test-support.js';
import { damageIn } from '../deployment/fsck.test-support.js';
import { apiService } from '../deployment/shared-service.test-support.js';

const service = await apiService();

const annul = (code = '', key = service.operatorKey): Promise<Answer> =>
  service.ask('POST', `/v1/issuers/${HOSPITAL}/documents/${code}/annulment`, { key });
const statusOf = ({ checks = [] }: Body): string | undefined =>
  checks.find(({ id }) => id === 'status')?.code;

void test('an annulled revocation lets the document stand again, and it can be revoked again', async () => {
  const { documentId } = (await service.issue()).body;
  await service.anchored();
  assert.equal((await service.revoke(documentId)).status, 202);
  await service.anchored();
  assert.equal((await service.verified(documentId)).verdict, 'revoked');

  assert.equal((await annul(documentId)).status, 204);
  const standing = await service.verified(documentId);
  assert.deepEqual([standing.verdict, statusOf(standing)], ['valid', 'revocation-annulled']);
  const { body } = await service.asHospital('GET', `/v1/documents/${documentId ?? ''}`);
  assert.equal(body.revocation, undefined);
  const again = await annul(documentId);
  assertProblem(again, 409, 'REFUSED_BY_LEDGER');
  assert.match(again.text, /NOT_REVOKED/);

  // At once: statements are dated in seconds, and one dated before the annulment would be refused.
  assert.equal((await service.revoke(documentId, { reason: 'fraud' })).status, 202);
  await service.anchored();
  const revoked = await service.verified(documentId);
  assert.deepEqual([revoked.verdict, statusOf(revoked)], ['revoked', 'revoked-fraud']);
});

void test('a document is replaced again after an annulment', async () => {
  const { documentId } = (await service.issue()).body;
  assert.equal((await service.issue({ supersedes: documentId })).status, 201);
  await service.anchored();
  assert.equal((await annul(documentId)).status, 204);
  assert.equal((await service.verified(documentId)).verdict, 'valid');
  assert.equal((await service.issue({ supersedes: documentId })).status, 201);
  await service.anchored();
  assert.equal((await service.verified(documentId)).verdict, 'superseded');
});

void test('only the operator annuls, and only a revocation that is on the ledger', async () => {
  const { documentId } = (await service.issue()).body;
  await service.anchored();
  assertProblem(await annul(documentId), 409, 'REFUSED_BY_LEDGER');
  assertProblem(await annul(newCode()), 409, 'REFUSED_BY_LEDGER');
  assertProblem(await annul('7K3M'), 400, 'CODE_INVALID');
  assertProblem(await annul(documentId, service.hospitalKey), 403, 'FORBIDDEN');
  const elsewhere = `/v1/issuers/bd.dghs.1/documents/${documentId ?? ''}/annulment`;
  assertProblem(await service.asOperator('POST', elsewhere), 404, 'ISSUER_UNKNOWN');
});

void test('fsck is content with annulled revocations', embeddedOnly, async () => {
  await service.close();
  assert.deepEqual(await damageIn(service.dataDir), []);
});
