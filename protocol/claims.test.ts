import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBase64url } from './base64url.js';
import { canonicalJson } from './canonical.js';
import {
  CLAIMS_URL_MAX_BYTES,
  claimsFromUrl,
  claimsHash,
  claimsUrl,
  documentIdFromUrl,
  fromClaims,
  labelUrl,
  parseClaims,
  signClaims,
  toClaims,
  verifyClaims,
  type Claims,
} from './claims.js';
import { publicKeyFromJwk } from './crypto.js';
import { sha256, signWith, verify } from './crypto-node.js';
import { formatDocumentId } from './document-id.js';
import { signJws } from './jws.js';
import { formats } from './vectors/formats.js';
import { RFC6979_KEY } from './vectors/rfc6979-key.js';

const sign = signWith(createPrivateKey({ key: RFC6979_KEY, format: 'jwk' }));
const publicKey = publicKeyFromJwk(formats.jwk);
const refused = { name: 'ProtocolError', code: 'CLAIMS' };
const tooLarge = { name: 'ProtocolError', code: 'CLAIMS_TOO_LARGE' };

const of = <K extends Claims['kind']>(kind: K): Claims & { kind: K } =>
  formats.claims.map(({ claims }) => claims).find((claims) => claims.kind === kind) as Claims & { kind: K };
const REPORT = of('report');
const PRESCRIPTION = of('prescription');

test('the fixed vectors: long names to short ones, text, hash, signature', async () => {
  assert.equal(new Set(formats.claims.map(({ claims }) => claims.kind)).size, 4);
  for (const { claims, payload, text, hash } of formats.claims) {
    assert.equal(canonicalJson(toClaims(claims)), payload);
    const signed = parseClaims(text);
    assert.deepEqual(signed.claims, claims);
    assert.equal(signed.kid, formats.kid);
    assert.equal(await verifyClaims(signed, publicKey, verify), true);
    assert.equal(encodeBase64url(claimsHash(text, sha256)), hash);
  }
});

const lines = fc
  .string({
    unit: fc.constantFrom(...Array.from('aZ09 .,-(’"\\/é'), 'আ', 'য়', 'ক্ষ', '\u200d', '漢', '🩺'),
    minLength: 1,
    maxLength: 8,
  })
  .map((text) => text.trim().normalize('NFC'))
  .filter((text) => /[^\s\u200d]/u.test(text));
const dates = fc.constantFrom('2026-07-31', '2024-02-29', '1900-01-01');
// A null prototype would be another object for deepEqual.
const plain = { noNullPrototype: true };
const name = { name: lines, birthDate: dates };
const idLast4 = fc.constantFrom('0000', '4G21');
const subjects = fc.oneof(fc.record(name, plain), fc.record({ ...name, idLast4 }, plain));
const { iss, jti, iat } = REPORT;
const anyClaims: fc.Arbitrary<Claims> = fc.oneof(
  fc
    .record(
      { purpose: lines, result: lines, validUntil: dates, physician: lines, registrationNumber: lines },
      plain,
    )
    .chain((facts) =>
      subjects.map((subject) => ({ iss, jti, iat, kind: 'certificate' as const, subject, facts })),
    ),
  fc
    .record({ test: lines, specimenDate: dates, result: lines }, plain)
    .chain((facts) =>
      subjects.map((subject) => ({ iss, jti, iat, kind: 'report' as const, subject, facts })),
    ),
  fc
    .record(
      { prescriber: lines, drugs: fc.array(lines, { maxLength: 4 }), items: fc.integer({ min: 4, max: 99 }) },
      plain,
    )
    .chain((facts) =>
      subjects.map((subject) => ({ iss, jti, iat, kind: 'prescription' as const, subject, facts })),
    ),
  fc
    .record({ amount: fc.constantFrom('0.00 BDT', '999999999999.99 USD'), date: dates }, plain)
    .chain((facts) => subjects.map((subject) => ({ iss, jti, iat, kind: 'slip' as const, subject, facts }))),
);

test('any claims come back from their short form and from their JWS', async () => {
  await fc.assert(
    fc.asyncProperty(anyClaims, async (claims) => {
      assert.deepEqual(fromClaims(toClaims(claims)), claims);
      const signed = parseClaims(await signClaims(claims, 'k1', sign));
      assert.deepEqual(signed.claims, claims);
      assert.ok(await verifyClaims(signed, publicKey, verify));
    }),
    { numRuns: 60 },
  );
});

