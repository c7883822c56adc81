import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64url } from './base64url.js';
import { concatBytes, fromHex, toHex, utf8 } from './bytes.js';
import {
  isLowS,
  jwkFromPublicKey,
  kidOf,
  publicKeyFromJwk,
  signatureFromDer,
  signatureToDer,
  toLowS,
} from './crypto.js';
import {
  ed25519PublicKeyOf,
  generatePrivateKey,
  publicJwkOf,
  sha256,
  signEd25519With,
  signWith,
  verify,
  verifyEd25519,
} from './crypto-node.js';
import { formats } from './vectors/formats.js';
import { RFC6979_KEY, RFC6979_SAMPLE } from './vectors/rfc6979-key.js';

const privateKey = createPrivateKey({ key: RFC6979_KEY, format: 'jwk' });
const { kty, crv, x, y } = RFC6979_KEY;
const publicKey = publicKeyFromJwk({ kty, crv, x, y });
const sample = concatBytes(fromHex(RFC6979_SAMPLE.r), fromHex(RFC6979_SAMPLE.s));
const message = utf8(RFC6979_SAMPLE.message);
const malformed = { name: 'ProtocolError', code: 'SIGNATURE_FORMAT' };

test('SHA-256 of FIPS 180-4 and of anything else as Node has it', () => {
  assert.equal(
    toHex(sha256(utf8('abc'))),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('the signature of RFC 6979 A.2.5 verifies, with high S and with low', async () => {
  assert.equal(isLowS(sample), false);
  assert.equal(isLowS(toLowS(sample)), true);
  assert.equal(await verify(publicKey, sample, message), true);
  assert.equal(await verify(publicKey, toLowS(sample), message), true);
  assert.deepEqual(toLowS(toLowS(sample)), toLowS(sample));
});

test('low S ends at half the order, inclusive', () => {
  const half = fromHex('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8');
  const above = half.slice();
  above[31] = 0xa9;
  assert.equal(isLowS(concatBytes(new Uint8Array(32), half)), true);
  assert.equal(isLowS(concatBytes(new Uint8Array(32), above)), false);
});

test('a signature of another length or with s beyond the order cannot be lowered', () => {
  assert.throws(() => toLowS(new Uint8Array(63)), malformed);
  assert.throws(() => toLowS(new Uint8Array(64).fill(255)), malformed);
  const order = fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  assert.throws(() => toLowS(concatBytes(new Uint8Array(32), order)), malformed);
  assert.equal(isLowS(new Uint8Array(63)), false);
});

test('verify answers false, and never rejects, for anything wrong', async () => {
  const good = toLowS(sample);
  const flipped = good.slice();
  flipped[5] = (flipped[5] ?? 0) ^ 1;
  const offCurve = publicKey.slice();
  offCurve[64] = (offCurve[64] ?? 0) ^ 1;
  const compressed = concatBytes(Uint8Array.of(3), publicKey.subarray(1, 33));
  const der = sign('sha256', message, privateKey);
  assert.equal(await verify(publicKey, flipped, message), false);
  assert.equal(await verify(publicKey, good, utf8('samplf')), false);
  assert.equal(await verify(publicKey, new Uint8Array(64), message), false);
  assert.equal(await verify(publicKey, new Uint8Array(64).fill(255), message), false);
  assert.equal(await verify(publicKey, new Uint8Array(0), message), false);
  assert.equal(await verify(publicKey, der, message), false);
  assert.equal(await verify(offCurve, good, message), false);
  assert.equal(await verify(compressed, good, message), false);
  assert.equal(await verify(new Uint8Array(65), good, message), false);
  assert.equal(await verify(new Uint8Array(0), good, message), false);
});

test('what signWith signs verifies, has low S, and differs for other data', async () => {
  const signer = signWith(privateKey);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (data) => {
      const signature = await signer(data);
      assert.equal(signature.length, 64);
      assert.ok(isLowS(signature));
      assert.ok(await verify(publicKey, signature, data));
      assert.equal(await verify(publicKey, signature, concatBytes(data, Uint8Array.of(0))), false);
    }),
    { numRuns: 50 },
  );
});

test('more keys than are remembered still verify', async () => {
  const data = utf8('x');
  for (let i = 0; i < 600; i++) {
    const key = generatePrivateKey('P-256');
    const point = publicKeyFromJwk(publicJwkOf(key));
    assert.ok(await verify(point, await signWith(key)(data), data));
  }
  assert.ok(await verify(publicKey, sample, message));
});

test('DER signatures of OpenSSL read as r and s', async () => {
  for (let i = 0; i < 200; i++) {
    const data = Uint8Array.of(i);
    const signature = signatureFromDer(new Uint8Array(sign('sha256', data, privateKey)));
    assert.ok(await verify(publicKey, signature, data));
  }
});

test('DER with small and with padded integers', () => {
  const one = fromHex('3006020101020101');
  assert.equal(toHex(signatureFromDer(one)), `${'00'.repeat(31)}01${'00'.repeat(31)}01`);
  const zero = fromHex('3006020100020101');
  assert.equal(toHex(signatureFromDer(zero)), `${'00'.repeat(63)}01`);
  const padded = fromHex('3008020200ff02020080');
  assert.equal(toHex(signatureFromDer(padded)), `${'00'.repeat(31)}ff${'00'.repeat(31)}80`);
});

test('r and s are written in the DER that OpenSSL writes and that reads as them', () => {
  for (let i = 0; i < 200; i++) {
    const der = new Uint8Array(sign('sha256', Uint8Array.of(i), privateKey));
    assert.deepEqual(signatureToDer(signatureFromDer(der)), der);
  }
  // Of any length from zero to 32 bytes, which signatures hardly ever have.
  const integer = fc.uint8Array({ maxLength: 32 }).map((digits) => {
    const padded = new Uint8Array(32);
    padded.set(digits, 32 - digits.length);
    return padded;
  });
  fc.assert(
    fc.property(integer, integer, (r, s) => {
      const signature = concatBytes(r, s);
      assert.deepEqual(signatureFromDer(signatureToDer(signature)), signature);
    }),
  );
  assert.throws(() => signatureToDer(new Uint8Array(63)), malformed);
});

test('DER in any other spelling is refused', () => {
  const wrong = {
    empty: '',
    'another tag': '3106020101020101',
    'a long-form length': '308106020101020101',
    'a byte after the sequence': '300602010102010100',
    'a byte inside, after s': '300702010102010100',
    'a length too long': '3007020101020101',
    'a negative r': '3006020181020101',
    'a needlessly padded r': '300702020001020101',
    'an empty r': '30050200020101',
    'an integer of 33 significant bytes': `30260221${'01'.repeat(33)}020101`,
    'one integer only': '3003020101',
    'another tag for s': '3006020101030101',
    'a truncated s': '300602010102',
  };
  for (const [what, hex] of Object.entries(wrong)) {
    assert.throws(() => signatureFromDer(fromHex(hex)), malformed, what);
  }
});

test('DER is refused or is the one spelling of its signature', () => {
  const encode = (signature: Uint8Array): string => {
    const integer = (part: Uint8Array): string => {
      const digits = toHex(part).replace(/^(?:00){1,31}/, '');
      const body = Number.parseInt(digits.slice(0, 2), 16) > 127 ? `00${digits}` : digits;
      return `02${toHex(Uint8Array.of(body.length / 2))}${body}`;
    };
    const body = integer(signature.subarray(0, 32)) + integer(signature.subarray(32));
    return `30${toHex(Uint8Array.of(body.length / 2))}${body}`;
  };
  const good = new Uint8Array(sign('sha256', message, privateKey));
  const change = fc.record({ at: fc.nat(good.length - 1), to: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
      const der = good.slice();
      for (const { at, to } of changes) der[at] = to;
      let signature: Uint8Array;
      try {
        signature = signatureFromDer(der);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'SIGNATURE_FORMAT');
        return;
      }
      assert.equal(encode(signature), toHex(der));
    }),
    { numRuns: 2000 },
  );
});

