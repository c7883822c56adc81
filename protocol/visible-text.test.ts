import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { visibleText } from './visible-text.js';

test('what people write is shown as it is', () => {
  for (const text of [
    'medical-certificate (2) – Rahman.pdf',
    'Société Générale №5, 50 % off: “yes”',
    'শহীদ সোহ্‌রাওয়ার্দী মেডিকেল কলেজ ও হাসপাতাল, শেরেবাংলা নগর, ঢাকা',
    'কিংকর্তব্যবিমূঢ় চাঁদপুর & Sons',
    'चिकित्सा प्रमाण पत्र.pdf',
    '病院 Hospital 😀.pdf',
  ])
    assert.equal(visibleText(text), text.normalize('NFC'));
  assert.equal(visibleText('Re\u0301sume\u0301.pdf'), 'Résumé.pdf', 'as some systems spell file names');
});

test('what hides, reorders or piles up is named', () => {
  assert.equal(visibleText('certificate\u202efdp.exe'), 'certificate‹U+202E›fdp.exe');
  assert.equal(visibleText('a\u200bb\u2060c\u00add'), 'a‹U+200B›b‹U+2060›c‹U+00AD›d');
  assert.equal(visibleText('two\nlines\u2028and\ttab'), 'two‹U+000A›lines‹U+2028›and‹U+0009›tab');
  assert.equal(visibleText('a\u2800\u3164\u{e0041}b'), 'a‹U+2800 +2›b', 'blank signs that are no spaces');
  assert.equal(visibleText(`x${'\u0338'.repeat(7)}`), `x${'\u0338'.repeat(4)}‹U+0338 +2›`);
  assert.equal(visibleText('\ud800!'), '‹U+D800›!', 'half a surrogate pair');
  assert.equal(visibleText('a\u200cb'), 'a‹U+200C›b', 'a joiner outside Bangla');
  assert.equal(visibleText('\u09bfx'), '‹U+09BF›x', 'a vowel sign with nothing before it');
  assert.equal(visibleText('wide    open\u00a0\u3000space'), 'wide open space');
});

test('what cannot be drawn is named', () => {
  const hasGlyph = (character: string): boolean => character < '\u0100';
  assert.equal(visibleText('病院 Hospital 😀', { hasGlyph }), '‹U+75C5 +1› Hospital ‹U+1F600›');
});

test('what is long keeps its beginning and its end', () => {
  const name = `${'begin-'.repeat(10_000)}end.pdf`;
  const shown = visibleText(name, { most: 90 });
  assert.ok(shown.startsWith('begin-begin-') && shown.includes(' … ') && shown.endsWith('-end.pdf'), shown);
  assert.ok(shown.length <= 93);
});

test('whatever it is, nothing that is shown is hidden, and no more is shown than may be', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(anything, fc.integer({ min: 10, max: 200 }), (text, most) => {
      const shown = visibleText(text, { most });
      assert.ok(shown.length <= most + 3, shown);
      assert.doesNotMatch(shown.replaceAll(/[\u200c\u200d]/g, ''), /[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});
