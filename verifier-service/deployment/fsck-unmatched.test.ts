import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { before, test } from 'node:test';
import Libsql from 'libsql';
import { parseDocumentId } from '@spondon/protocol/document-id';
import {
  admitHomeHospital,
  issueStatement,
  newHomeKey,
  scratchFolders,
  signed,
  startTestService,
} from './deployment.test-support.js';
import type { Finding } from './fsck.js';
import { fsck } from './fsck.test-support.js';
import { copyData } from './backup.js';

/** What fsck says about documents without a row, and about files that no row names. */

/** Two documents that the service issued and a statement that a hospital signed at home, all anchored. */
let backup: string;
let lost: string;
let masterKey: string;
const newFolder = scratchFolders();

before(async () => {
  masterKey = Buffer.alloc(32, 7).toString('base64url');
  backup = join(await newFolder(), 'backup');
  const running = await newFolder();
  const service = await startTestService(running, { SPONDON_MASTER_KEY: masterKey });
  const key = newHomeKey();
  const apiKey = await admitHomeHospital(service, key);
  const statements = [await signed(issueStatement(), key)];
  await service.ask('POST', '/v1/statements', { key: apiKey, json: { statements } });
  await service.issue();
  lost = (await service.issue()).body.documentId ?? '';
  await service.anchored();
  await copyData(running, backup);
  await service.close();
});

/** fsck of a copy in which `change` was made. */
async function fsckAfter(change: (db: Libsql.Database) => void): Promise<Finding> {
  const copy = join(await newFolder(), 'data');
  await cp(backup, copy, { recursive: true });
  const db = new Libsql(join(copy, 'service.db'));
  change(db);
  db.close();
  const findings = await fsck(copy, masterKey);
  assert.ok(findings.every(({ damage }) => damage === null));
  return findings.find(({ area }) => area === 'documents') ?? assert.fail('documents were not checked');
}

const countsOf = (notes: Finding['notes']): unknown[] => notes.map(({ code, count }) => [code, count]);

void test('what was signed at home needs no row, and a folder with all its rows gets no note', async () => {
  assert.deepEqual((await fsckAfter(() => undefined)).notes, []);
});

void test('a row that is gone is noted twice: by its document on the ledger, and by its file', async () => {
  let cid = '';
  const { notes } = await fsckAfter((db) => {
    const jti = parseDocumentId(lost);
    const row = db.prepare('select cid from documents where jti = ?').get([jti]) as { cid: string };
    ({ cid } = row);
    db.prepare('delete from documents where jti = ?').run([jti]);
  });
  assert.deepEqual(countsOf(notes), [
    ['ISSUED_WITHOUT_ROW', 1],
    ['FILE_WITHOUT_ROW', 1],
  ]);
  assert.ok(notes[0]?.message.includes(lost), 'the document is named by its code');
  assert.ok(notes[1]?.message.includes(cid), 'the file is named by its CID');
});

void test('when all rows are gone, all documents issued here are counted and no other', async () => {
  const { notes } = await fsckAfter((db) => {
    db.exec('delete from documents');
  });
  assert.deepEqual(countsOf(notes), [
    ['ISSUED_WITHOUT_ROW', 2],
    ['FILE_WITHOUT_ROW', 2],
  ]);
});
