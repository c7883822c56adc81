import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openFaces } from '../text/faces.js';
import { missingCharacters } from '../text/shape.js';
import { createVisible } from './visible.js';

const faces = openFaces();
const visible = createVisible(faces);

void test('what people write in English and Bangla is drawn as it is', () => {
  for (const text of [
    'Société Générale №5, 50 % off: “yes”',
    'শহীদ সোহ্‌রাওয়ার্দী মেডিকেল কলেজ ও হাসপাতাল, শেরেবাংলা নগর, ঢাকা',
  ])
    assert.equal(visible(text, 200), text.normalize('NFC'));
});

void test('what no face has is named, and so is a mark that no face can place', () => {
  assert.equal(visible('病院 Hospital 😀', 200), '‹U+75C5 +1› Hospital ‹U+1F600›');
  assert.equal(visible('x\u0338\u0338\u0338\u0338', 200), 'x‹U+0338 +3›');
});

void test('whatever it is, every character of what is shown can be printed, and there are few of them', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(anything, fc.integer({ min: 10, max: 200 }), (text, most) => {
      const shown = visible(text, most);
      assert.ok(shown.length <= most + 3, shown);
      assert.deepEqual(missingCharacters(faces, shown), []);
    }),
  );
});
