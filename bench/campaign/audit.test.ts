import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { openSqlite } from '@spondon/verifier-service/database/sqlite';
import { openEmbeddedStore } from '@spondon/verifier-service/ipfs/embedded';
import { createClient, untilAnchored } from '../client.js';
import { sampleUploads } from '../sample-upload.js';
import { startService } from '../service.js';
import { type Audit, audit } from './audit.js';
import { type Acknowledged, nothingAcknowledged } from './load.js';

/** A folder as a service left it, with two documents that were acknowledged. */
let folder: string;
let hospitalKey: string;
let codes: string[];
const acknowledged: Acknowledged = nothingAcknowledged();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spondon-audit-'));
  const service = await startService({ dataDir: join(folder, 'original') });
  const client = createClient(service.url, 1);
  hospitalKey = await service.hospitalKey();
  for (const upload of (await sampleUploads('en', 20_000, hospitalKey)).slice(0, 2)) {
    const { documentId, sha256 } = (await client.json(upload)) as { documentId: string; sha256: string };
    acknowledged.documents.set(documentId, sha256);
    await untilAnchored(client, sha256);
  }
  codes = [...acknowledged.documents.keys()];
  client.close();
  await service.stop();
});
after(() => rm(folder, { recursive: true, force: true }));

/** What the audit says of a copy in which something was done. */
async function auditAfter(
  name: string,
  change: (dataDir: string) => Promise<void>,
  cutOff = 0,
): Promise<Audit> {
  const dataDir = join(folder, name);
  await cp(join(folder, 'original'), dataDir, { recursive: true });
  await change(dataDir);
  const keys = { hospital: hospitalKey, home: hospitalKey };
  return audit(dataDir, { ...acknowledged, cutOff }, keys, () => undefined);
}

/** Removes the file of a document from the store, and its row too when `what` says so. */
async function lose(what: 'file' | 'file and row', dataDir: string, code = ''): Promise<void> {
  const db = await openSqlite(join(dataDir, 'service.db'));
  const jti = parseDocumentId(code);
  const row = db.selectFrom('documents').select('cid').where('jti', '=', jti);
  const { cid } = await row.executeTakeFirstOrThrow();
  if (what === 'file and row') await db.deleteFrom('documents').where('jti', '=', jti).execute();
  await db.destroy();
  await (await openEmbeddedStore(join(dataDir, 'ipfs'))).remove(cid);
}

test('a folder in which everything is there is given no fault and no note', async () => {
  assert.deepEqual(await auditAfter('whole', () => Promise.resolve()), { faults: [], notes: [] });
});

test('a stored file without a row is noted where a request was cut off, and a fault where none was', async () => {
  const leave = async (dataDir: string): Promise<void> => {
    await (await openEmbeddedStore(join(dataDir, 'ipfs'))).put(Buffer.from('stored, and then killed'));
  };
  const { faults, notes } = await auditAfter('orphan', leave, 1);
  assert.deepEqual(faults, []);
  assert.match(
    notes.join(),
    /^fsck documents: 1 stored files belong to no row.*1 requests to issue were cut off$/,
  );
  const unexplained = await auditAfter('unexplained', leave);
  assert.match(unexplained.faults.join(), /^fsck documents: 1 stored files/);
});

test('an acknowledged document without its row is a fault, and so is a row without its file', async () => {
  const [first = '', second = ''] = codes;
  const withoutRow = await auditAfter('row', (dataDir) => lose('file and row', dataDir, first), 1);
  assert.match(withoutRow.faults.join(), new RegExp(`fsck documents: 1 issued here have no row.*${first}`));
  const withoutFile = await auditAfter('file', (dataDir) => lose('file', dataDir, second), 1);
  assert.match(withoutFile.faults.join(), /fsck documents: Document .* is not in the document store/);
  for (const { faults } of [withoutRow, withoutFile])
    assert.match(faults[0] ?? '', /^the file of .*, or none/);
});
