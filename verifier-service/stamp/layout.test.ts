import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MM } from '../intake/units.js';
import { openFaces } from '../text/faces.js';
import { layOutStamp, type StampLayout } from './layout.js';
import { cachedShaper } from '../text/shape.js';
import { makeDetails } from './test-pdfs.js';

const shape = cachedShaper(openFaces());
const NAMES = [
  'Dhaka Medical College Hospital',
  'DMCH',
  'শহীদ সোহ্‌রাওয়ার্দী মেডিকেল কলেজ ও হাসপাতাল, শেরেবাংলা নগর, ঢাকা',
  'The Right Honourable Society of Friends of the District Hospital and Diagnostic Centre of Brahmanbaria Sadar',
  'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogochhospital',
  '',
];
const HOSTS = [
  'v.bd',
  'verify.health.example.org',
  'a-very-long-host-name.of-a-department.of-a-ministry.example.gov.bd:8443',
];

function layouts(): StampLayout[] {
  return NAMES.flatMap((issuerName) =>
    HOSTS.flatMap((host) =>
      (['en', 'bn'] as const).flatMap((language) =>
        ([57, 89, 105] as const).flatMap((modules) =>
          (['wide', 'tall'] as const).map((form) =>
            layOutStamp(shape, makeDetails({ issuerName, host, language }), modules, form),
          ),
        ),
      ),
    ),
  );
}

test("no text leaves the stamp or its QR's quiet zone, however long name and host are", () => {
  for (const { width, height, qr, texts } of layouts()) {
    const quiet = (4 * qr.size) / 105;
    for (const { text, size, x, y } of texts) {
      const right = x + (text.width * size) / 1000;
      assert.ok(x >= 0 && right <= width + 0.01, `${text.text} is too wide`);
      assert.ok(y >= 0 && y + size * 0.714 <= height + 0.01, `${text.text} is too high or too low`);
      const beside = x >= qr.x + qr.size + quiet || y + size * 0.75 <= qr.y - quiet;
      assert.ok(beside, `${text.text} is in the quiet zone`);
    }
  }
});

test('no line of text stands in another', () => {
  for (const { texts } of layouts()) {
    const lines = texts.filter(({ text }) => text.glyphs.length > 0).sort((a, b) => b.y - a.y);
    lines.forEach((line, i) => {
      const above = lines[i - 1];
      if (above !== undefined)
        assert.ok(above.y - line.y >= line.size * 0.95, `${above.text.text} / ${line.text.text}`);
    });
  }
});

test('the QR is 40 mm wide and all lines are there', () => {
  for (const { qr, texts } of layouts()) {
    assert.ok(Math.abs(qr.size - 40 * MM) < 0.001);
    assert.ok(texts.length >= 4);
  }
});

test('type is never smaller than can be read', () => {
  const usual = layOutStamp(shape, makeDetails(), 89, 'tall');
  for (const { size, text } of usual.texts) assert.ok(size >= 6.5, `${text.text} is set in ${size} points`);
});
