import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { utf8 } from '@spondon/protocol/bytes';
import { publicKeyFromJwk, type Verify } from '@spondon/protocol/crypto';
import { generatePrivateKey, publicJwkOf, sha256, signWith, verify } from '@spondon/protocol/crypto-node';
import { failFiles } from '@spondon/ledger/failing-files.test-support';
import { scratchFolders } from '../deployment/deployment.test-support.js';
import { KnownSignatures, verifyOnce } from './known-signatures.js';

const folder = await scratchFolders()();
let files = 0;
const newPath = (): string => join(folder, String((files += 1)));
const digest = (number: number): Uint8Array => sha256(utf8(String(number)));
const digests = (count: number): Uint8Array[] => Array.from({ length: count }, (_, number) => digest(number));

const privateKey = generatePrivateKey('P-256');
const publicKey = publicKeyFromJwk(publicJwkOf(privateKey));
const data = utf8('a statement');

function counting(): { readonly verify: Verify; readonly times: () => number } {
  let times = 0;
  return {
    verify: (...asked) => {
      times += 1;
      return verify(...asked);
    },
    times: () => times,
  };
}

void test('a good signature is verified once, also after a restart; a bad one each time', async () => {
  const path = newPath();
  const known = await KnownSignatures.open(path);
  const signature = await signWith(privateKey)(data);
  const first = counting();
  const once = verifyOnce(first.verify, known, sha256);
  assert.equal(await once(publicKey, signature, data), true);
  assert.equal(await once(publicKey, signature, data), true);
  assert.equal(first.times(), 1);
  assert.equal(await once(publicKey, signature, utf8('another statement')), false);
  assert.equal(await once(publicKey, signature, utf8('another statement')), false);
  assert.equal(first.times(), 3);
  await known.save();

  const second = counting();
  const again = verifyOnce(second.verify, await KnownSignatures.open(path), sha256);
  assert.equal(await again(publicKey, signature, data), true);
  assert.equal(second.times(), 0);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

void test('bytes that move from one part to the next are another question', async () => {
  const known = await KnownSignatures.open(newPath());
  const signature = await signWith(privateKey)(data);
  const once = verifyOnce(verify, known, sha256);
  assert.equal(await once(publicKey, signature, data), true);
  const all = Buffer.concat([publicKey, signature, data]);
  assert.equal(await once(all.subarray(0, 65), all.subarray(65, 130), all.subarray(130)), false);
  assert.equal(await once(all.subarray(0, 64), all.subarray(64, 128), all.subarray(128)), false);
});

void test('whatever happens to the file, a signature that was never verified is not known', async () => {
  const path = newPath();
  const known = await KnownSignatures.open(path);
  for (const one of digests(100)) known.add(one);
  await known.save();
  const whole = await readFile(path);
  const strangers = digests(2000).slice(1000);
  for (const damaged of [
    whole.subarray(0, whole.length - 1),
    whole.subarray(0, whole.length / 2),
    Buffer.concat([whole, whole, whole]),
    Buffer.from(whole).fill(0xff),
    Buffer.from(whole).reverse(),
    Buffer.from('{}'),
  ]) {
    await writeFile(path, damaged);
    const opened = await KnownSignatures.open(path);
    assert.ok(strangers.every((one) => !opened.has(one)));
    opened.add(digest(1));
    assert.ok(opened.has(digest(1)));
  }
  // Each flipped byte costs one digest at most.
  const flipped = Buffer.from(whole).map((byte, at) => (at % 4096 === 7 ? byte ^ 1 : byte));
  await writeFile(path, flipped);
  const opened = await KnownSignatures.open(path);
  const lost = digests(100).filter((one) => !opened.has(one)).length;
  assert.ok(lost <= whole.length / 4096, String(lost));
});

void test('it grows with what is known and forgets next to nothing before it is full', async () => {
  const path = newPath();
  const known = await KnownSignatures.open(path);
  const all = digests(100_000);
  for (const one of all) known.add(one);
  await known.save();
  const opened = await KnownSignatures.open(path);
  for (const one of digests(100)) opened.add(one);
  const forgotten = all.filter((one) => !opened.has(one)).length;
  assert.ok(forgotten < all.length / 50, String(forgotten));
  assert.ok((await stat(path)).size < 100 * all.length);
});

void test('nothing is written when nothing is new', async () => {
  const path = newPath();
  await (await KnownSignatures.open(path)).save();
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

void test('what could not be saved is saved the next time', async (t) => {
  const path = newPath();
  const known = await KnownSignatures.open(path);
  known.add(digest(1));
  let full = true;
  failFiles(t, () => (full ? 'half' : null));
  await assert.rejects(known.save(), { code: 'ENOSPC' });
  full = false;
  await known.save();
  assert.ok((await KnownSignatures.open(path)).has(digest(1)));
});
