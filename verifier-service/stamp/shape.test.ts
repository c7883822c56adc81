import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFaces } from './faces.js';
import { cachedShaper, missingCharacters } from './shape.js';

const faces = openFaces();
const shape = cachedShaper(faces);

/** Glyphs as HarfBuzz 6.0.0 (hb-shape) gives them for the vendored NotoSansBengali-Regular, without positions. */
const HARFBUZZ: Readonly<Record<string, readonly string[]>> = {
  মেডিকেল: ['evowelsigninibeng', 'mabeng', 'ivowelsignbeng', 'ddabeng', 'evowelsignbeng', 'kabeng', 'labeng'],
  নভেম্বর: ['nabeng', 'evowelsignbeng', 'bhabeng', 'mababeng', 'rabeng'],
};

test('Bangla is shaped as HarfBuzz shapes it: order, conjuncts, vowel signs within and before a word', () => {
  for (const [word, expected] of Object.entries(HARFBUZZ)) {
    const { glyphs } = shape(word, 'Regular');
    assert.deepEqual(glyphs.map(({ face, id }) => faces(face).getGlyph(id).name), expected, word);
  }
});

test('each script is set in its own face, with the punctuation that stands in it', () => {
  const { glyphs, width } = shape('Dhaka, ঢাকা ২০২৫ (BD)', 'Bold');
  const runs = glyphs.map(({ face }) => face).filter((face, i, all) => face !== all[i - 1]);
  assert.deepEqual(runs, ['NotoSans-Bold', 'NotoSansBengali-Bold', 'NotoSans-Bold']);
  assert.equal(width, glyphs.reduce((sum, { advance }) => sum + advance, 0));
  assert.ok(glyphs.every(({ id }) => id !== 0), 'no glyph is the empty box');
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
