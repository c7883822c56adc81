import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { inspectPdf } from './inspect.js';

/** A page of whatever stream is given. */
function pageWith(stream: { dict: string; data: Uint8Array }, contents = '4 0 R'): Buffer {
  const head = [
    '%PDF-1.5\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj',
    '2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj',
    `3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents ${contents}>> endobj`,
    `4 0 obj <<${stream.dict}/Length ${stream.data.length}>> stream\n`,
  ].join('\n');
  return Buffer.concat([
    Buffer.from(head, 'latin1'),
    stream.data,
    Buffer.from('\nendstream endobj\ntrailer <</Root 1 0 R>>\n'),
  ]);
}
const flate = { dict: '/Filter/FlateDecode', data: deflateSync('q Q') };

test('a sound page passes', async () => {
  const { pages } = await inspectPdf(pageWith(flate));
  assert.equal(pages.length, 1);
});

test('content that does not inflate, or is not there, is damage', async () => {
  const broken = Buffer.from(deflateSync(Buffer.alloc(1000, 'q Q ')));
  broken[8] = (broken[8] ?? 0) ^ 255;
  await assert.rejects(inspectPdf(pageWith({ ...flate, data: broken })), { code: 'FILE_DAMAGED' });
  await assert.rejects(inspectPdf(pageWith({ ...flate, data: flate.data.subarray(0, 6) })), {
    code: 'FILE_DAMAGED',
  });
  for (const contents of ['[4 0 R 9 0 R]', '(text)']) {
    await assert.rejects(inspectPdf(pageWith(flate, contents)), { code: 'FILE_DAMAGED' });
  }
});

test('streams that inflate beyond measure are bombs, packed once or twice', async () => {
  const zeros = deflateSync(Buffer.alloc(300 * 1024 * 1024), { level: 1 });
  await assert.rejects(inspectPdf(pageWith({ ...flate, data: zeros })), { code: 'FILE_BOMB' });
  const twice = { dict: '/Filter[/FlateDecode/FlateDecode]', data: deflateSync(zeros) };
  await assert.rejects(inspectPdf(pageWith(twice)), { code: 'FILE_BOMB' });
});

test('pictures far beyond any page are bombs, by their dictionary or by their own header', async () => {
  const image = (dict: string, data: Uint8Array): Buffer => pageWith({ dict: `/Subtype/Image${dict}`, data });
  const huge = '/Width 40000/Height 40000/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/CCITTFaxDecode';
  await assert.rejects(inspectPdf(image(huge, Buffer.from([0]))), { code: 'FILE_BOMB' });
  await inspectPdf(image('/Width 40000/Height 40000/ImageMask true/Filter/CCITTFaxDecode', Buffer.from([0])));
  const small = '/Width 10/Height 10/BitsPerComponent 8/ColorSpace/DeviceRGB';
  const jpeg = Buffer.from('ffd8ffc0001108ffffffff03012200021101031101ffd9', 'hex');
  await assert.rejects(inspectPdf(image(`${small}/Filter/DCTDecode`, jpeg)), { code: 'FILE_BOMB' });
  const jpx = Buffer.concat([
    Buffer.from('ff4fff51002f0000000100000001000000000000', 'hex'),
    Buffer.alloc(30),
  ]);
  await assert.rejects(inspectPdf(image(`${small}/Filter/JPXDecode`, jpx)), { code: 'FILE_BOMB' });
});

test("an existing signature is told, by its byte range or by the form's flags", async () => {
  const bytes = pageWith(flate);
  assert.deepEqual(
    (await inspectPdf(bytes)).warnings.map(({ code }) => code),
    ['FILE_REPAIRED'],
  );
  const signed = Buffer.concat([bytes, Buffer.from('5 0 obj <</Type/Sig/ByteRange[0 1 2 3]>> endobj\n')]);
  assert.deepEqual(
    (await inspectPdf(signed)).warnings.map(({ code }) => code),
    ['EXISTING_SIGNATURE', 'FILE_REPAIRED'],
  );
});
