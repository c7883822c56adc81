import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFaces } from './faces.js';
import { cachedShaper, missingCharacters } from './shape.js';

const faces = openFaces();
const shape = cachedShaper(faces);

/** Glyph names as HarfBuzz 6.0.0 gives them for the vendored NotoSansBengali-Regular (hb-shape --no-positions). */
const HARFBUZZ = {
  মেডিকেল: 'evowelsigninibeng mabeng ivowelsignbeng ddabeng evowelsignbeng kabeng labeng',
  নভেম্বর: 'nabeng evowelsignbeng bhabeng mababeng rabeng',
  সেপ্টেম্বর: 'evowelsigninibeng sabeng evowelsignbeng pattabeng mababeng rabeng',
  অক্টোবর: 'abeng evowelsignbeng kattabeng aavowelsignbeng babeng rabeng',
  ডিসেম্বর: 'ivowelsignbeng ddabeng evowelsignbeng sabeng mababeng rabeng',
  ফেব্রুয়ারি: 'evowelsigninibeng phabeng barubeng yyabeng aavowelsignbeng ivowelsignbeng rabeng',
  হাসপাতাল: 'habeng aavowelsignbeng sabeng pabeng aavowelsignbeng tabeng aavowelsignbeng labeng',
  স্বাস্থ্য: 'sababeng aavowelsignbeng sathabeng yapostformbeng',
  কমপ্লেক্স: 'kabeng mabeng evowelsignbeng palabeng kasabeng',
  ক্ষুদ্র: 'kassabeng uvowelsignbeng darabeng',
  সোহ্‌রাওয়ার্দী:
    'evowelsigninibeng sabeng aavowelsignbeng habeng viramabeng space rabeng aavowelsignbeng obeng yyabeng aavowelsignbeng dabeng rephiivowelsignbeng',
  বিশ্ববিদ্যালয়:
    'ivowelsignbeng babeng shababeng ivowelsignbeng babeng dabeng yapostformbeng aavowelsignbeng labeng yyabeng',
  ডায়াগনস্টিক: 'ddabeng aavowelsignbeng yyabeng aavowelsignbeng gabeng nabeng ivowelsignbeng sattabeng kabeng',
  সেন্টার: 'evowelsigninibeng sabeng nattabeng aavowelsignbeng rabeng',
  চাঁদপুর: 'cabeng candrabindubeng aavowelsignbeng dabeng pabeng uvowelsignbeng rabeng',
  কিশোরগঞ্জ: 'ivowelsignbeng kabeng evowelsignbeng shabeng aavowelsignbeng rabeng gabeng nyajabeng',
  ব্রাহ্মণবাড়িয়া:
    'barabeng aavowelsignbeng hamabeng nnabeng babeng aavowelsignbeng ivowelsignbeng rrabeng yyabeng aavowelsignbeng',
  নৈঋত: 'aivowelsigninibeng nabeng rvocalicbeng tabeng',
  পৌর: 'evowelsigninibeng pabeng aulengthmarkbeng rabeng',
  কৈশোর: 'aivowelsigninibeng kabeng evowelsignbeng shabeng aavowelsignbeng rabeng',
  বৌদ্ধ: 'evowelsigninibeng babeng aulengthmarkbeng dadhabeng',
} as const;

test('Bangla is shaped as HarfBuzz shapes it: order, conjuncts, vowel signs within and before a word', () => {
  for (const [word, expected] of Object.entries(HARFBUZZ)) {
    const { glyphs } = shape(word, 'Regular');
    assert.deepEqual(glyphs.map(({ face, id }) => faces(face).getGlyph(id).name).join(' '), expected, word);
  }
});

test('each script is set in its own face, with the punctuation that stands in it', () => {
  const { glyphs, width } = shape('Dhaka, ঢাকা ২০২৫ (BD)', 'Bold');
  const runs = glyphs.map(({ face }) => face).filter((face, i, all) => face !== all[i - 1]);
  assert.deepEqual(runs, ['NotoSans-Bold', 'NotoSansBengali-Bold', 'NotoSans-Bold']);
  assert.equal(
    width,
    glyphs.reduce((sum, { advance }) => sum + advance, 0),
  );
  assert.ok(
    glyphs.every(({ id }) => id !== 0),
    'no glyph is the empty box',
  );
});

test('punctuation that the face of its script lacks is set in the other one, and not left out', () => {
  const { glyphs } = shape('হাসপাতাল & ক্লিনিক', 'Bold');
  assert.ok(glyphs.some(({ codePoints }) => codePoints[0] === '&'.codePointAt(0)));
});

test('marks that cannot be placed upon their letter are shaped all the same', () => {
  for (const text of ['a\u0338', 'Z\u0300\u0334', 'l\u0336\u0337\u0301'])
    assert.ok(shape(text, 'Regular').glyphs.length > 1);
});

test('characters that no face has are named and left out', () => {
  assert.deepEqual(missingCharacters(faces, 'Dhaka 病院 ঢাকা'), ['病', '院']);
  assert.deepEqual(missingCharacters(faces, 'সোহ্\u200cরাওয়ার্দী O’Neill–Khan №5'), []);
  assert.equal(shape('病院', 'Regular').glyphs.length, 0);
});

test('decomposed text is shaped as composed text is', () => {
  const ids = (text: string): number[] => shape(text, 'Regular').glyphs.map(({ id }) => id);
  assert.deepEqual(ids('\u0995\u09c7\u09be'), ids('\u0995\u09cb'));
});
