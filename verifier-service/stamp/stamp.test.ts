import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, test } from 'node:test';
import { PDFArray, PDFDict, PDFDocument, PDFHexString, PDFName, PDFNumber, PDFString } from '@cantoo/pdf-lib';
import { openPdf } from '../intake/pdf/file.js';
import { listPages } from '../intake/pdf/pages.js';
import { MM } from '../intake/units.js';
import type { StampedPdf } from './stamp.js';
import { stampFile } from './stamp.js';
import { makeDetails, makeReport, makeTools, type ReportOptions } from './test-pdfs.js';
import { readQrCodes, shareOfChange, startViewer, type OpenShown, type ShownPage } from './test-pages.js';
import { readXmpClaims } from './xmp.js';

const tools = makeTools();
const hasQpdf = spawnSync('qpdf', ['--version']).status === 0;
let view: OpenShown;
before(async () => {
  view = await startViewer();
});

async function show(bytes: Uint8Array, index: number, dpi: number): Promise<ShownPage> {
  const pdf = await view(bytes);
  try {
    return await pdf.page(index, dpi);
  } finally {
    pdf.close();
  }
}

/** Everything that must be true of any stamped PDF. */
async function assertStamped(original: Uint8Array, stamped: StampedPdf): Promise<void> {
  const { bytes, placement } = stamped;
  assert.deepEqual(bytes.subarray(0, original.length), original, 'the original bytes stay');
  const index = placement.page - 1;
  const [was, is] = [await show(original, index, 72), await show(bytes, index, 72)];
  assert.ok(
    Math.abs(is.height - was.height - placement.strip * MM) <= 1,
    'the page keeps its size, or grows by the strip',
  );
  const [left, right] = [placement.x * MM - 2, (placement.x + placement.width) * MM + 2];
  const bottom = is.height - placement.y * MM + 2;
  const top = bottom - placement.height * MM - 4;
  const outside = (x: number, y: number): boolean => x < left || x > right || y < top || y > bottom;
  assert.ok(shareOfChange(was, is, outside) < 0.0005, 'what it showed it still shows');
  assert.ok(placement.x >= 4.99 && placement.y >= 4.99, 'the stamp keeps off the edges');
  assert.ok(placement.x + placement.width <= is.width / MM - 4.6);
  assert.deepEqual(await readQrCodes(await show(bytes, index, 150)), [makeDetails().claimsUrl]);
  assert.equal(readXmpClaims(bytes), makeDetails().claimsJws);
  if (hasQpdf) assertQpdfAccepts(bytes);
}

