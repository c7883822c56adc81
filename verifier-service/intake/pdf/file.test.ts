import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PDFDocument } from '@cantoo/pdf-lib';
import { openPdf, openPdfLazily } from './file.js';
import { listPages } from './pages.js';
import { Name, Stream, type PdfValue } from './value.js';
import { Revision } from './write.js';

const ID = new Uint8Array(16);

/** Objects `1 0` to `n 0` as given, a table and a trailer. */
function makePdf(objects: readonly string[], { offset = 0, root = '1 0 R' } = {}): Buffer {
  let text = '%PDF-1.4\n';
  const rows = objects.map((object, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(at + offset).padStart(10, '0')} 00000 n \n`;
  });
  const start = text.length;
  text += `xref\n0 ${rows.length + 1}\n0000000000 65535 f \n${rows.join('')}`;
  text += `trailer\n<</Size ${rows.length + 1}/Root ${root}>>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, 'latin1');
}
const CATALOGUE = '<</Type/Catalog/Pages 2 0 R>>';
const ONE_PAGE = '<</Type/Pages/Kids[3 0 R]/Count 1>>';
const PAGE = '<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 300]>>';
const plain = (): Buffer => makePdf([CATALOGUE, ONE_PAGE, PAGE]);

async function made(pages: number, useObjectStreams: boolean): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  for (let i = 0; i < pages; i++) document.addPage([200 + i, 300]);
  return document.save({ useObjectStreams });
}
const widths = (bytes: Uint8Array): unknown[] => {
  const file = openPdf(bytes);
  return listPages(file).map((page) => file.array(page.attributes.get('MediaBox'))[2]);
};

test('pages are found through tables and through cross-reference streams', async () => {
  for (const objectStreams of [false, true]) {
    assert.deepEqual(widths(await made(5, objectStreams)), [200, 201, 202, 203, 204]);
  }
});

test('a file whose table is wrong or gone is read by its objects', async () => {
  for (const objectStreams of [false, true]) {
    const bytes = Buffer.from(await made(3, objectStreams));
    const end = bytes.lastIndexOf('startxref');
    const pointing = Buffer.concat([bytes.subarray(0, end), Buffer.from('startxref\n12\n%%EOF')]);
    assert.deepEqual(widths(pointing), [200, 201, 202]);
    assert.deepEqual(widths(bytes.subarray(0, end)), [200, 201, 202]);
  }
  const shifted = openPdf(makePdf([CATALOGUE, ONE_PAGE, PAGE], { offset: 3 }));
  assert.equal(shifted.xref.start, undefined);
  assert.equal(listPages(shifted).length, 1);
});

test('what stands in a stream is no object when a table is made from the objects', () => {
  const inner = plain().toString('latin1').replace('[0 0 200 300]', '[0 0 666 666]');
  const attached = `<</Length ${inner.length}>>stream\n${inner}\nendstream`;
  const bytes = makePdf([CATALOGUE, ONE_PAGE, PAGE, attached], { offset: 1 });
  assert.deepEqual(widths(bytes), [200]);
});

test('the newest revision of an object counts', () => {
  const file = openPdf(plain());
  const [page] = listPages(file);
  assert.ok(page);
  const revision = new Revision(file);
  revision.replace(page.ref, new Map(page.dict).set('MediaBox', [0, 0, 999, 300]));
  const revised = revision.toBytes(ID);
  assert.deepEqual(widths(revised), [999]);
  assert.deepEqual(Buffer.from(revised.subarray(0, file.bytes.length)), plain());
  // without the new end the old revision is there again
  assert.deepEqual(widths(revised.subarray(0, file.bytes.length)), [200]);
});

test('a revision of a rebuilt file has a whole table of its own', async () => {
  for (const objectStreams of [false, true]) {
    const bytes = Buffer.from(await made(3, objectStreams));
    const file = openPdf(bytes.subarray(0, bytes.lastIndexOf('startxref')));
    const revised = openPdf(new Revision(file).toBytes(ID));
    assert.notEqual(revised.xref.start, undefined);
    assert.equal(revised.xref.trailer.has('Prev'), false);
    assert.equal(listPages(revised).length, 3);
  }
});

