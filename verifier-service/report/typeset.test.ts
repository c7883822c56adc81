import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { startViewer, type OpenShown } from '../stamp/test-pages.js';
import { A4, type Page } from './page.js';
import { BOTTOM, MARGIN } from './parts.js';
import { BANGLA_NAME, CODE, contentsOf, HOST, ITEMS, makeTools } from './report.test-support.js';
import { Element } from './structure.js';
import { setPages, typesetReport } from './typeset.js';

const tools = makeTools();
const SIGNATURE = { at: 0, size: 2048 };
const LANGUAGES = ['en', 'bn'] as const;
let view: OpenShown;
before(async () => {
  view = await startViewer();
});

const linesOf = (page: Page) => page.lines.filter(({ text }) => text.glyphs.length > 0);

/** The text of each page, as a reader that is not ours finds it. */
async function textsOf(...asked: Parameters<typeof contentsOf>): Promise<string[]> {
  const shown = await view(typesetReport(contentsOf(...asked), [], SIGNATURE, tools));
  try {
    // A line's end is no word's end here.
    return Array.from({ length: shown.pages }, (_, page) => shown.text(page).replaceAll(/\s+/g, ' '));
  } finally {
    shown.close();
  }
}

void test('one document takes one page, whatever its texts are, and nothing leaves the page', () => {
  for (const language of LANGUAGES) {
    for (const [name, item] of Object.entries(ITEMS)) {
      const pages = setPages(contentsOf([item], language), tools, new Element('Document'));
      assert.equal(pages.length, 1, name);
      for (const { text, size, x, y } of pages.flatMap(linesOf)) {
        const right = x + (text.width * size) / 1000;
        assert.ok(x >= MARGIN - 0.1 && right <= A4.width - MARGIN + 1, `${name}: ${text.text} is too wide`);
        assert.ok(y >= 30 && y <= A4.height - 30, `${name}: ${text.text} is too high or too low`);
      }
      // The foot is two lines; all else ends above it.
      const last = Math.max(
        ...pages
          .flatMap(linesOf)
          .slice(0, -2)
          .map(({ y }) => y),
      );
      assert.ok(last <= BOTTOM, name);
    }
  }
});

void test('no line stands in another, and none is left out', () => {
  for (const items of [...Object.values(ITEMS).map((item) => [item]), Object.values(ITEMS)]) {
    for (const page of setPages(contentsOf(items), tools, new Element('Document'))) {
      const lines = linesOf(page).map(({ text, size, x, y }) => ({
        text: text.text,
        left: x,
        right: x + (text.width * size) / 1000,
        top: y - size * 0.7,
        bottom: y,
      }));
      for (const [at, a] of lines.entries()) {
        for (const b of lines.slice(at + 1)) {
          const beside = a.right <= b.left + 0.5 || b.right <= a.left + 0.5;
          assert.ok(beside || a.bottom <= b.top || b.bottom <= a.top, `${a.text} / ${b.text}`);
        }
      }
    }
  }
});

void test('a report says verdict, checks, document, file, time, host, limits and how to check again', async () => {
  const [text = ''] = await textsOf([ITEMS.genuine]);
  for (const part of [
    'Verification report',
    `Made by the service at ${HOST} on 1 March 2026, 00:00 UTC`,
    'Genuine',
    'certificate.pdf',
    '184,223 bytes',
    '07'.repeat(32),
    CODE,
    'Sample Hospital',
    'licence L-1',
    'telephone +880 2 000000',
    '19 February 2026, 00:00 UTC',
    'The file is, to the last bit, the one that Sample Hospital issued.',
    'A single owner keeps this register',
    'File name and size are as stated by whoever asked',
    `npx spondon verify your-file.pdf --evidence ${CODE}.json --trust trust.json`,
  ]) {
    assert.ok(text.includes(part), `${part}\n${text}`);
  }
  assert.equal(text.match(/passed/g)?.length, 6);
});

void test('a code alone never reads genuine, and a document that is not found is not called false', async () => {
  const [registered = ''] = await textsOf([ITEMS.registered]);
  assert.match(registered, /Registered, not withdrawn/);
  assert.match(registered, /no sheet and no file was compared/);
  assert.doesNotMatch(registered, /genuine(?! code)/i);
  const [unknown = ''] = await textsOf([ITEMS.unknown]);
  assert.match(unknown, /Cannot be confirmed/);
  assert.match(unknown, /There is no evidence to attach/);
  const [outage = ''] = await textsOf([ITEMS.outage]);
  assert.match(outage, /Could not be checked/);
});

void test('labels are in both languages, the one asked for first; a name in Bangla is shown whole', async () => {
  const [english = ''] = await textsOf([ITEMS.bangla]);
  const [bangla = ''] = await textsOf([ITEMS.bangla], 'bn');
  assert.ok(english.indexOf('Verification report') < english.indexOf('যাচাই প্রতিবেদন'));
  assert.ok(bangla.indexOf('যাচাই প্রতিবেদন') < bangla.indexOf('Verification report'));
  for (const text of [english, bangla])
    assert.ok(text.replaceAll(' ', '').includes(BANGLA_NAME.replaceAll(' ', '')), text);
});

void test('what a visitor or an issuer wrote forges no verdict and hides nothing', async () => {
  const [text = ''] = await textsOf([ITEMS.hostile]);
  assert.match(text, /Withdrawn/);
  assert.match(text, /‹U\+202E›ENIUNEG‹U\+202C \+4›/);
  assert.match(text, /shortened here: it has 9,996 characters/);
  assert.match(text, /‹U\+75C5 \+1›\.pdf/);
});

void test('of several documents, each has its row, in the order of the question, and each verdict its numbers', async () => {
  const kinds = Object.values(ITEMS);
  const items = Array.from({ length: 500 }, (_, at) => ({
    ...(kinds[at % kinds.length] ?? ITEMS.unknown),
    fileName: `applicant-${at + 1}.pdf`,
  }));
  const pages = await textsOf(items);
  const [first = ''] = pages;
  assert.match(first, /Results/);
  assert.match(first, /Withdrawn.*Cannot be confirmed.*Could not be checked/);
  const all = pages.join(' ');
  assert.match(all, /The facility has been suspended .*\(In the list: 13–14, 27–28/);
  const places = items.map(({ fileName }) => all.indexOf(fileName));
  assert.ok(places.every((place, at) => place > (places[at - 1] ?? 0)));
  assert.ok(pages.every((text, at) => text.includes(`Page ${at + 1} of ${pages.length}`)));
  assert.ok(pages.slice(1).every((text) => text.includes(HOST)));
});
