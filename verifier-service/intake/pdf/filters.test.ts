import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { decodeStream, inflatedSize } from './filters.js';
import { Name, Stream, type PdfObject, type PdfValue } from './value.js';

const resolve = (value: PdfValue | undefined): PdfObject => value ?? null;
function decode(data: Uint8Array, filter: PdfValue, parms: PdfValue = null, limit = 10_000): Buffer {
  const dict = new Map<string, PdfValue>([
    ['Filter', filter],
    ['DecodeParms', parms],
  ]);
  return Buffer.from(decodeStream(new Stream(dict, data), resolve, limit));
}
const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('each filter decodes what the standard and its relatives give as examples', () => {
  assert.deepEqual(decode(Buffer.from('48 65 6C6c 7>'), new Name('ASCIIHexDecode')), Buffer.from('Hellp'));
  assert.equal(
    decode(Buffer.from('87cURD]i,"Ebo80~>'), new Name('ASCII85Decode')).toString(),
    'Hello World!',
  );
  assert.deepEqual(decode(Buffer.from('zz!!~>'), new Name('A85')), Buffer.alloc(9));
  assert.equal(decode(hex('02 414243 fe 44 80 ff'), new Name('RunLengthDecode')).toString(), 'ABCDDD');
  // ISO 32000-2, 7.4.4.2: 45 45 45 45 45 65 45 45 45 66
  assert.deepEqual(
    decode(hex('800b6050220c0c8501'), new Name('LZWDecode')),
    Buffer.from([45, 45, 45, 45, 45, 65, 45, 45, 45, 66]),
  );
});

test('filters are undone in order', () => {
  const inner = deflateSync('twice packed');
  const outer = Buffer.from(`${inner.toString('hex')}>`);
  assert.equal(decode(outer, [new Name('AHx'), new Name('Fl')]).toString(), 'twice packed');
});

test('PNG and TIFF predictors are undone', () => {
  const rows = hex('01 010101 02 010101 03 020202 04 010101 00 090909');
  const parms = new Map<string, PdfValue>([
    ['Predictor', 15],
    ['Columns', 3],
  ]);
  assert.deepEqual(
    decode(deflateSync(rows), new Name('FlateDecode'), parms),
    Buffer.from(hex('010203 020304 030506 040607 090909')),
  );
  const tiff = new Map<string, PdfValue>([
    ['Predictor', 2],
    ['Columns', 3],
  ]);
  assert.deepEqual(
    decode(deflateSync(hex('010101 020202')), new Name('FlateDecode'), tiff),
    Buffer.from(hex('010203 020406')),
  );
});

test('whatever was deflated comes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), (data) => {
      assert.deepEqual(decode(deflateSync(data), new Name('FlateDecode')), Buffer.from(data));
    }),
  );
});

test('no filter gives more than the limit', () => {
  const bombs: [Uint8Array, string][] = [
    [deflateSync(Buffer.alloc(20_000)), 'FlateDecode'],
    [Buffer.from('z'.repeat(5_000)), 'ASCII85Decode'],
    [Buffer.from('8100'.repeat(100), 'hex'), 'RunLengthDecode'],
  ];
  for (const [data, filter] of bombs)
    assert.throws(() => decode(data, new Name(filter)), { code: 'FILE_BOMB' }, filter);
});

test('any bytes decode, or are refused', () => {
  const filters = [
    'FlateDecode',
    'LZWDecode',
    'ASCIIHexDecode',
    'ASCII85Decode',
    'RunLengthDecode',
    'DCTDecode',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...filters),
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: -3, max: 20 }),
      (filter, data, predictor) => {
        try {
          assert.ok(
            decode(data, new Name(filter), new Map<string, PdfValue>([['Predictor', predictor]])).length <=
              10_000,
          );
        } catch (error) {
          assert.ok(
            error instanceof Error && 'code' in error && /^FILE_(DAMAGED|BOMB)$/.test(String(error.code)),
            String(error),
          );
        }
      },
    ),
  );
});

test('a stream is measured without being held, and damage in it is found', async () => {
  const zeros = deflateSync(Buffer.alloc(100_000_000));
  assert.equal(await inflatedSize(zeros, 200_000_000), 100_000_000);
  await assert.rejects(inflatedSize(zeros, 1_000_000), { code: 'FILE_BOMB' });
  const small = deflateSync('some content');
  assert.equal(await inflatedSize(small, 100), 12);
  await assert.rejects(inflatedSize(small.subarray(0, 10), 100), { code: 'FILE_DAMAGED' });
  small[6] = (small[6] ?? 0) ^ 255;
  await assert.rejects(inflatedSize(small, 100), { code: 'FILE_DAMAGED' });
});

test('a stream that uses a larger window than it states is whole', async () => {
  const hashes = Array.from({ length: 320 }, (_, i) => createHash('sha512').update(String(i)).digest());
  const random = Buffer.concat(hashes); // repeats nowhere but 20 KiB further on
  const data = deflateSync(Buffer.concat([random, random]), { windowBits: 15 });
  data.writeUInt16BE(0x6881, 0); // states 16 KiB
  assert.equal(await inflatedSize(data, 100_000), 2 * 20_480);
  assert.equal(decode(data, new Name('FlateDecode'), null, 100_000).length, 2 * 20_480);
});
