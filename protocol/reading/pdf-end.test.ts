import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPdfEnd } from './pdf-end.js';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (sign) => sign.charCodeAt(0));
const isWhole = (text: string): boolean => hasPdfEnd(bytesOf(text));

const body = `%PDF-1.7\n1 0 obj\n<</Type /Catalog>>\nendobj\n${'% something on pages\n'.repeat(500)}`;
const table = 'xref\n0 1\n0000000000 65535 f\r\ntrailer\n<</Root 1 0 R>>\n';
const stream = '7 0 obj\n<</Type /XRef /W [1 2 1] /Size 8>>\nstream\n\x01\xff\x00\nendstream\nendobj\n';
const endAt = (position: number): string => `startxref\n${position}\n%%EOF\n`;
const withTable = body + table + endAt(body.length);
const withStream = body + stream + endAt(body.length);
/** Saved once more: what changed is appended. */
const updated = (text: string): string => {
  const more = `${text}8 0 obj\n<</Type /Page>>\nendobj\n${'% more\n'.repeat(100)}`;
  return more + table + endAt(more.length);
};

test('a PDF that arrived whole ends as one', () => {
  assert.ok(isWhole(withTable), 'with a table');
  assert.ok(isWhole(withStream), 'with a cross-reference stream');
  assert.ok(isWhole(withTable.replaceAll('\n', '\r')), 'with the line ends of a Macintosh');
  assert.ok(isWhole(updated(withTable)) && isWhole(updated(updated(withStream))), 'saved again');
  assert.ok(isWhole(`${withTable}${'junk '.repeat(200)}`), 'with junk after its end');
  assert.ok(isWhole(withTable + '\0'.repeat(10_000)), 'filled up with zeros');
  assert.ok(isWhole(withTable.trimEnd().slice(0, -'%%EOF'.length)), 'without its last mark');
});

test('linearized, the first section stands last in the table and first in the file', () => {
  const first = `%PDF-1.7\n${table}${endAt(0)}`;
  const linearized = first + body + table + endAt('%PDF-1.7\n'.length);
  assert.ok(isWhole(linearized));
  assert.ok(!isWhole(linearized.slice(0, first.length + 20)), 'its first end is none');
});

test('bytes before the header count or not, as writers disagree', () => {
  const mail = 'Content-Type: application/pdf\n\n';
  assert.ok(isWhole(mail + withTable));
  assert.ok(isWhole(mail + body + table + endAt(mail.length + body.length)));
});

test('a PDF that was cut off does not, wherever that was', () => {
  for (const whole of [withTable, withStream, updated(withTable)])
    for (const share of [0.1, 0.6, 0.9, 0.97]) {
      const cut = whole.slice(0, Math.floor(whole.length * share));
      assert.ok(!isWhole(cut), `${share} of ${whole.length}`);
    }
  assert.ok(!isWhole(withTable.slice(0, -'5\n%%EOF\n'.length)), 'within the number');
});

test('an update that was cut off is noticed behind the end of the version before', () => {
  const whole = updated(withTable);
  for (let length = withTable.length + '8 0 obj'.length; length < whole.length - 20; length += 7)
    assert.ok(!isWhole(whole.slice(0, length)), `${length - withTable.length} bytes of it`);
});

test('a PDF whose end points elsewhere was put together from pieces', () => {
  for (const position of [0, 20, body.length + 1, body.length + 1_000_000, 9_999_999_999])
    assert.ok(!isWhole(body + table + endAt(position)), String(position));
  assert.ok(!isWhole(''));
});
