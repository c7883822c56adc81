import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from './canonical.js';
import { publicKeyFromJwk } from './crypto.js';
import { generatePrivateKey, publicJwkOf, signWith, verify } from './crypto-node.js';
import { signJws } from './jws.js';
import {
  isIssuerId,
  parseStatement,
  signStatement,
  type Statement,
  statementJson,
  verifyStatement,
} from './statement.js';
import { formats } from './vectors/formats.js';
import { RFC6979_KEY } from './vectors/rfc6979-key.js';
import { statements } from './vectors/arbitrary-statement.js';

const sign = signWith(createPrivateKey({ key: RFC6979_KEY, format: 'jwk' }));
const publicKey = publicKeyFromJwk(formats.jwk);
const refused = { name: 'ProtocolError', code: 'STATEMENT' };

const sample = (op: 'issue' | 'revoke'): Statement =>
  formats.statements.find(({ statement }) => statement.op === op)?.statement ?? assert.fail();
const ISSUE = { ...sample('issue') };
const REVOKE = { ...sample('revoke') };

/** Parses a JWS whose payload is anything, really signed. */
async function parsePayload(payload: unknown): Promise<unknown> {
  return parseStatement(await signJws('spondon-statement+jwt', 'k1', payload, sign));
}

test('the fixed vectors read and verify', async () => {
  for (const { text, kid, statement } of formats.statements) {
    const signed = parseStatement(text);
    assert.deepEqual(signed.statement, statement);
    assert.equal(signed.kid, kid);
    assert.equal(await verifyStatement(signed, publicKey, verify), true);
  }
});

test('a signed statement is read back and verifies with its key alone', async () => {
  const other = publicKeyFromJwk(publicJwkOf(generatePrivateKey('P-256')));
  await fc.assert(
    fc.asyncProperty(statements, async (statement) => {
      const text = await signStatement(statement, 'k1', sign);
      const signed = parseStatement(text);
      assert.equal(signed.text, text);
      assert.deepEqual(signed.statement, statement);
      assert.equal(await verifyStatement(signed, publicKey, verify), true);
      assert.equal(await verifyStatement(signed, other, verify), false);
    }),
    { numRuns: 50 },
  );
});

test('the fast JSON of a statement is its canonical JSON', () => {
  fc.assert(
    fc.property(statements, (statement) => assert.equal(statementJson(statement), canonicalJson(statement))),
  );
});

test('an unknown member is refused, and a missing one', async () => {
  for (const statement of [ISSUE, REVOKE]) {
    await assert.rejects(parsePayload({ ...statement, nonce: 'x' }), refused);
    await assert.rejects(parsePayload({ ...statement, name: 'Ayesha Rahman' }), refused);
    for (const member of Object.keys(statement).filter((name) => name !== 'exp')) {
      const rest = Object.fromEntries(Object.entries(statement).filter(([name]) => name !== member));
      await assert.rejects(parsePayload(rest), refused, member);
    }
  }
});

test('members of the other operation are refused', async () => {
  await assert.rejects(parsePayload({ ...ISSUE, reason: 'error' }), refused);
  await assert.rejects(parsePayload({ ...ISSUE, by: ISSUE.jti }), refused);
  await assert.rejects(parsePayload({ ...REVOKE, kind: 'report' }), refused);
  await assert.rejects(parsePayload({ ...REVOKE, exp: REVOKE.iat + 1 }), refused);
  await assert.rejects(parsePayload({ ...ISSUE, op: 'revoke' }), refused);
  await assert.rejects(parsePayload({ ...REVOKE, op: 'issue' }), refused);
});