function assertQpdfAccepts(bytes: Uint8Array): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'spondon-stamp-'));
  const file = path.join(folder, 'stamped.pdf');
  writeFileSync(file, bytes);
  const { status, stdout, stderr } = spawnSync('qpdf', ['--check', file], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

const PAGES: readonly (readonly [string, ReportOptions])[] = [
  ['plain', {}],
  ['with object streams', { objectStreams: true }],
  ['crowded', { lines: 42, leading: 18 }],
  ['of a receipt roll', { size: [226, 400], fontSize: 5, lines: 14 }],
  ['empty', { lines: 0 }],
  ['that leaves its graphics state open', { leaves: 'q' }],
  ['that closes more than it opened', { leaves: 'Q' }],
  ['cropped away from its origin', { crop: [20, 100, 500, 600], lines: 36 }],
  ['crowded, cropped and turned', { crop: [20, 100, 500, 600], lines: 42, leading: 14, rotate: 270 }],
  ['turned by 90°', { rotate: 90 }],
  ['turned by 90° and crowded', { rotate: 90, lines: 40, leading: 14 }],
  ['turned by 180°', { rotate: 180 }],
  ['turned by 180° and crowded', { rotate: 180, lines: 42, leading: 18 }],
  ['turned by 270°', { rotate: 270 }],
  ['turned by 270° and crowded', { rotate: 270, lines: 40, leading: 14 }],
];
for (const [what, options] of PAGES) {
  test(`a page ${what} is stamped where it is empty, and its QR code reads`, async () => {
    const original = await makeReport(options);
    await assertStamped(original, await stampFile(original, makeDetails(), tools));
  });
}

test('on a page in larger units the stamp is as large as on any other', async () => {
  const original = await makeReport({ userUnit: 2, size: [298, 421], fontSize: 6, leading: 10 });
  const { bytes, placement } = await stampFile(original, makeDetails(), tools);
  const plain = await stampFile(await makeReport(), makeDetails(), tools);
  assert.equal(placement.width, plain.placement.width);
  // PDFium shows such a page at half its size: as many dots for the QR need twice the resolution
  assert.deepEqual(await readQrCodes(await show(bytes, 0, 300)), [makeDetails().claimsUrl]);
});

test('the stamp says code, host, issuer and date in text that can be searched, in Bangla too', async () => {
  const bangla = {
    issuerName: 'ঢাকা মেডিকেল কলেজ হাসপাতাল',
    issuedOn: '২৩ নভেম্বর ২০২৫',
    language: 'bn',
  } as const;
  for (const details of [makeDetails(), makeDetails(bangla)]) {
    const { bytes } = await stampFile(await makeReport({ lines: 3 }), details, tools);
    const { text } = await show(bytes, 0, 72);
    for (const expected of [
      details.code,
      details.host,
      details.issuerName,
      details.issuedOn,
      'যাচাই করুন',
      'Verify at',
    ]) {
      assert.ok(text.replace(/\s+/g, ' ').includes(expected), `${expected} in ${text}`);
    }
  }
});

test('a wanted corner is taken when it is free', async () => {
  const original = await makeReport({ lines: 3 });
  const half = { x: 210 / 2, y: 297 / 2 };
  for (const corner of ['bottom-right', 'bottom-left'] as const) {
    const { placement } = await stampFile(original, makeDetails({ corner }), tools);
    assert.equal(placement.x + placement.width / 2 > half.x, corner.endsWith('right'));
    assert.ok(placement.y < half.y);
  }
  const free = await makeReport({ lines: 0 });
  const { placement } = await stampFile(free, makeDetails({ corner: 'top-left' }), tools);
  assert.ok(placement.x < half.x && placement.y > half.y);
});

test('the stamp goes on the page that is asked for, and with a warning on the last when there are fewer', async () => {
  const original = await makeReport({ pages: 3 });
  for (const [page, expected, warnings] of [
    ['first', 1, []],
    ['last', 3, []],
    [2, 2, []],
    [3, 3, []],
    [99, 3, ['PAGE_BEYOND_LAST']],
  ] as const) {
    const stamped = await stampFile(original, makeDetails({ page }), tools);
    assert.equal(stamped.placement.page, expected);
    assert.deepEqual(
      stamped.warnings.map(({ code }) => code),
      warnings,
    );
    await assertStamped(original, stamped);
  }
});

test('the same file and details give the same bytes, another nonce gives others', async () => {
  const original = await makeReport();
  const first = await stampFile(original, makeDetails(), tools);
  const again = await stampFile(original, makeDetails(), makeTools());
  assert.deepEqual(first.bytes, again.bytes);
  const other = await stampFile(original, makeDetails({ nonce: new Uint8Array(16).fill(8) }), tools);
  assert.notDeepEqual(first.bytes, other.bytes);
});

test('links, outlines, attachments and page labels stay, and a link is not covered', async () => {
  const link: [number, number, number, number] = [300, 20, 580, 160];
  const original = await makeReport({
    lines: 5,
    objectStreams: true,
    more: async (document) => {
      const { context, catalog } = document;
      await document.attach(Buffer.from('raw data'), 'data.txt', { mimeType: 'text/plain' });
      const action = context.obj({ S: 'URI', URI: PDFString.of('https://example.org/') });
      const annotation = context.register(
        context.obj({ Type: 'Annot', Subtype: 'Link', Rect: link, Border: [0, 0, 0], A: action }),
      );
      document.getPage(0).node.set(PDFName.of('Annots'), context.obj([annotation]));
      const item = context.register(context.obj({ Title: PDFHexString.fromText('Findings') }));
      const outlines = context.register(context.obj({ Type: 'Outlines', First: item, Last: item, Count: 1 }));
      catalog.set(PDFName.of('Outlines'), outlines);
      catalog.set(PDFName.of('PageLabels'), context.obj({ Nums: [0, { S: 'r' }] }));
    },
  });
  const stamped = await stampFile(original, makeDetails(), tools);
  await assertStamped(original, stamped);
  const { x, y, width, height } = stamped.placement;
  const apart =
    x * MM >= link[2] || (x + width) * MM <= link[0] || y * MM >= link[3] || (y + height) * MM <= link[1];
  assert.ok(apart, 'the stamp keeps off the link');
  const after = await PDFDocument.load(stamped.bytes);
  const names = ['Outlines', 'PageLabels', 'Names'].map((name) => after.catalog.lookup(PDFName.of(name)));
  assert.ok(names.every((entry) => entry instanceof PDFDict));
  assert.equal(after.getPage(0).node.lookup(PDFName.of('Annots'), PDFArray).size(), 1);
});

test('a signed PDF keeps the revision that its signature covers, and the issuer is told', async () => {
  const original = await makeReport({
    more: (document) => {
      const { context } = document;
      const signature = context.obj({ Type: 'Sig', Filter: 'Adobe.PPKLite', ByteRange: [0, 10, 20, 30] });
      const field = context.register(
        context.obj({ FT: 'Sig', T: PDFString.of('Signature'), V: context.register(signature) }),
      );
      document.catalog.set(
        PDFName.of('AcroForm'),
        context.obj({ Fields: [field], SigFlags: PDFNumber.of(3) }),
      );
    },
  });
  const stamped = await stampFile(original, makeDetails(), tools);
  await assertStamped(original, stamped);
  assert.deepEqual(
    stamped.warnings.map(({ code }) => code),
    ['EXISTING_SIGNATURE'],
  );
});

test('a file that is already stamped is refused: two codes in it would contradict each other', async () => {
  const once = await stampFile(await makeReport(), makeDetails(), tools);
  const second = makeDetails({ claimsJws: `${makeDetails().claimsJws}A` });
  await assert.rejects(stampFile(once.bytes, second, tools), { code: 'FILE_ALREADY_STAMPED' });
});

test('characters that the fonts do not have are named', async () => {
  const { warnings } = await stampFile(await makeReport(), makeDetails({ issuerName: 'Dhaka 病院' }), tools);
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['CHARACTERS_MISSING'],
  );
  assert.match(warnings[0]?.message ?? '', /病 院/);
});

