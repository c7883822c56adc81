import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { CompactEncrypt, decodeProtectedHeader } from 'jose';
import { newDocumentKey } from './document-key.js';
import { loadWrappingKey, newWrappingKey, unwrapDocumentKey, wrapDocumentKey } from './document-wrap.js';
import { createVault } from './seal.js';

const vault = createVault(randomBytes(32), randomBytes);
const holder = 'facility/bd.dghs.10012345';
const of = { documentId: '7K3MQ2XD9FHTW4ZB8', holder };
const damaged = { name: 'ServiceError', code: 'KEY_DAMAGED' };

test('a wrapped key opens for the document and holder that it names', async () => {
  const { identity } = newDocumentKey();
  const { key } = newWrappingKey(vault, holder, randomBytes);
  const jwe = await wrapDocumentKey(identity, key, of);
  assert.equal(await unwrapDocumentKey(jwe, key, of), identity);
  assert.deepEqual(decodeProtectedHeader(jwe), {
    alg: 'A256KW',
    enc: 'A256GCM',
    typ: 'spondon-document-key+jwe',
    ...of,
  });
});

test('it does not open elsewhere: not for another document, another holder or under another key', async () => {
  const { identity } = newDocumentKey();
  const { key } = newWrappingKey(vault, holder, randomBytes);
  const jwe = await wrapDocumentKey(identity, key, of);
  await assert.rejects(unwrapDocumentKey(jwe, key, { ...of, documentId: '0000000000000000A' }), damaged);
  await assert.rejects(unwrapDocumentKey(jwe, key, { ...of, holder: 'facility/bd.dghs.1' }), damaged);
  await assert.rejects(unwrapDocumentKey(jwe, newWrappingKey(vault, holder, randomBytes).key, of), damaged);
});

test('any changed character of a wrap is refused', async () => {
  const { identity } = newDocumentKey();
  const { key } = newWrappingKey(vault, holder, randomBytes);
  const jwe = await wrapDocumentKey(identity, key, of);
  for (let i = 0; i < jwe.length; i++) {
    // Two symbols apart, so that the spare bits of a part's last symbol are not all that changes.
    const changed = jwe[i] === 'w' ? 'A' : 'w';
    await assert.rejects(unwrapDocumentKey(jwe.slice(0, i) + changed + jwe.slice(i + 1), key, of), damaged);
  }
  for (const text of ['', 'a.b.c.d.e', jwe.slice(0, -1)])
    await assert.rejects(unwrapDocumentKey(text, key, of), damaged);
});

test('other algorithms and other contents are refused under the right key', async () => {
  const { key } = newWrappingKey(vault, holder, randomBytes);
  const typ = 'spondon-document-key+jwe';
  const wrap = (content: string, header: { alg: string; enc: string; typ: string }) =>
    new CompactEncrypt(Buffer.from(content)).setProtectedHeader({ ...header, ...of }).encrypt(key);
  const { identity } = newDocumentKey();
  for (const jwe of [
    await wrap(identity, { alg: 'dir', enc: 'A256GCM', typ }),
    await wrap(identity, { alg: 'A256GCMKW', enc: 'A256GCM', typ }),
    await wrap(identity, { alg: 'A256KW', enc: 'A128GCM', typ }),
    await wrap(identity, { alg: 'A256KW', enc: 'A256GCM', typ: 'JWT' }),
    await wrap('not an identity', { alg: 'A256KW', enc: 'A256GCM', typ }),
  ])
    await assert.rejects(unwrapDocumentKey(jwe, key, of), damaged);
});

test('a wrapping key is stored sealed, and loads for its holder only', () => {
  const { key, sealed } = newWrappingKey(vault, holder, randomBytes);
  assert.deepEqual(loadWrappingKey(sealed, vault, holder), Buffer.from(key));
  assert.equal(Buffer.from(sealed).includes(Buffer.from(key)), false);
  assert.throws(() => loadWrappingKey(sealed, vault, 'facility/bd.dghs.1'), { code: 'KEY_DAMAGED' });
});
