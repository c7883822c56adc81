import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, toHex, utf8 } from './bytes.js';
import { formatCheckpoint, openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.js';
import { ed25519PublicKeyOf, sha256, signEd25519With, verifyEd25519 } from './crypto-node.js';
import {
  decodeBase64,
  encodeBase64,
  formatNoteKey,
  noteKeyId,
  openNote,
  parseNoteKey,
  signNote,
  type NoteKey,
} from './note.js';

const refused = { name: 'ProtocolError', code: 'CHECKPOINT' };

// The example in the documentation of golang.org/x/mod/sumdb/note.
const GO_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_NOTE = `${GO_TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const pair = generateKeyPairSync('ed25519');
const sign = signEd25519With(pair.privateKey);
const origin = 'portal.example/records/Org1MSP';
const log: NoteKey = { name: origin, publicKey: ed25519PublicKeyOf(pair.publicKey) };
const root = sha256(utf8('root'));

test("the note of Go's documentation opens", async () => {
  const key = parseNoteKey(GO_KEY, sha256);
  const { text, signers } = await openNote(GO_NOTE, [key], verifyEd25519, sha256);
  assert.equal(text, GO_TEXT);
  assert.deepEqual(signers, [key]);
  assert.equal(formatNoteKey(key, sha256), GO_KEY);
});

test('a checkpoint is three lines', () => {
  assert.equal(
    formatCheckpoint({ origin, size: 20_852_163, root: new Uint8Array(32) }),
    `${origin}\n20852163\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n`,
  );
});

test('a signed checkpoint opens with the key of its log alone', async () => {
  const other = ed25519PublicKeyOf(generateKeyPairSync('ed25519').publicKey);
  const sizes = fc.nat(Number.MAX_SAFE_INTEGER);
  await fc.assert(
    fc.asyncProperty(sizes, async (size) => {
      const note = await signCheckpoint({ origin, size, root }, log.publicKey, sign, sha256);
      assert.deepEqual(await openCheckpoint(note, log, verifyEd25519, sha256), { origin, size, root });
      await assert.rejects(
        openCheckpoint(note, { name: origin, publicKey: other }, verifyEd25519, sha256),
        refused,
      );
      await assert.rejects(openCheckpoint(note, { ...log, name: 'x' }, verifyEd25519, sha256), refused);
    }),
    { numRuns: 30 },
  );
});

test('a checkpoint of another log under this key is refused', async () => {
  const note = await signNote(formatCheckpoint({ origin: 'other/log', size: 1, root }), log, sign, sha256);
  await assert.rejects(openCheckpoint(note, log, verifyEd25519, sha256), refused);
});

test('each single-bit change of a signed checkpoint is refused', async () => {
  const note = utf8(await signCheckpoint({ origin, size: 1234, root }, log.publicKey, sign, sha256));
  for (let bit = 0; bit < note.length * 8; bit++) {
    const changed = note.slice();
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const text = Buffer.from(changed).toString('utf8');
    await assert.rejects(
      openCheckpoint(text, log, verifyEd25519, sha256),
      { name: 'ProtocolError', code: /^(?:CHECKPOINT|BASE64URL)$/ },
      `bit ${bit}`,
    );
  }
});

test('signatures by unknown keys are ignored, a wrong one by a known key refuses the note', async () => {
  const text = formatCheckpoint({ origin, size: 1, root });
  const witness = generateKeyPairSync('ed25519');
  const witnessKey: NoteKey = { name: 'witness.example', publicKey: ed25519PublicKeyOf(witness.publicKey) };
  const own = await signNote(text, log, sign, sha256);
  const theirs = await signNote(text, witnessKey, signEd25519With(witness.privateKey), sha256);
  const line = theirs.slice(text.length + 1);
  const opened = await openNote(own + line, [log], verifyEd25519, sha256);
  assert.deepEqual(opened.signers, [log]);
  const both = await openNote(own + line, [witnessKey, log], verifyEd25519, sha256);
  assert.deepEqual(both.signers, [log, witnessKey]);
  const wrong = concatBytes(noteKeyId(witnessKey, sha256), new Uint8Array(64));
  const forged = `${own}— witness.example ${encodeBase64(wrong)}\n`;
  await assert.rejects(openNote(forged, [witnessKey, log], verifyEd25519, sha256), refused);
  await assert.rejects(openNote(own + own.slice(text.length + 1), [log], verifyEd25519, sha256), refused);
  await assert.rejects(openNote(theirs, [log], verifyEd25519, sha256), refused);
});

test('a text with empty lines of its own is signed whole', async () => {
  const text = 'a\n\n— b c\n\nd\n';
  const opened = await openNote(await signNote(text, log, sign, sha256), [log], verifyEd25519, sha256);
  assert.equal(opened.text, text);
});

test('what is no note is refused', async () => {
  const good = await signCheckpoint({ origin, size: 1, root }, log.publicKey, sign, sha256);
  for (const note of [
    '',
    '\n',
    '\n\n',
    good.slice(0, -1),
    `${good}\n`,
    `${good}x`,
    good.replace('\n\n', '\n'),
    good.replace('— ', '- '),
    good.replace('\n', '\r\n'),
    good + '— x AAAA\n',
    good + '— x AAAAAA=\n',
  ]) {
    await assert.rejects(
      openNote(note, [log], verifyEd25519, sha256),
      refused,
      JSON.stringify(note.slice(0, 80)),
    );
  }
  for (const text of ['', 'a', 'a\u0000\n', 'a\r\n', 'a\t\n', '\ud800\n']) {
    await assert.rejects(signNote(text, log, sign, sha256), refused);
  }
});

test('a note longer than 64 KiB or with more than 64 signatures is refused', async () => {
  const long = await signNote(`${'x'.repeat(65_536)}\n`, log, sign, sha256);
  await assert.rejects(openNote(long, [log], verifyEd25519, sha256), refused);
  const good = await signCheckpoint({ origin, size: 1, root }, log.publicKey, sign, sha256);
  const others = (count: number): string => good + '— x AAAAAAA=\n'.repeat(count);
  await assert.doesNotReject(openNote(others(63), [log], verifyEd25519, sha256));
  await assert.rejects(openNote(others(64), [log], verifyEd25519, sha256), refused);
});

test('a key or a signature of another form is not signed with', async () => {
  for (const name of ['', 'a b', 'a+b', 'a\nb']) {
    await assert.rejects(signNote('a\n', { ...log, name }, sign, sha256), refused);
  }
  const publicKey = log.publicKey.subarray(1);
  await assert.rejects(signNote('a\n', { ...log, publicKey }, sign, sha256), refused);
  const short = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array(63));
  await assert.rejects(signNote('a\n', log, short, sha256), refused);
});

test('a checkpoint text in another form is refused; extension lines are not', () => {
  const rootText = encodeBase64(root);
  for (const text of [
    '',
    `${origin}\n1\n${rootText}`,
    `${origin}\n01\n${rootText}\n`,
    `${origin}\n+1\n${rootText}\n`,
    `${origin}\n-1\n${rootText}\n`,
    `${origin}\n1e3\n${rootText}\n`,
    `${origin}\n9007199254740992\n${rootText}\n`,
    `${origin}\n18446744073709551615\n${rootText}\n`,
    `\n1\n${rootText}\n`,
    `a b\n1\n${rootText}\n`,
    `${origin}\n1\n${rootText.slice(0, -1)}\n`,
    `${origin}\n1\n${encodeBase64(root.subarray(1))}\n`,
    `${origin}\n1\n${rootText}\n\n`,
    `${origin}\n1\n${rootText}\n\nx\n`,
  ]) {
    assert.throws(() => parseCheckpoint(text), refused, JSON.stringify(text));
  }
  assert.deepEqual(parseCheckpoint(`${origin}\n1\n${rootText}\nextension\n`), { origin, size: 1, root });
});

test('a checkpoint that could not be read is not written', () => {
  for (const checkpoint of [
    { origin: 'a b', size: 1, root },
    { origin: 'a\nb', size: 1, root },
    { origin: '', size: 1, root },
    { origin, size: -1, root },
    { origin, size: 2 ** 53, root },
    { origin, size: 1, root: root.subarray(1) },
  ]) {
    assert.throws(() => formatCheckpoint(checkpoint), refused);
  }
});

test('a note key whose id is not its own, or of another algorithm, is refused', () => {
  const good = formatNoteKey(log, sha256);
  assert.deepEqual(parseNoteKey(good, sha256), log);
  const other = formatNoteKey({ ...log, name: 'x' }, sha256);
  for (const text of [
    '',
    good.replace(origin, 'y'),
    other.replace('x+', `${origin}+`),
    good.toUpperCase(),
    `${log.name}+${toHex(noteKeyId(log, sha256))}+${encodeBase64(concatBytes(Uint8Array.of(2), log.publicKey))}`,
    `${log.name}+${toHex(noteKeyId(log, sha256))}+${encodeBase64(Uint8Array.of(1))}`,
  ]) {
    assert.throws(() => parseNoteKey(text, sha256), refused, text);
  }
});

test('base64 is standard, padded and has one spelling', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString('base64'));
      assert.deepEqual(decodeBase64(encodeBase64(bytes)), bytes);
    }),
  );
  for (const text of ['Zg', 'Zg=', 'Zm9v=', '-__-', 'Zg==\n', '===='])
    assert.throws(() => decodeBase64(text), refused);
  assert.throws(() => decodeBase64('Zh=='), { code: 'BASE64URL' });
});
