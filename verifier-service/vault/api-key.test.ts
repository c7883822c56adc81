import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSameApiKey, newApiKey, parseApiKey } from './api-key.js';

const randomOf = (bytes: Uint8Array) => {
  let at = 0;
  return (length: number) => bytes.subarray(at, (at += length));
};
const anyKey = fc.uint8Array({ minLength: 40, maxLength: 40 }).map((bytes) => newApiKey(randomOf(bytes)));

test('every new key parses to its own id and digest, and matches nothing else', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (key, other) => {
      const parsed = parseApiKey(key.text);
      assert.ok(parsed);
      assert.equal(parsed.id, key.id);
      assert.equal(isSameApiKey(parsed.digest, key.digest), true);
      assert.equal(isSameApiKey(parsed.digest, other.digest), key.text === other.text);
    }),
  );
});

test('a key has the announced form and 256 bits that the stored half does not show', () => {
  const key = newApiKey(randomBytes);
  assert.match(key.text, /^spk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$/);
  assert.equal(key.text.split('_')[1], key.id);
  assert.equal(key.digest.length, 32);
});

test('any single changed character gives no key or another digest', () => {
  const key = newApiKey(randomBytes);
  for (let i = 0; i < key.text.length; i++)
    for (const character of ['A', 'a', '0', '_', ' ']) {
      if (key.text[i] === character) continue;
      const parsed = parseApiKey(key.text.slice(0, i) + character + key.text.slice(i + 1));
      assert.ok(!parsed || !isSameApiKey(parsed.digest, key.digest));
    }
});

test('text of any other form is no key', () => {
  const { text } = newApiKey(randomBytes);
  for (const other of [
    '',
    'spk__',
    ` ${text}`,
    `${text} `,
    `${text}\n`,
    text.toUpperCase(),
    `${text}A`,
    text.slice(4),
  ])
    assert.equal(parseApiKey(other), undefined);
  fc.assert(fc.property(fc.string(), (noise) => parseApiKey(noise) === undefined));
});

test('a digest of another length is not the same', () => {
  const { digest } = newApiKey(randomBytes);
  assert.equal(isSameApiKey(digest, digest.subarray(1)), false);
  assert.equal(isSameApiKey(digest, new Uint8Array()), false);
});
