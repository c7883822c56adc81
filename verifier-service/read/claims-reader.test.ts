import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PDFDocument } from '@cantoo/pdf-lib';
import { createClaimsReader } from './claims-reader.js';
import { HOST, JWS, stampedPage } from './pictures.test-support.js';

const stamped = await stampedPage();
const FOUND = { claims: [{ source: 'qr', jws: JWS, host: HOST, page: 1 }], labels: [], complete: true };
const NOTHING = { claims: [], labels: [], complete: false };

test('a picture and a PDF are read in a thread, and the bytes stay with the caller', async (t) => {
  const reader = createClaimsReader({ threads: 1 });
  t.after(() => reader.close());
  assert.deepEqual(await reader.read(stamped), FOUND);
  const document = await PDFDocument.create();
  document
    .addPage([595, 842])
    .drawImage(await document.embedPng(stamped), { x: 0, y: 0, width: 595, height: 842 });
  const bytes = await document.save();
  assert.deepEqual(await reader.read(bytes), FOUND);
  assert.equal(Buffer.from(bytes.subarray(0, 5)).toString(), '%PDF-');
  assert.deepEqual(await reader.read(Buffer.from('neither')), { ...NOTHING, refused: 'FILE_TYPE_UNKNOWN' });
});

test('a file that takes longer than the limit has an incomplete reading', async (t) => {
  const reader = createClaimsReader({ threads: 1, timeoutMs: 1 });
  t.after(() => reader.close());
  assert.deepEqual(await reader.read(stamped), NOTHING);
});

test('files beyond the queue are refused, the accepted ones are read, also while closing', async () => {
  const reader = createClaimsReader({ threads: 1, maxQueue: 1 });
  const accepted = [reader.read(stamped), reader.read(stamped)];
  await assert.rejects(reader.read(stamped), { name: 'ServiceError', code: 'OVERLOADED' });
  const closed = reader.close();
  await assert.rejects(reader.read(stamped), { code: 'SHUTTING_DOWN' });
  assert.deepEqual(await Promise.all(accepted), [FOUND, FOUND]);
  await closed;
});
