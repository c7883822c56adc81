import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '../error.js';
import { decryptDocument, encryptDocument, newDocumentKey } from './document-key.js';

const KIB64 = 65_536;

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += length) yield await Promise.resolve(bytes.subarray(i, i + length));
}

async function decrypted(ciphertext: AsyncIterable<Uint8Array>, identity: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of decryptDocument(ciphertext, identity)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('what was encrypted decrypts as a stream, whatever the sizes', async () => {
  const { identity, recipient } = newDocumentKey();
  for (const size of [0, 1, KIB64 - 1, KIB64, KIB64 + 1, 3 * KIB64]) {
    const plaintext = randomBytes(size);
    const ciphertext = encryptDocument(plaintext, recipient);
    assert.ok(plaintext.equals(await decrypted(inPieces(ciphertext, 10_007), identity)));
  }
});

test('any changed, cut or lengthened ciphertext is refused', async () => {
  const { identity, recipient } = newDocumentKey();
  const ciphertext = encryptDocument(randomBytes(KIB64 + 100), recipient);
  const damaged = { name: 'ServiceError', code: 'BLOB_DAMAGED' };
  await fc.assert(
    fc.asyncProperty(fc.nat(ciphertext.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = Uint8Array.from(ciphertext);
      changed[at] = (changed[at] ?? 0) ^ change;
      await assert.rejects(decrypted(inPieces(changed, KIB64), identity), damaged);
      await assert.rejects(decrypted(inPieces(ciphertext.subarray(0, at), KIB64), identity), damaged);
    }),
    { numRuns: 50 },
  );
  const longer = Buffer.concat([ciphertext, Uint8Array.of(0)]);
  await assert.rejects(decrypted(inPieces(longer, KIB64), identity), damaged);
});

test('another document’s key does not open it, and the error names no key', async () => {
  const [first, second] = [newDocumentKey(), newDocumentKey()];
  const ciphertext = encryptDocument(randomBytes(10), first.recipient);
  for (const identity of [second.identity, `${first.identity.slice(0, -1)}!`]) {
    const error: unknown = await decrypted(inPieces(ciphertext, 100), identity).catch(
      (reason: unknown) => reason,
    );
    assert.ok(error instanceof ServiceError && error.code === 'BLOB_DAMAGED');
    assert.doesNotMatch(`${error.message}${error.stack}${String(error.cause)}`, /AGE-SECRET/);
  }
});

test('an error of the store comes through as it is', async () => {
  const { identity, recipient } = newDocumentKey();
  const ciphertext = encryptDocument(randomBytes(2 * KIB64), recipient);
  const broken = async function* () {
    yield* inPieces(ciphertext.subarray(0, KIB64 + 1000), KIB64);
    throw new ServiceError('BLOB_MISSING', 'A part is gone.');
  };
  await assert.rejects(decrypted(broken(), identity), { code: 'BLOB_MISSING' });
});

test('every document has a key of its own, and every encryption its own bytes', () => {
  const [first, second] = [newDocumentKey(), newDocumentKey()];
  assert.notEqual(first.identity, second.identity);
  const [a, b] = [
    encryptDocument(randomBytes(1), first.recipient),
    encryptDocument(randomBytes(1), first.recipient),
  ];
  assert.notDeepEqual(a, b);
});

const age = spawnSync('age', ['--version']).status === 0;

test('the standard age tool opens the file with the identity', { skip: !age }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spondon-age-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { identity, recipient } = newDocumentKey();
  const plaintext = randomBytes(200_000);
  writeFileSync(join(folder, 'key'), `${identity}\n`);
  const input = encryptDocument(plaintext, recipient);
  const opened = spawnSync('age', ['-d', '-i', join(folder, 'key')], { input, maxBuffer: 1e6 });
  assert.equal(opened.stderr.toString(), '');
  assert.ok(plaintext.equals(opened.stdout));
});