test('a page narrower than the stamp is refused', async () => {
  const label = await makeReport({ size: [120, 200], lines: 0 });
  await assert.rejects(stampFile(label, makeDetails(), tools), { code: 'FILE_NO_ROOM' });
});

test('a page of absurd size is refused', async () => {
  const poster = await makeReport({ size: [20_000, 20_000], lines: 0 });
  await assert.rejects(stampFile(poster, makeDetails(), tools), { code: 'FILE_BOMB' });
});

test('claims too large for a QR code that scans are refused', async () => {
  const details = makeDetails({ claimsUrl: `https://verify.example.org/v#${'x'.repeat(800)}` });
  await assert.rejects(stampFile(await makeReport(), details, tools), { code: 'CLAIMS_TOO_LARGE' });
});

test(
  "a password is refused, an owner's alone too",
  { skip: hasQpdf ? false : 'qpdf is not installed' },
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'spondon-stamp-'));
    const [plain, locked] = [path.join(folder, 'plain.pdf'), path.join(folder, 'locked.pdf')];
    writeFileSync(plain, await makeReport());
    for (const user of ['', 'secret']) {
      execFileSync('qpdf', ['--encrypt', user, 'owner', '256', '--modify=none', '--', plain, locked]);
      await assert.rejects(stampFile(readFileSync(locked), makeDetails(), tools), { code: 'FILE_ENCRYPTED' });
    }
    rmSync(folder, { recursive: true });
  },
);

test('an inherited resource dictionary is not taken from the other pages', async () => {
  const original = await makeReport({ pages: 2 });
  const { bytes } = await stampFile(original, makeDetails(), tools);
  const file = openPdf(bytes);
  const resources = listPages(file).map((page) =>
    file.dict(file.dict(page.attributes.get('Resources'))?.get('XObject')),
  );
  assert.ok(resources[0]?.has('SpondonStamp'));
  assert.ok(!resources[1]?.has('SpondonStamp'));
});