test('a replacement is named exactly with the reason superseded', async () => {
  const by = formats.documentIds[0]?.id;
  for (const reason of ['error', 'fraud', 'withdrawn']) {
    await assert.rejects(parsePayload({ ...REVOKE, reason, by }), refused, reason);
  }
  await assert.rejects(parsePayload({ ...REVOKE, reason: 'superseded' }), refused);
  await assert.rejects(parsePayload({ ...REVOKE, reason: 'superseded', by: REVOKE.jti }), refused);
  await assert.rejects(parsePayload({ ...REVOKE, reason: 'superseded', by: 'x' }), refused);
  await assert.doesNotReject(parsePayload({ ...REVOKE, reason: 'superseded', by }));
});

test('a value of the wrong form is refused', async () => {
  const wrong: Record<string, readonly unknown[]> = {
    op: ['ISSUE', 'anchor', '', null, 1],
    iss: [
      'BD.dghs.1',
      'dghs',
      'bd..1',
      '.bd.1',
      'bd.',
      'bd.dghs/1',
      `bd.${'x'.repeat(62)}`,
      'a.b.c.d.e.f.g.h.i',
      1,
    ],
    iat: [-1, 0.5, '1760000000', 1760000000000, 9007199254740992, null],
    jti: ['7K3M-Q2XD-9FHT-W4ZB-8', ISSUE.jti.toLowerCase(), `${ISSUE.jti}0`, ISSUE.jti.slice(1), '', 7],
    kind: ['invoice', 'Report', '', null],
    sha256: ['', 'A'.repeat(42), 'A'.repeat(44), 5],
    claims: ['', 'A'.repeat(42), 'A'.repeat(44), 'A'.repeat(43).split(''), null],
    exp: [ISSUE.iat, ISSUE.iat - 1, 0, 253402300800, '1798675200', null, 1798675200.5],
  };
  for (const [member, values] of Object.entries(wrong)) {
    for (const value of values) {
      await assert.rejects(
        parsePayload({ ...ISSUE, [member]: value }),
        refused,
        `${member} ${String(value)}`,
      );
    }
  }
  for (const member of ['iss', 'iat', 'jti']) {
    for (const value of wrong[member] ?? []) {
      await assert.rejects(
        parsePayload({ ...REVOKE, [member]: value }),
        refused,
        `${member} ${String(value)}`,
      );
    }
  }
  for (const reason of ['superceded', '', 1, null])
    await assert.rejects(parsePayload({ ...REVOKE, reason }), refused);
  for (const sha256 of [`${'A'.repeat(42)}B`, 'é'.repeat(43), `${'A'.repeat(42)}=`]) {
    await assert.rejects(parsePayload({ ...ISSUE, sha256 }), { name: 'ProtocolError', code: 'BASE64URL' });
  }
});

test('a payload that is no object is refused', async () => {
  for (const payload of [null, 'issue', 1, [], [ISSUE], true])
    await assert.rejects(parsePayload(payload), refused);
});

test('nothing is signed that could not be read', async () => {
  for (const statement of [
    { ...ISSUE, exp: ISSUE.iat },
    { ...ISSUE, iss: 'x' },
    { ...ISSUE, name: 'Ayesha' },
    { ...REVOKE, reason: 'superseded' },
  ]) {
    await assert.rejects(signStatement(statement as Statement, 'k1', sign), refused);
  }
});

test('claims of a document are no statement about it', () => {
  for (const { text } of formats.claims) {
    assert.throws(() => parseStatement(text), { name: 'ProtocolError', code: 'JWS' });
  }
});

test('more than 2 KiB are refused', () => {
  assert.throws(() => parseStatement('A'.repeat(2049)), { name: 'ProtocolError', code: 'TOO_LARGE' });
});

test('an issuer id has 2 to 8 parts and at most 64 characters', () => {
  for (const iss of ['bd.dghs.10012345', 'a.b', 'a.b.c.d.e.f.g.h', `bd.${'x'.repeat(61)}`])
    assert.ok(isIssuerId(iss), iss);
  for (const iss of ['bd', 'a.b.c.d.e.f.g.h.i', `bd.${'x'.repeat(62)}`, 'bd.dghs.1\n'])
    assert.ok(!isIssuerId(iss), iss);
});