test('what people type is brought into NFC and trimmed before it is signed', () => {
  const typed: Claims = { ...REPORT, subject: { ...REPORT.subject, name: '  Rene\u0301 O\u2019Neil ' } };
  assert.equal(fromClaims(toClaims(typed)).subject.name, 'Ren\u00e9 O\u2019Neil');
});

test('a signed text that is not in NFC, or has outer spaces, is refused', () => {
  for (const name of ['Rene\u0301', ' a', 'a ', '\u00a0a']) {
    const payload = toClaims(REPORT);
    assert.throws(() => fromClaims({ ...payload, s: { ...payload.s, n: name } }), refused);
  }
});

test('a text that shows nothing, or that was damaged on its way, is refused', () => {
  for (const name of [
    '\u200d',
    '\u3164',
    '\u2800',

    'A\u200bB',
    'A\u200eB',
    'A\ufffdB',
    'A\u{e0041}B',
    'A\uffff',
  ]) {
    assert.throws(() => toClaims({ ...REPORT, subject: { ...REPORT.subject, name } }), { code: 'CLAIMS' });
  }
});

test('control characters, line breaks, overrides and overlong texts are refused', () => {
  const names = [
    '',
    ' ',
    'a\u0000',
    'a\nb',
    'a\u0085b',
    'a\u2028b',
    'a\u202eb',
    'a\u2066b',
    'a\ufeffb',
    '\ud800',
  ];
  for (const name of [...names, 'x'.repeat(121)]) {
    assert.throws(
      () => toClaims({ ...REPORT, subject: { ...REPORT.subject, name } }),
      { name: 'ProtocolError', code: 'CLAIMS' },
      JSON.stringify(name),
    );
  }
  // Counted in characters, not in UTF-16 units; joiners are part of Bangla spelling.
  for (const name of [`a${'🩺'.repeat(119)}`, 'ক\u200dষ']) {
    assert.doesNotThrow(() => toClaims({ ...REPORT, subject: { ...REPORT.subject, name } }));
  }
});

test('only dates of the calendar are dates', () => {
  const wrong = [
    '2026-02-29',
    '1900-02-29',
    '2026-13-01',
    '2026-00-10',
    '2026-04-31',
    '2026-01-00',
    '0999-01-01',
  ];
  for (const birthDate of [...wrong, '2026-1-1', '31-07-2026', '2026-07-31T00:00', '', 20260731, null]) {
    const subject = { ...REPORT.subject, birthDate } as Claims['subject'];
    assert.throws(() => toClaims({ ...REPORT, subject }), refused, String(birthDate));
  }
  for (const birthDate of ['2000-02-29', '2024-02-29', '2026-12-31', '1000-01-01']) {
    assert.doesNotThrow(() => toClaims({ ...REPORT, subject: { ...REPORT.subject, birthDate } }));
  }
});

test('amounts, last fours, item counts and lists in another form are refused', () => {
  const slip = of('slip');
  for (const amount of [
    '1250 BDT',
    '1250.0 BDT',
    '01.00 BDT',
    '-1.00 BDT',
    '1,250.00 BDT',
    '1.00',
    '1.00 bdt',
    '1.00  BDT',
  ]) {
    assert.throws(() => toClaims({ ...slip, facts: { ...slip.facts, amount } }), refused, amount);
  }
  for (const idLast4 of ['', '123', '12345', '12a4', '১২৩৪']) {
    assert.throws(() => toClaims({ ...slip, subject: { ...slip.subject, idLast4 } }), refused, idLast4);
  }
  for (const change of [
    { items: 0 },
    { items: 100 },
    { items: 1.5 },
    { items: '3' },
    { items: 1 },
    { drugs: 'Metformin' },
    { drugs: [''] },
    { drugs: [5] },
    { drugs: { length: 1 } },
  ]) {
    const facts = { ...PRESCRIPTION.facts, ...change } as typeof PRESCRIPTION.facts;
    assert.throws(() => toClaims({ ...PRESCRIPTION, facts }), refused, JSON.stringify(change));
  }
});

test('one item, and 99 of them listed, are prescriptions', () => {
  const one = { ...PRESCRIPTION.facts, drugs: [], items: 1 };
  const many = { ...PRESCRIPTION.facts, drugs: Array.from({ length: 99 }, () => 'x'), items: 99 };
  for (const facts of [one, many]) assert.doesNotThrow(() => toClaims({ ...PRESCRIPTION, facts }));
});

