import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { claimsInPlainSight } from './xmp.js';

const JWS = 'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJiZC5kZ2hzLjEifQ.c2lnbmF0dXJl';
const described = (jws: string): string =>
  `<rdf:Description xmlns:spondon="urn:spondon:stamp:1#">\n<spondon:claims>${jws}</spondon:claims>`;

test('claims are found between any bytes, the last of them', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array(), (before, between, after) => {
      const bytes = Buffer.concat([
        before,
        Buffer.from(described('first.of.two')),
        between,
        Buffer.from(described(JWS)),
        after,
      ]);
      assert.equal(claimsInPlainSight(bytes), JWS);
    }),
  );
});

test('bytes without claims have none', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(claimsInPlainSight(bytes), null)));
  for (const text of [
    'urn:spondon:stamp:1#',
    'urn:spondon:stamp:1',
    'u',
    'uuuuuuuuuuuuuuuuuuuuuuuuuu',
    described('no jws'),
    described(`${JWS}${'x'.repeat(4_096)}`),
    described(JWS).replace('stamp:1', 'stamp:2'),
  ])
    assert.equal(claimsInPlainSight(Buffer.from(text)), null);
});