test('what a revision writes is read back the same', () => {
  const file = openPdf(plain());
  const revision = new Revision(file);
  const value: PdfValue = [
    new Name('a b/c#é'),
    -0.5,
    1e-7,
    1e21,
    true,
    null,
    new Map<string, PdfValue>([['Key with (space)', [1, 2, [3]]]]),
  ];
  const ref = revision.add(value);
  const streamRef = revision.add(new Stream(new Map(), Buffer.from('endstream')));
  const revised = openPdf(revision.toBytes(ID));
  const read = revised.get(ref.number);
  assert.ok(Array.isArray(read));
  assert.deepEqual(read, [value[0], -0.5, 1e-7, 1e21, true, null, value[6]]);
  const stream = revised.get(streamRef.number);
  assert.ok(stream instanceof Stream);
  assert.equal(Buffer.from(stream.data).toString(), 'endstream');
  assert.equal(revised.irregular.size, 0);
});

test('objects that are written irregularly are written again properly', () => {
  const odd = makePdf([
    CATALOGUE,
    ONE_PAGE,
    '<</Type/Page/Parent 2 0 R/Rotate 0/Rotate 90/MediaBox[0 0 200 300]>>',
  ]);
  const file = openPdf(odd);
  assert.deepEqual([...file.irregular], [3]);
  const revised = openPdf(new Revision(file).toBytes(ID));
  assert.equal(revised.irregular.size, 0);
  assert.equal(listPages(revised)[0]?.attributes.get('Rotate'), 90);
});

test('circles are refused: of pages, of references, of lengths, of sections', () => {
  const circles = [
    [CATALOGUE, '<</Type/Pages/Kids[2 0 R]>>', PAGE],
    [CATALOGUE, '3 0 R', '2 0 R'],
    [CATALOGUE, ONE_PAGE, PAGE, '<</Length 4 0 R>>stream\nx\nendstream'],
  ];
  for (const objects of circles.slice(0, 2)) {
    assert.throws(() => listPages(openPdf(makePdf(objects))), { code: 'FILE_DAMAGED' });
  }
  assert.throws(() => openPdf(makePdf(circles[2] ?? [])), { code: 'FILE_DAMAGED' });
  const bytes = plain().toString('latin1');
  const start = /startxref\n(\d+)/.exec(bytes)?.[1] ?? '';
  const loop = openPdf(Buffer.from(bytes.replace('/Root 1', `/Prev ${start}/Root 1`), 'latin1'));
  assert.equal(loop.xref.start, undefined, 'its table is not believed');
});

test('a page tree without pages, or with too many, is refused', () => {
  assert.throws(() => listPages(openPdf(makePdf([CATALOGUE, '<</Type/Pages/Kids[]/Count 0>>']))), {
    code: 'FILE_DAMAGED',
  });
  const many = Array.from({ length: 2_001 }, (_, i) => `${i + 3} 0 R`).join(' ');
  const bytes = makePdf([CATALOGUE, `<</Type/Pages/Kids[${many}]>>`, ...new Array<string>(2_001).fill(PAGE)]);
  assert.throws(() => listPages(openPdf(bytes)), { code: 'FILE_BOMB' });
});

test('encryption is seen before anything is read', () => {
  const bytes = Buffer.from(plain().toString('latin1').replace('/Root 1', '/Encrypt 9 0 R/Root 1'), 'latin1');
  for (const open of [openPdf, openPdfLazily]) assert.throws(() => open(bytes), { code: 'FILE_ENCRYPTED' });
});

test('bytes before the header do not belong to the PDF', () => {
  const bytes = Buffer.concat([Buffer.from('Content-Type: application/pdf\r\n\r\n'), plain()]);
  const file = openPdf(bytes);
  assert.notEqual(file.xref.start, undefined);
  assert.deepEqual(Buffer.from(file.bytes), plain());
});
