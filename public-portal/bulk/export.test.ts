import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvOf } from './export.js';
import type { Row } from './run.js';

const row: Row = {
  id: 0,
  name: 'report.pdf',
  asked: 'file',
  sheetRow: null,
  state: 'fault',
  outcome: null,
  fault: 'empty',
  comparisons: [],
};

test('what begins like a formula is text to a table program', () => {
  for (const name of ['=HYPERLINK("http://evil")', '+1', '-1', '@SUM(A1)', '\tx'])
    assert.ok(
      csvOf([{ ...row, name }], 'host', null)
        .split('\r\n')[1]
        ?.replace(/^"/, '')
        .startsWith("'"),
      name,
    );
});

test('commas, quotes and line breaks stay within their cell', () => {
  const [, line] = csvOf([{ ...row, name: 'a "b", c\n.pdf' }], 'host', null).split('\r\n');
  assert.ok(line?.startsWith('"a ""b"", c\n.pdf",'));
});

test('the person was not compared when there was nothing to compare with', () => {
  assert.match(csvOf([row], 'host', null), /not-checked/);
});
