import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createVault, SEAL_OVERHEAD } from './seal.js';

const vault = createVault(randomBytes(32), randomBytes);
const bytes = fc.uint8Array({ maxLength: 300 });

test('what was sealed opens again, and shows nothing but its length', () => {
  fc.assert(
    fc.property(bytes, fc.string(), (plaintext, context) => {
      const sealed = vault.seal(plaintext, context);
      assert.equal(sealed.length, plaintext.length + SEAL_OVERHEAD);
      assert.deepEqual(Uint8Array.from(vault.open(sealed, context)), plaintext);
    }),
  );
});

test('the same value is never sealed to the same bytes', () => {
  assert.notDeepEqual(vault.seal(Uint8Array.of(1), 'a'), vault.seal(Uint8Array.of(1), 'a'));
});

test('a value sealed for one context does not open in another', () => {
  fc.assert(
    fc.property(bytes, fc.string(), fc.string(), (plaintext, context, other) => {
      fc.pre(Buffer.compare(Buffer.from(context), Buffer.from(other)) !== 0);
      assert.throws(() => vault.open(vault.seal(plaintext, context), other), { code: 'KEY_DAMAGED' });
    }),
  );
});

test('every single changed bit, every cut and every addition is found', () => {
  const sealed = vault.seal(Buffer.from('a key'), 'context');
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Uint8Array.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => vault.open(changed, 'context'), { name: 'ServiceError', code: 'KEY_DAMAGED' });
  }
  for (let length = 0; length < sealed.length; length++)
    assert.throws(() => vault.open(sealed.subarray(0, length), 'context'), { code: 'KEY_DAMAGED' });
  assert.throws(() => vault.open(Buffer.concat([sealed, Uint8Array.of(0)]), 'context'), {
    code: 'KEY_DAMAGED',
  });
});

test('arbitrary bytes never open', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      assert.throws(() => vault.open(noise, ''), { code: 'KEY_DAMAGED' });
    }),
  );
});

test('another master key is told from damage', () => {
  const sealed = vault.seal(Buffer.from('a key'), 'context');
  const other = createVault(randomBytes(32), randomBytes);
  assert.throws(() => other.open(sealed, 'context'), { name: 'ServiceError', code: 'MASTER_KEY_WRONG' });
});

test('the format does not change: a value sealed by version 1 opens', () => {
  const fixed = createVault(new Uint8Array(32).fill(7), (length) => new Uint8Array(length).fill(9));
  const sealed =
    '019b9cb675d97fbc0c09090909090909090909090931e7db80162e28a55da4205a5fcb3f03a95badbb9fecc434ac9b13';
  assert.equal(Buffer.from(fixed.seal(Buffer.from('spondon'), 'test/1')).toString('hex'), sealed);
  assert.equal(Buffer.from(fixed.open(Buffer.from(sealed, 'hex'), 'test/1')).toString(), 'spondon');
});
