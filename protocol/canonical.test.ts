import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, parseCanonicalJson } from './canonical.js';

const refused = { name: 'ProtocolError', code: 'NOT_CANONICAL' };

test('the sample of RFC 8785 §3.2.2', () => {
  const value: unknown = JSON.parse(
    String.raw`{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}`,
  );
  assert.equal(
    canonicalJson(value),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"` +
      '€' +
      String.raw`$\u000f\nA'B\"\\\\\"/"}`,
  );
});

test('members are sorted by UTF-16 code units, RFC 8785 §3.2.3', () => {
  const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
  const text = canonicalJson(value);
  assert.deepEqual([...text.matchAll(/:(\d)/g)].map((match) => match[1]).join(''), '2467153');
});

// RFC 8785 appendix B: the double's bits, and its text.
const NUMBERS: readonly (readonly [bits: bigint, text: string])[] = [
  [0x0000000000000000n, '0'],
  [0x8000000000000000n, '0'],
  [0x0000000000000001n, '5e-324'],
  [0x8000000000000001n, '-5e-324'],
  [0x7fefffffffffffffn, '1.7976931348623157e+308'],
  [0xffefffffffffffffn, '-1.7976931348623157e+308'],
  [0x4340000000000000n, '9007199254740992'],
  [0xc340000000000000n, '-9007199254740992'],
  [0x4430000000000000n, '295147905179352830000'],
  [0x44b52d02c7e14af5n, '9.999999999999997e+22'],
  [0x44b52d02c7e14af6n, '1e+23'],
  [0x44b52d02c7e14af7n, '1.0000000000000001e+23'],
  [0x444b1ae4d6e2ef4en, '999999999999999700000'],
  [0x444b1ae4d6e2ef4fn, '999999999999999900000'],
  [0x444b1ae4d6e2ef50n, '1e+21'],
  [0x3eb0c6f7a0b5ed8cn, '9.999999999999997e-7'],
  [0x3eb0c6f7a0b5ed8dn, '0.000001'],
  [0x41b3de4355555553n, '333333333.3333332'],
  [0x41b3de4355555557n, '333333333.33333343'],
  [0xbecbf647612f3696n, '-0.0000033333333333333333'],
  [0x43143ff3c1cb0959n, '1424953923781206.2'],
];

test('the numbers of RFC 8785 appendix B', () => {
  const view = new DataView(new ArrayBuffer(8));
  for (const [bits, text] of NUMBERS) {
    view.setBigUint64(0, bits);
    assert.equal(canonicalJson(view.getFloat64(0)), text);
  }
});

test('any JSON value comes back, whatever the order of its members was', () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, member]) => [name, reversed(member)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = canonicalJson(value);
      assert.equal(canonicalJson(reversed(value)), text);
      // JSON.parse keeps the sign of zero out of "0", and gives __proto__ as an own member.
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      assert.equal(canonicalJson(parseCanonicalJson(text)), text);
    }),
  );
});

test('what JSON cannot hold is refused', () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const values = [
    undefined,
    NaN,
    Infinity,
    -Infinity,
    1n,
    Symbol('s'),
    () => 1,
    '\ud800',
    '\udc00\ud800',
    { '\ud800': 1 },
    { member: undefined },
    [undefined],
    [1, , 2],
    new Date(0),
    new Map(),
    new Uint8Array(1),
    { deep: [{ at: NaN }] },
    cycle,
  ];
  for (const value of values) assert.throws(() => canonicalJson(value), refused);
});

test('a text in any other spelling is refused', () => {
  const texts = [
    '',
    '{',
    '{"a":1,"a":1}',
    '{"a":1,"a":2}',
    '{"b":1,"a":2}',
    '{"a": 1}',
    ' {}',
    '{}\n',
    '\ufeff{}',
    '{"\\u0061":1}',
    '"\\/"',
    '"\\u00e9"',
    '"\\u000A"',
    '"\\ud800"',
    '1.0',
    '1e3',
    '-0',
    '01',
    '9007199254740993',
    '1e400',
    '[1,]',
    'undefined',
    'NaN',
    "{'a':1}",
    '{"a":1}//',
  ];
  for (const text of texts) assert.throws(() => parseCanonicalJson(text), refused, text);
});

test('a duplicate __proto__ member is refused and a single one is an ordinary member', () => {
  assert.throws(() => parseCanonicalJson('{"__proto__":1,"__proto__":1}'), refused);
  const value = parseCanonicalJson('{"__proto__":{"a":1}}');
  assert.deepEqual(Object.keys(value as object), ['__proto__']);
  assert.equal((value as { a?: unknown }).a, undefined);
});

test('a hostile depth is refused, not a crash', () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  assert.throws(() => parseCanonicalJson(deep), refused);
});

test('64 levels are read and 65 refused', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const nested = (depth: number): string => `${open.repeat(depth)}0${close.repeat(depth)}`;
    assert.doesNotThrow(() => parseCanonicalJson(nested(64)));
    assert.throws(() => parseCanonicalJson(nested(65)), refused);
  }
});

test('messages do not repeat what was read', () => {
  for (const text of ['{"name":"Ayesha"', '{"name": "Ayesha"}']) {
    assert.throws(
      () => parseCanonicalJson(text),
      (error: Error) => !error.message.includes('Ayesha'),
    );
  }
});
