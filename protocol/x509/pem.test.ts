import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodePem } from './pem.js';

function pem(bytes: Uint8Array, newline = '\n'): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join(newline);
}

test('gives back the bytes of a block that another encoder wrote, with either kind of line end', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.constantFrom('\n', '\r\n'),
      (bytes, newline) => {
        assert.deepEqual(decodePem(pem(bytes, newline), 'CERTIFICATE'), bytes);
      },
    ),
  );
});

const good = pem(Uint8Array.of(1, 2, 3, 4));
const notOneBlock: readonly (readonly [string, string])[] = [
  ['another label', good.replaceAll('CERTIFICATE', 'X509 CRL')],
  ['labels that differ', good.replace('END CERTIFICATE', 'END X509 CRL')],
  ['text before it', `Subject: x\n${good}`],
  ['a second block', good + good],
  ['base64url symbols', good.replace('AQID', 'A_-D')],
  ['missing padding', good.replace('==', '')],
  ['padding inside', good.replace('AQID', 'AQ==')],
  ['a header inside', good.replace('AQID', 'Proc-Type: 4,ENCRYPTED\n\nAQID')],
];

for (const [what, text] of notOneBlock) {
  test(`refuses ${what}`, () => assert.throws(() => decodePem(text, 'CERTIFICATE'), { code: 'PEM' }));
}

test('refuses stray bits after the last byte', () => {
  assert.throws(() => decodePem(good.replace('BA==', 'BB=='), 'CERTIFICATE'), { code: 'BASE64URL' });
});