test('a public JWK becomes its point and back', () => {
  assert.equal(publicKey.length, 65);
  assert.deepEqual(jwkFromPublicKey(publicKey), { kty, crv, x, y });
  for (let i = 0; i < 20; i++) {
    const key = generatePrivateKey('P-256');
    const jwk = publicJwkOf(key);
    assert.deepEqual(jwk, createPublicKey(key).export({ format: 'jwk' }));
    assert.deepEqual(jwkFromPublicKey(publicKeyFromJwk(jwk)), jwk);
  }
});

test('a private key, another curve, another type, an extra member and a point off the curve are refused', () => {
  const refused = { name: 'ProtocolError', code: 'PUBLIC_KEY' };
  const other = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' });
  const infinity = 'A'.repeat(43);
  // x = 0 is on the curve with this y; x = p is the same number spelt otherwise.
  const root = 'ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_Q';
  assert.doesNotThrow(() => publicKeyFromJwk({ kty, crv, x: infinity, y: root }));
  const p = '_____wAAAAEAAAAAAAAAAAAAAAD_______________8';
  for (const jwk of [
    RFC6979_KEY,
    { kty, crv, x, y, use: 'sig' },
    { kty, crv: 'secp256k1', x, y },
    { kty, crv: 'P-256', x: other.x, y: other.y },
    { kty: 'OKP', crv, x, y },
    { kty, crv, x },
    { kty, crv, x, y: x },
    { kty, crv, x: infinity, y: infinity },
    { kty, crv, x: p, y: root },
    { kty, crv, x: x.slice(1), y },
    { kty, crv, x: 1, y },
    null,
    'jwk',
    [],
  ]) {
    assert.throws(() => publicKeyFromJwk(jwk), refused);
  }
  assert.throws(() => publicKeyFromJwk({ kty, crv, x: `${x.slice(0, 42)}Z`, y }), { code: 'BASE64URL' });
  assert.throws(() => jwkFromPublicKey(new Uint8Array(65)), refused);
  assert.throws(() => publicJwkOf(generateKeyPairSync('ed25519').publicKey), refused);
});

test('a key id is the beginning of the RFC 7638 thumbprint', () => {
  assert.equal(formats.jwk.x, x);
  assert.equal(kidOf(formats.jwk, sha256), formats.thumbprint.slice(0, 8));
});

test('Ed25519 of RFC 8032 §7.1, test 2', async () => {
  const seed = '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb';
  const key = createPrivateKey({
    key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'),
    format: 'der',
    type: 'pkcs8',
  });
  const point = ed25519PublicKeyOf(key);
  assert.equal(toHex(point), '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
  assert.deepEqual(ed25519PublicKeyOf(createPublicKey(key)), point);
  const signature = await signEd25519With(key)(Uint8Array.of(0x72));
  assert.equal(
    toHex(signature),
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
      '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  );
  assert.equal(await verifyEd25519(point, signature, Uint8Array.of(0x72)), true);
  assert.equal(await verifyEd25519(point, signature, Uint8Array.of(0x73)), false);
  assert.equal(await verifyEd25519(point.subarray(1), signature, Uint8Array.of(0x72)), false);
  assert.equal(await verifyEd25519(point, signature.subarray(1), Uint8Array.of(0x72)), false);
  assert.equal(toHex(decodeBase64url('cg')), '72');
});
