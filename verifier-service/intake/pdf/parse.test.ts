import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cursorAt, parseIndirectObject, parseValue } from './parse.js';
import { Name, RawString, Ref, Stream, type PdfValue } from './value.js';

function parse(text: string): { value: PdfValue; irregular: boolean } {
  const cursor = cursorAt(Buffer.from(text, 'latin1'), 0);
  const value = parseValue(cursor);
  return { value, irregular: cursor.irregular };
}
const regular = (text: string): PdfValue => {
  const { value, irregular } = parse(text);
  assert.equal(irregular, false, `${text} is regular`);
  return value;
};

test('numbers are read as the standard writes them', () => {
  const numbers = {
    '0': 0,
    '+17': 17,
    '-98': -98,
    '34.5': 34.5,
    '-3.62': -3.62,
    '4.': 4,
    '-.002': -0.002,
    '.5': 0.5,
  };
  for (const [text, expected] of Object.entries(numbers)) assert.equal(regular(text), expected);
});

test('a number beyond the largest that a PDF may hold is that one', () => {
  const digits = '9'.repeat(400);
  assert.deepEqual([regular(digits), regular(`-${digits}.5`)], [3.403e38, -3.403e38]);
});

test('names are the same however they are spelled', () => {
  assert.deepEqual(regular('/Adobe#20Green'), new Name('Adobe Green'));
  assert.deepEqual(regular('/Obj#53tm'), regular('/ObjStm'));
  assert.deepEqual(regular('/'), new Name(''));
});

test('strings are kept as they stand', () => {
  for (const text of [
    '(a (nested) string)',
    '(with \\) escape)',
    '(\\\\)',
    '<48656C6C6F>',
    '<>',
    '(line\r\nend)',
  ]) {
    const value = regular(text);
    assert.ok(value instanceof RawString);
    assert.equal(Buffer.from(value.token).toString('latin1'), text);
  }
});

test('references, arrays and dictionaries nest', () => {
  assert.deepEqual(regular('[1 0 R 2 3 /A[]<</B null>>true]'), [
    new Ref(1, 0),
    2,
    3,
    new Name('A'),
    [],
    new Map([['B', null]]),
    true,
  ]);
  assert.deepEqual(regular('<< /A % a comment (\n 12 0 R >>'), new Map([['A', new Ref(12, 0)]]));
});

test('what every reader takes in one way is taken so, and told', () => {
  const readings: [string, PdfValue][] = [
    ['<</A 1/A 2>>', new Map([['A', 2]])],
    ['<</A>>', new Map()],
    ['--5', -5],
    ['12 0R', new Ref(12, 0)],
    ['nonsense', null],
    ['<48zz65>', new RawString(Buffer.from('<4865>'))],
  ];
  for (const [text, expected] of readings)
    assert.deepEqual(parse(text), { value: expected, irregular: true }, text);
});

test('what has no one reading is damaged', () => {
  for (const text of ['', '(no end', '<48', '[1 2', '<</A 1', ')', '>>', 'endobj', '['.repeat(1000)]) {
    assert.throws(() => parse(text), { code: 'FILE_DAMAGED' }, text);
  }
});

test('a stream ends where its length says, even when its data says otherwise', () => {
  const data = 'endstream endobj';
  const bytes = Buffer.from(`7 0 obj <</Length ${data.length}>> stream\r\n${data}\nendstream\nendobj`);
  const { value, irregular, number } = parseIndirectObject(bytes, 0, () => undefined);
  assert.ok(value instanceof Stream);
  assert.equal(Buffer.from(value.data).toString(), data);
  assert.deepEqual({ irregular, number }, { irregular: false, number: 7 });
});

test('a stream whose length is wrong ends at its end, and is told', () => {
  for (const length of ['3', '9999', '5 0 R', '/None']) {
    const bytes = Buffer.from(`7 0 obj <</Length ${length}>> stream\nthe data\nendstream\nendobj`);
    const { value, irregular } = parseIndirectObject(bytes, 0, () => undefined);
    assert.ok(value instanceof Stream);
    assert.equal(Buffer.from(value.data).toString(), 'the data');
    assert.equal(irregular, true);
  }
});

test('an indirect length is asked for', () => {
  const bytes = Buffer.from('7 0 obj <</Length 8 0 R>> stream\nabc\nendstream\nendobj');
  const { irregular } = parseIndirectObject(bytes, 0, (ref) => (ref.number === 8 ? 3 : undefined));
  assert.equal(irregular, false);
});