test('unknown and missing members are refused on every level', () => {
  const payload = toClaims(REPORT);
  const { s, c } = payload;
  for (const wrong of [
    { ...payload, x: 1 },
    { ...payload, s: { ...s, x: 'y' } },
    { ...payload, c: { ...c, x: 'y' } },
    { ...payload, s: { n: s.n } },
    { ...payload, c: {} },
    { ...payload, c: [] },
    { ...payload, s: null },
    { ...payload, k: 'slip' },
    { ...payload, k: 'constructor' },
    { ...payload, k: '__proto__' },
    { ...payload, iss: 'x' },
    { ...payload, jti: formatDocumentId(payload.jti) },
    { ...payload, iat: '1' },
    { iss: payload.iss },
    null,
    [],
  ]) {
    assert.throws(() => fromClaims(wrong), refused, JSON.stringify(wrong));
  }
  assert.throws(() => toClaims({ ...REPORT, facts: of('slip').facts } as unknown as Claims), refused);
});

test('a statement is no claims, nor is any other typ', async () => {
  for (const { text } of formats.statements) assert.throws(() => parseClaims(text), { code: 'JWS' });
  const other = await signJws('spondon-claims+jws', 'k1', toClaims(REPORT), sign);
  assert.throws(() => parseClaims(other), { name: 'ProtocolError', code: 'JWS' });
});

test('claims that fit no code are refused when signing, when printing and when reading', async () => {
  const drugs = Array.from({ length: 12 }, (_, i) => `${'Paracetamol and codeine'.repeat(2)} ${i} mg`);
  const long: Claims = { ...PRESCRIPTION, facts: { ...PRESCRIPTION.facts, drugs, items: 12 } };
  await assert.rejects(signClaims(long, 'k1', sign), tooLarge);
  const text = await signJws('spondon-claims+jwt', 'k1', toClaims(long), sign);
  assert.throws(() => parseClaims(text), { code: 'TOO_LARGE' });
  const portal = 'https://p.example';
  const room = CLAIMS_URL_MAX_BYTES - `${portal}/v#`.length;
  assert.equal(claimsUrl(portal, 'x'.repeat(room)).length, CLAIMS_URL_MAX_BYTES);
  assert.throws(() => claimsUrl(portal, 'x'.repeat(room + 1)), tooLarge);
});

test('the vectors fit a code of version 19 at error correction M', () => {
  for (const { text } of formats.claims)
    assert.ok(claimsUrl('https://verify.example.gov.bd', text).length <= 624);
});

test('a URL gives back host and JWS', () => {
  const jws = formats.claims[0]?.text ?? '';
  assert.deepEqual(claimsFromUrl(claimsUrl('https://verify.example', jws)), { host: 'verify.example', jws });
  assert.deepEqual(claimsFromUrl(claimsUrl('http://localhost:8080', jws)), { host: 'localhost:8080', jws });
});

test('what is no URL of ours is null, not an error', () => {
  const jws = 'a.b.c';
  for (const text of [
    '',
    jws,
    `https://h/v#`,
    `https://h/v#a.b`,
    `https://h/v#a.b.c.d`,
    `https://h/v#a.b.c?`,
    `https://h/v?x#${jws}`,
    `https://h/w#${jws}`,
    `https://h/x/v#${jws}`,
    `https://verify.example@evil.example/v#${jws}`,
    `javascript://h/v#${jws}`,
    ` https://h/v#${jws}`,
    `https://h/v#${jws}\n`,
    `https://h/v#${'a'.repeat(800)}.b.c`,
  ]) {
    assert.equal(claimsFromUrl(text), null, text);
  }
});

test('a URL of exactly the largest size is read', () => {
  const portal = 'https://p.example';
  const jws = `a.b.${'c'.repeat(CLAIMS_URL_MAX_BYTES - `${portal}/v#a.b.`.length)}`;
  assert.deepEqual(claimsFromUrl(claimsUrl(portal, jws)), { host: 'p.example', jws });
});

test('a label gives back host and document id', () => {
  const printed = formatDocumentId(REPORT.jti);
  const url = labelUrl('https://verify.example', printed);
  assert.deepEqual(documentIdFromUrl(url), { host: 'verify.example', documentId: printed });
  for (const text of [
    '',
    'https://h/d/',
    `https://h/d/${printed}/x`,
    `https://a@h/d/${printed}`,
    `https://h/v#${printed}`,
  ]) {
    assert.equal(documentIdFromUrl(text), null, text);
  }
});
