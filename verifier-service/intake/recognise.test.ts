import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_FILE_BYTES } from './limits.js';
import { recognise } from './recognise.js';

test('a file is what its first bytes say', () => {
  assert.equal(recognise(Buffer.from('%PDF-1.4\n')), 'pdf');
  assert.equal(recognise(Buffer.from('89504e470d0a1a0a0000', 'hex')), 'png');
  assert.equal(recognise(Buffer.from('ffd8ffe0', 'hex')), 'jpeg');
});

test('a PDF may have other bytes before its header, as mail programs leave them', () => {
  assert.equal(recognise(Buffer.from('\r\n\r\n%PDF-1.7\n')), 'pdf');
  assert.throws(() => recognise(Buffer.from(`${' '.repeat(1024)}%PDF-1.7\n`)), { code: 'FILE_TYPE_UNKNOWN' });
});

test('a picture that mentions PDF is a picture', () => {
  assert.equal(recognise(Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.from('%PDF-1.4')])), 'jpeg');
});

test('nothing, too much and anything else are refused, each with its code', () => {
  assert.throws(() => recognise(new Uint8Array()), { code: 'FILE_EMPTY' });
  const large = new Uint8Array(MAX_FILE_BYTES + 1);
  large.set(Buffer.from('%PDF-1.4\n'));
  assert.throws(() => recognise(large), { code: 'FILE_TOO_LARGE' });
  assert.equal(recognise(large.subarray(0, MAX_FILE_BYTES)), 'pdf');
  for (const other of ['GIF89a', 'PK\x03\x04', '%!PS-Adobe-3.0', '%PDF-', 'RIFF    WEBP']) {
    assert.throws(() => recognise(Buffer.from(other)), { code: 'FILE_TYPE_UNKNOWN' });
  }
});
