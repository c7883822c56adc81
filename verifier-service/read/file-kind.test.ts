import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileKindOf } from './file-kind.js';

test('a file is known by its first bytes', () => {
  const kinds: [string, string][] = [
    ['%PDF-1.7\n', 'pdf'],
    [`${'x'.repeat(1019)}%PDF-`, 'pdf'],
    [`${'x'.repeat(1020)}%PDF-`, 'other'],
    ['\xff\xd8\xff\xe0', 'image'],
    ['\x89PNG\r\n\x1a\n', 'image'],
    ['RIFF\x10\0\0\0WEBPVP8 ', 'image'],
    ['RIFF\x10\0\0\0WAVEfmt ', 'other'],
    ['II*\0', 'image'],
    ['MM\0*', 'image'],
    ['GIF89a', 'other'],
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'other'],
    ['', 'other'],
  ];
  for (const [head, kind] of kinds) assert.equal(fileKindOf(Buffer.from(head, 'latin1')), kind);
});
