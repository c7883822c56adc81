import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isLowS, kidOf, publicKeyFromJwk } from '@spondon/protocol/crypto';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { createVault } from './seal.js';
import { loadSigningKey, newSigningKey } from './signing-key.js';

const vault = createVault(randomBytes(32), randomBytes);
const ISS = 'bd.dghs.10012345';

test('a key signs ES256 with low S that its public half verifies', async () => {
  const { key } = newSigningKey(vault, ISS);
  const publicKey = publicKeyFromJwk(key.jwk);
  assert.equal(key.kid, kidOf(key.jwk, sha256));
  for (let i = 0; i < 50; i++) {
    const data = randomBytes(i);
    const signature = await key.sign(data);
    assert.equal(isLowS(signature), true);
    assert.equal(await verify(publicKey, signature, data), true);
  }
});

test('a stored key is the same key again', async () => {
  const { key, sealed } = newSigningKey(vault, ISS);
  const loaded = loadSigningKey(sealed, vault, ISS);
  assert.deepEqual([loaded.kid, loaded.jwk], [key.kid, key.jwk]);
  const data = Buffer.from('statement');
  assert.equal(await verify(publicKeyFromJwk(key.jwk), await loaded.sign(data), data), true);
});

test('a stored key opens for its issuer only, and under its master key only', () => {
  const { sealed } = newSigningKey(vault, ISS);
  assert.throws(() => loadSigningKey(sealed, vault, 'bd.dghs.10012346'), { code: 'KEY_DAMAGED' });
  const other = createVault(randomBytes(32), randomBytes);
  assert.throws(() => loadSigningKey(sealed, other, ISS), { code: 'MASTER_KEY_WRONG' });
});

test('what is sealed is not the key in the clear, and what is loaded must be a P-256 key', () => {
  const { sealed } = newSigningKey(vault, ISS);
  const pkcs8 = vault.open(sealed, `signing-key/${ISS}`);
  assert.equal(Buffer.from(sealed).includes(Buffer.from(pkcs8.subarray(-32))), false);
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({
    type: 'pkcs8',
    format: 'der',
  });
  for (const wrong of [p384, Buffer.from('not a key'), Buffer.alloc(0)])
    assert.throws(() => loadSigningKey(vault.seal(wrong, `signing-key/${ISS}`), vault, ISS), {
      code: 'KEY_DAMAGED',
    });
});
