import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { basename } from 'node:path';
import { test } from 'node:test';
import Libsql from 'libsql';
import { parseDocumentId } from '@spondon/protocol/document-id';
import {
  embeddedOnly,
  admitHomeHospital,
  type Answer,
  assertProblem,
  type Body,
  bytesIn,
  filesIn,
  hexOf,
  HOSPITAL,
  newCode,
  newHomeKey,
  scratchFolders,
  startTestService,
} from '../deployment/deployment.test-support.js';
import { foldersOf } from '../deployment/folders.js';
import { damageIn } from '../deployment/fsck.test-support.js';
import { apiService } from '../deployment/shared-service.test-support.js';
import { eraseDocument } from '../documents/erase.js';

const PATIENT_TOKEN = 'token-of-a-patient-4711';

const service = await apiService();
const newFolder = scratchFolders();

const ask = (method: 'GET' | 'DELETE', code = '', rest = '', key = service.hospitalKey): Promise<Answer> =>
  service.ask(method, `/v1/documents/${code}${rest}`, { key });
const erase = (code = '', key?: string): Promise<Answer> => ask('DELETE', code, '/file', key);

async function issued(): Promise<string> {
  const { body } = await service.issue({ patientId: PATIENT_TOKEN });
  await service.anchored();
  return body.documentId ?? '';
}

function rowOf(code: string) {
  return service.db
    .selectFrom('documents')
    .selectAll()
    .where('jti', '=', parseDocumentId(code))
    .executeTakeFirstOrThrow();
}

/** Files of the data folder that hold this text. */
async function holding(text: string, folder = service.dataDir): Promise<string[]> {
  const found: string[] = [];
  for (const path of await filesIn(folder))
    if ((await bytesIn(path)).includes(text)) found.push(basename(path));
  return found;
}

const blobs = async (): Promise<string[]> =>
  (await filesIn(foldersOf(service.dataDir).ipfs)).map((path) => basename(path));

void test(
  'an erased document cannot be opened by anybody, and whoever holds the file still verifies it',
  embeddedOnly,
  async () => {
    const code = await issued();
    const file = await service.fileOf(code);
    const { wrappedKey, cid } = await rowOf(code);
    assert.notDeepEqual(await holding(wrappedKey), []);

    const erased = await erase(code);
    assert.equal(erased.status, 200, erased.text);
    const { erasedAt = '', completeAt = '' } = erased.body as Body & {
      erasedAt?: string;
      completeAt?: string;
    };
    assert.equal(Date.parse(completeAt) - Date.parse(erasedAt), 35 * 86_400_000);

    assertProblem(await ask('GET', code, '/file'), 410, 'DOCUMENT_ERASED');
    const view = (await ask('GET', code)).body as Body & { erasedAt?: string; cid?: string };
    assert.deepEqual(
      [view.state, view.erasedAt, view.cid, view.patientId],
      ['anchored', erasedAt, undefined, undefined],
    );
    assert.deepEqual(await holding(wrappedKey), []);
    assert.deepEqual(await holding(PATIENT_TOKEN), []);
    assert.ok(!(await blobs()).includes(cid));

    assert.equal((await service.verified(code)).verdict, 'valid');
    assert.equal((await service.ask('GET', `/v1/verify/${hexOf(file)}`)).body.verdict, 'valid');
    assert.equal((await ask('GET', code, '/evidence')).status, 200);
  },
);

void test('erasing again answers as the first time, and says who asked first', async () => {
  const code = await issued();
  const first = await erase(code);
  assert.deepEqual((await erase(code)).body, first.body);
  const { apiKey } = await service.db
    .selectFrom('erasures')
    .select('apiKey')
    .where('jti', '=', parseDocumentId(code))
    .executeTakeFirstOrThrow();
  assert.equal(apiKey, service.hospitalKey.split('_')[1]);
});

void test('only its issuer erases a document, and only one whose file is kept here', async () => {
  const code = await issued();
  const home = await admitHomeHospital(service, newHomeKey());
  assertProblem(await erase(code, home), 404, 'DOCUMENT_UNKNOWN');
  assertProblem(await erase(code, service.operatorKey), 403, 'FORBIDDEN');
  assertProblem(await erase(newCode()), 404, 'DOCUMENT_UNKNOWN');
  assert.equal((await ask('GET', code, '/file')).status, 200);
});

void test('a document that is erased before it is anchored is anchored all the same', async () => {
  const code = (await service.issue()).body.documentId ?? '';
  assert.equal((await erase(code)).status, 200);
  await service.anchored();
  assert.equal((await service.verified(code)).verdict, 'valid');
});

void test('an erasure that a crash cut short is finished by the next start', embeddedOnly, async () => {
  const code = await issued();
  const jti = parseDocumentId(code);
  const { cid } = await rowOf(code);
  const crashing = {
    db: service.db,
    store: { remove: () => Promise.reject(new Error('the power went')) },
    overwriteDeleted: () => Promise.resolve(),
    now: () => Date.now(),
  };
  await assert.rejects(eraseDocument(crashing, { iss: HOSPITAL, jti, apiKey: 'k' }), /the power went/);
  assert.ok((await blobs()).includes(cid));
  assertProblem(await ask('GET', code, '/file'), 410, 'DOCUMENT_ERASED');
  await service.close();
  assert.deepEqual(await damageIn(service.dataDir), []);
  await service.restart();
  assert.ok(!(await blobs()).includes(cid));
});

void test(
  'what a backup kept from being overwritten is overwritten at the next start',
  embeddedOnly,
  async () => {
    const code = await issued();
    const { wrappedKey } = await rowOf(code);
    const backup = new Libsql(foldersOf(service.dataDir).database);
    backup.exec('BEGIN; SELECT count(*) FROM documents');
    assert.equal((await erase(code)).status, 200);
    assert.deepEqual(await holding(wrappedKey), ['service.db-wal']);
    // As a crash leaves it: an orderly end takes the write-ahead log away.
    const crashed = await newFolder();
    await cp(service.dataDir, crashed, { recursive: true });
    backup.exec('ROLLBACK');
    backup.close();
    const started = await startTestService(crashed, {}, service.hospitalKey);
    assert.deepEqual(await holding(wrappedKey, crashed), []);
    await started.close();
  },
);

void test('fsck tells an erased document from one that lost its key', embeddedOnly, async () => {
  await service.db.deleteFrom('erasures').where('apiKey', '=', 'k').execute();
  await service.close();
  const [found, ...others] = await damageIn(service.dataDir);
  assert.deepEqual([found?.area, others], ['documents', []]);
  assert.match(found?.damage ?? '', /has lost its key/);
});
