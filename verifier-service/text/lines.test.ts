import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFaces } from './faces.js';
import { breakText } from './lines.js';
import { cachedShaper } from './shape.js';

const shape = cachedShaper(openFaces());
const broken = (text: string, width: number): string[] =>
  breakText(shape, text, 'Regular', width).map((line) => line.text);

const TEXTS = [
  'The Right Honourable Society of Friends of the District Hospital of Brahmanbaria Sadar',
  'শহীদ সোহ্‌রাওয়ার্দী মেডিকেল কলেজ ও হাসপাতাল, শেরেবাংলা নগর, ঢাকা',
  'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch and নারায়ণগঞ্জ&কিশোরগঞ্জ',
];

test('no line is wider than asked for, and nothing of the text is lost', () => {
  for (const text of TEXTS) {
    for (const width of [2_000, 5_000, 12_000, 100_000]) {
      const lines = breakText(shape, text, 'Regular', width);
      for (const line of lines) assert.ok(line.width <= width + 1, `${line.text} is ${line.width} wide`);
      const joined = lines.map((line) => line.text).join('');
      assert.equal(joined.replaceAll(' ', ''), text.replaceAll(' ', ''));
    }
  }
});

test('lines break between words, and are as long as they can be', () => {
  const wide = shape('one two', 'Regular').width;
  assert.deepEqual(broken('one  two\tone\ntwo', wide + 1), ['one two', 'one two']);
  assert.deepEqual(broken('', wide), ['']);
});
