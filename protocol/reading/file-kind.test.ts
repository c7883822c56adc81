import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileKindOf } from './file-kind.js';

test('a file is known by its first bytes', () => {
  const kinds: [string, string][] = [
    ['%PDF-1.7\n', 'pdf'],
    [`${'x'.repeat(1019)}%PDF-`, 'pdf'],
    [`${'x'.repeat(1020)}%PDF-`, 'other'],
    ['\xff\xd8\xff\xe0', 'jpeg'],
    ['\x89PNG\r\n\x1a\n', 'png'],
    ['RIFF\x10\0\0\0WEBPVP8 ', 'webp'],
    ['RIFF\x10\0\0\0WAVEfmt ', 'other'],
    ['II*\0', 'tiff'],
    ['MM\0*', 'tiff'],
    ['GIF89a', 'gif'],
    ['BM\x36\x10\0\0\0\0\0\0\x36', 'bmp'],
    ['BMW, a car', 'other'],
    ['\0\0\0\x1cftypavif', 'avif'],
    ['\0\0\0\x18ftypheic', 'heic'],
    ['\0\0\0\x18ftypmif1', 'heic'],
    ['\0\0\0\x18ftypisom', 'other'],
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'other'],
    ['', 'other'],
  ];
  for (const [head, kind] of kinds) assert.equal(fileKindOf(Buffer.from(head, 'latin1')), kind);
});
