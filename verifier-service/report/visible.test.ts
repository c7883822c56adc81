import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openFaces } from '../text/faces.js';
import { missingCharacters } from '../text/shape.js';
import { createVisible } from './visible.js';

const faces = openFaces();
const visible = createVisible(faces);

void test('what people write in English and Bangla is shown as it is', () => {
  for (const text of [
    'medical-certificate (2) – Rahman.pdf',
    'Société Générale №5, 50 % off: “yes”',
    'শহীদ সোহ্‌রাওয়ার্দী মেডিকেল কলেজ ও হাসপাতাল, শেরেবাংলা নগর, ঢাকা',
    'কিংকর্তব্যবিমূঢ় চাঁদপুর & Sons',
  ]) {
    assert.equal(visible(text, 200), text.normalize('NFC'));
  }
  assert.equal(visible('Re\u0301sume\u0301.pdf', 200), 'Résumé.pdf', 'as some systems spell file names');
});

void test('what hides, reorders or piles up is named, and so is what no face has', () => {
  assert.equal(visible('certificate\u202efdp.exe', 200), 'certificate‹U+202E›fdp.exe');
  assert.equal(visible('a\u200bb\u2060c\u00add', 200), 'a‹U+200B›b‹U+2060›c‹U+00AD›d');
  assert.equal(visible('two\nlines\u2028and\ttab', 200), 'two‹U+000A›lines‹U+2028›and‹U+0009›tab');
  assert.equal(visible('x\u0338\u0338\u0338\u0338', 200), 'x‹U+0338 and 3 more›');
  assert.equal(visible('病院 Hospital 😀', 200), '‹U+75C5 and 1 more› Hospital ‹U+1F600›');
  assert.equal(visible('\ud800!', 200), '‹U+D800›!', 'half a surrogate pair');
  assert.equal(visible('a\u200cb', 200), 'a‹U+200C›b', 'a joiner outside Bangla');
  assert.equal(visible('\u09bfx', 200), '‹U+09BF›x', 'a vowel sign with nothing before it');
  assert.equal(visible('wide    open\u00a0\u3000space', 200), 'wide open space');
});

void test('what is long keeps its beginning and its end', () => {
  const name = `${'begin-'.repeat(10_000)}end.pdf`;
  const shown = visible(name, 90);
  assert.ok(shown.startsWith('begin-begin-') && shown.includes(' … ') && shown.endsWith('-end.pdf'), shown);
  assert.ok(shown.length <= 93);
});

void test('whatever it is, every character of what is shown can be printed, and there are few of them', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(anything, fc.integer({ min: 10, max: 200 }), (text, most) => {
      const shown = visible(text, most);
      assert.ok(shown.length <= most + 3, shown);
      assert.deepEqual(missingCharacters(faces, shown), []);
      assert.doesNotMatch(shown.replaceAll(/[\u200c\u200d]/g, ''), /[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});
