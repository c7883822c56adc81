import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqlite } from '../database/sqlite.js';
import { openBlockFolder } from '../ipfs/block-folder.js';
import { openEmbeddedStore } from '../ipfs/embedded.js';
import { filesIn, scratchFolders, startTestService } from './deployment.test-support.js';
import { tidyData } from './tidy.js';

const MIB = 1024 * 1024;

const newFolder = scratchFolders();

void test('what crashes left in the document store is removed, and every document stays', async (t) => {
  const dataDir = await newFolder();
  const service = await startTestService(dataDir);
  const codes = [await service.issue(), await service.issue()].map(({ body }) => body.documentId ?? '');
  await service.anchored();
  await assert.rejects(tidyData(dataDir), { code: 'DATA_LOCKED' });
  await service.close();
  const ipfs = join(dataDir, 'ipfs');
  const wanted = await filesIn(ipfs);

  const store = await openEmbeddedStore(ipfs);
  const unnamed = [await store.put(randomBytes(1000)), await store.put(randomBytes(3 * MIB))];
  // As a crash leaves it before the last block of a large file: its parts, and nothing above them.
  const cut = await store.put(randomBytes(2 * MIB));
  await (await openBlockFolder(join(ipfs, 'trees'), 'use')).remove(cut.cid);

  assert.deepEqual(await tidyData(dataDir), { files: unnamed.length, blocks: 2 });
  assert.deepEqual(await filesIn(ipfs), wanted);
  assert.deepEqual(await tidyData(dataDir), { files: 0, blocks: 0 });

  const again = await startTestService(dataDir, {}, service.hospitalKey);
  t.after(() => again.close());
  for (const code of codes) {
    const file = await again.ask('GET', `/v1/documents/${code}/file`, { key: service.hospitalKey });
    assert.equal(file.status, 200);
  }
});

void test('nothing is removed while it cannot be told what is needed', async (t) => {
  const dataDir = await newFolder();
  const service = await startTestService(dataDir);
  await service.issue();
  await service.anchored();
  await service.close();
  const ipfs = join(dataDir, 'ipfs');
  const db = await openSqlite(join(dataDir, 'service.db'));
  t.after(() => db.destroy());
  const { cid, check } = await db.selectFrom('documents').selectAll().executeTakeFirstOrThrow();
  await db
    .updateTable('documents')
    .set({ cid: `${cid}x` })
    .execute();
  const before = await filesIn(ipfs);
  await assert.rejects(tidyData(dataDir), { code: 'DATA_DAMAGED' });
  assert.deepEqual(await filesIn(ipfs), before);
  await db.updateTable('documents').set({ cid, check }).execute();
  assert.deepEqual(await tidyData(dataDir), { files: 0, blocks: 0 });
});

void test('the parts of a document whose root is damaged are kept for its repair', async () => {
  const folder = await newFolder();
  const store = await openEmbeddedStore(folder);
  const { cid } = await store.put(randomBytes(2 * MIB));
  const before = await filesIn(folder);
  await writeFile(join(folder, 'trees', cid.slice(-2, -1), cid), 'damaged');
  await assert.rejects(store.removeLeftovers(), { code: 'BLOB_DAMAGED' });
  assert.deepEqual(await filesIn(folder), before);
});
