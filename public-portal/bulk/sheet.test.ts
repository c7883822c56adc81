import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSheet, SheetFault } from './sheet.js';

const csv = (text: string) => readSheet(new File([text], 'applicants.csv'));

test('columns are found by their headings, in any order and either language', async () => {
  const english = await csv('Passport No,Applicant name,Date of birth,Code\nX1,Ayesha,1990-05-07,7K3M\n');
  assert.deepEqual(english.rows, [
    { line: 2, number: 'X1', name: 'Ayesha', birthDate: '1990-05-07', code: '7K3M', file: '' },
  ]);
  const bangla = await csv('কোড,নাম,জন্ম তারিখ\n7K3M,আয়েশা,1990-05-07\n');
  assert.equal(bangla.rows[0]?.name, 'আয়েশা');
});

test('semicolons, tabs, quotes and a byte order mark are read as table programs write them', async () => {
  assert.equal((await csv('code;name\r\n7K3M;"Rahman; Ayesha"\r\n')).rows[0]?.name, 'Rahman; Ayesha');
  assert.equal((await csv('\uFEFFcode\tname\n7K3M\tAyesha\n')).rows[0]?.code, '7K3M');
});

test('empty rows are left out and no others, and lines keep their numbers', async () => {
  const { rows } = await csv('code,name\n7K3M,A\n\n,B\n,\n9FHT,C\n');
  assert.deepEqual(
    rows.map(({ line, code }) => [line, code]),
    [
      [2, '7K3M'],
      [4, ''],
      [6, '9FHT'],
    ],
  );
});

test('titles above the headings, and quotes that nobody closed, are no reason to refuse a table', async () => {
  const titled = await csv('Visa section\n"Applicants, 2026"\ncode;name\n7K3M;Md. "Babu" Rahman\n');
  assert.deepEqual(
    titled.rows.map(({ line, code, name }) => [line, code, name]),
    [[4, '7K3M', 'Md. "Babu" Rahman']],
  );
});

test('a table without a column of codes or files is refused', async () => {
  await assert.rejects(
    csv('name,age\nAyesha,30\n'),
    (error) => error instanceof SheetFault && error.code === 'no-column',
  );
  await assert.rejects(csv(''), (error) => error instanceof SheetFault && error.code === 'no-column');
});

test('what is no table is refused as unreadable', async () => {
  await assert.rejects(
    readSheet(new File(['not a workbook'], 'applicants.xlsx')),
    (error) => error instanceof SheetFault && error.code === 'unreadable',
  );
});
