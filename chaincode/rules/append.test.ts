import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64url, encodeBase64url } from '@spondon/protocol/base64url';
import { fromUtf8 } from '@spondon/protocol/bytes';
import { sha256 } from '@spondon/protocol/crypto-node';
import { encodeEntry } from '@spondon/protocol/entry';
import { leafHash, nodeHash } from '@spondon/protocol/merkle/tree';
import { packStatements, unpackStatements } from '@spondon/protocol/pack';
import type { LogHead, LogState } from '@spondon/protocol/records';
import type { SignedStatement } from '@spondon/protocol/statement';
import type { FakeLedger } from '../fake-ledger.test-support.js';
import { Refusal } from '../refusal.js';
import { MINUTE, NOON, appendArguments, openSample, refused } from '../sample.test-support.js';

/** RFC 9162 §2.1.1, as it is written there. */
function treeHash(entries: readonly Uint8Array[]): Uint8Array {
  const [first] = entries;
  if (first === undefined) return sha256(new Uint8Array());
  if (entries.length === 1) return leafHash(first, sha256);
  let split = 1;
  while (split * 2 < entries.length) split *= 2;
  return nodeHash(treeHash(entries.slice(0, split)), treeHash(entries.slice(split)), sha256);
}

function stored(ledger: FakeLedger, key: string): unknown {
  return JSON.parse(fromUtf8(ledger.state.get(key)?.value ?? new Uint8Array()));
}

test('an append writes log state and ring head, of the RFC 9162 tree of its entries, and answers nothing', async () => {
  const { ledger, hospital } = await openSample();
  const statements = [await hospital.issue(), await hospital.issue(), await hospital.issue()];
  const endorsed = await ledger.endorse('HospitalMSP', 'Append', appendArguments(0, statements));
  assert.equal(endorsed.payload, undefined);
  assert.deepEqual([...endorsed.writes.keys()], ['log/HospitalMSP', 'head/HospitalMSP/1']);
  assert.ok(ledger.commit(endorsed));
  const root = encodeBase64url(treeHash(statements.map(({ text }) => encodeEntry(NOON, text))));
  const { frontier, ...head } = stored(ledger, 'log/HospitalMSP') as LogState;
  assert.deepEqual(head, { n: 1, size: 3, root, at: NOON });
  assert.equal(frontier.length, 2);
  assert.deepEqual(stored(ledger, 'head/HospitalMSP/1'), head);
  assert.deepEqual(await ledger.evaluate('ClinicMSP', 'Head', ['HospitalMSP']), head);
});

test('however statements are cut into batches, log, frontier and heads are those of all entries', async () => {
  const { ledger: prepared, hospital } = await openSample();
  const pool: SignedStatement[] = [];
  for (let i = 0; i < 40; i++) pool.push(await hospital.issue());
  const before = new Map(prepared.state);
  prepared.now = NOON + 5 * MINUTE;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: -250, max: 250 })), {
        maxLength: 8,
      }),
      async (batches) => {
        prepared.state.clear();
        for (const [key, value] of before) prepared.state.set(key, value);
        const entries: Uint8Array[] = [];
        let [at, n] = [0, 0];
        for (const [length, seconds] of batches) {
          const batch = pool.slice(0, length);
          const time = prepared.now + seconds * 1000;
          await prepared.submit('HospitalMSP', 'Append', appendArguments(entries.length, batch), time);
          at = Math.max(at, time);
          n += 1;
          entries.push(...batch.map(({ text }) => encodeEntry(at, text)));
          const head = { n, size: entries.length, root: encodeBase64url(treeHash(entries)), at };
          assert.deepEqual(await prepared.evaluate('HospitalMSP', 'Head', ['HospitalMSP']), head);
          assert.deepEqual(stored(prepared, `head/HospitalMSP/${n}`), head);
        }
      },
    ),
    { numRuns: 30 },
  );
});

test('the same batch again is refused by the size it was made for, and the present size is told', async () => {
  const { ledger, hospital, append } = await openSample();
  const batch = [await hospital.issue(), await hospital.issue()];
  await append(batch);
  const again = ledger.endorse('HospitalMSP', 'Append', appendArguments(0, batch));
  await assert.rejects(again, { message: /^SIZE_MISMATCH: expected size 0, present size 2$/ });
  const ahead = ledger.endorse('HospitalMSP', 'Append', appendArguments(3, batch));
  await assert.rejects(ahead, { message: refused('SIZE_MISMATCH') });
});

test('of two batches endorsed for one size, the second fails validation', async () => {
  const { ledger, hospital } = await openSample();
  const first = await ledger.endorse('HospitalMSP', 'Append', appendArguments(0, [await hospital.issue()]));
  const second = await ledger.endorse('HospitalMSP', 'Append', appendArguments(0, [await hospital.issue()]));
  assert.equal(ledger.commit(first), true);
  assert.equal(ledger.commit(second), false);
});

test('entry times never run backwards: a batch with an earlier time takes the last entry’s', async () => {
  const { ledger, hospital } = await openSample();
  const [first, second] = [[await hospital.issue()], [await hospital.issue()]];
  await ledger.submit('HospitalMSP', 'Append', appendArguments(0, first), NOON + 4 * MINUTE);
  await ledger.submit('HospitalMSP', 'Append', appendArguments(1, second), NOON - 4 * MINUTE);
  const { at, root } = (await ledger.evaluate('HospitalMSP', 'Head', ['HospitalMSP'])) as LogHead;
  assert.equal(at, NOON + 4 * MINUTE);
  const entries = [...first, ...second].map(({ text }) => encodeEntry(NOON + 4 * MINUTE, text));
  assert.deepEqual(decodeBase64url(root), treeHash(entries));
});

test('each organisation appends to its own log only', async () => {
  const { ledger, hospital, clinic, append } = await openSample();
  await append([await hospital.issue()]);
  const endorsed = await ledger.endorse('ClinicMSP', 'Append', appendArguments(0, [await clinic.issue()]));
  assert.deepEqual([...endorsed.writes.keys()], ['log/ClinicMSP', 'head/ClinicMSP/1']);
});

test('the ring holds the last 1,024 heads', async () => {
  const { ledger, hospital } = await openSample();
  const batch = [await hospital.issue()];
  for (let size = 0; size < 1026; size++) {
    await ledger.submit('HospitalMSP', 'Append', appendArguments(size, batch));
  }
  const heads = [...ledger.state.keys()].filter((key) => key.startsWith('head/HospitalMSP/'));
  assert.equal(heads.length, 1024);
  assert.equal((stored(ledger, 'head/HospitalMSP/0') as LogHead).n, 1024);
  assert.equal((stored(ledger, 'head/HospitalMSP/1') as LogHead).n, 1025);
  assert.equal((stored(ledger, 'head/HospitalMSP/2') as LogHead).n, 1026);
  assert.equal((stored(ledger, 'head/HospitalMSP/3') as LogHead).n, 3);
});

test('a key gets its endorsement policy with its first write and keeps it', async () => {
  const { ledger, hospital } = await openSample();
  const batch = [await hospital.issue()];
  const policiesOf = async (size: number) => {
    const endorsed = await ledger.endorse('HospitalMSP', 'Append', appendArguments(size, batch));
    ledger.commit(endorsed);
    return [...endorsed.policies.keys()];
  };
  assert.deepEqual(await policiesOf(0), ['log/HospitalMSP', 'head/HospitalMSP/1']);
  for (let n = 2; n <= 1024; n++) assert.deepEqual(await policiesOf(n - 1), [`head/HospitalMSP/${n % 1024}`]);
  assert.deepEqual(await policiesOf(1024), []);
});

test('4,096 statements are a batch, 4,097 are not', async () => {
  const { ledger, hospital } = await openSample();
  const one = await hospital.issue();
  const many = new Array<SignedStatement>(4097).fill(one);
  const limits = { maxStatements: 5000, maxBytes: 1 << 30 };
  const tooMany = ['0', packStatements(many, limits), '[]'];
  await assert.rejects(ledger.endorse('HospitalMSP', 'Append', tooMany), { message: refused('TOO_LARGE') });
  await ledger.submit('HospitalMSP', 'Append', ['0', packStatements(many.slice(1), limits), '[]']);
});

test('statements of more than 2 MiB together are refused, however small they travel', async () => {
  const { ledger, clinic } = await openSample();
  const one = await clinic.issue({ iss: `bd.${'long-name.'.repeat(6)}` + '1', exp: 253_402_300_799 });
  const many = new Array<SignedStatement>(4096).fill(one);
  const packed = packStatements(many, { maxStatements: 5000, maxBytes: 1 << 30 });
  assert.ok(packed.length < 1 << 20);
  assert.ok(one.text.length * 4096 > 2 << 20);
  const call = ledger.endorse('HospitalMSP', 'Append', ['0', packed, '[]']);
  await assert.rejects(call, { message: refused('TOO_LARGE') });
  await assert.rejects(ledger.endorse('HospitalMSP', 'Append', ['0', new Uint8Array((2 << 20) + 1), '[]']), {
    message: refused('TOO_LARGE'),
  });
});

test('a changed byte is refused, or makes another batch in its one canonical form', async () => {
  const { ledger, hospital } = await openSample();
  const packed = packStatements([await hospital.issue(), await hospital.issue()]);
  await fc.assert(
    fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const changed = packed.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      const error = await ledger
        .endorse('HospitalMSP', 'Append', ['0', changed, '[]'])
        .then(() => undefined)
        .catch((reason: unknown) => reason);
      if (error === undefined) assert.deepEqual(packStatements(unpackStatements(changed)), changed);
      else assert.ok(error instanceof Refusal);
    }),
    { numRuns: 300 },
  );
});

test('an empty batch, an empty argument, trailing bytes and arbitrary bytes are refused', async () => {
  const { ledger, hospital } = await openSample();
  const packed = packStatements([await hospital.issue()]);
  const empties = [new Uint8Array(), Uint8Array.of(1, 0, 0), Uint8Array.of(...packed, 0)];
  for (const bytes of [...empties, ...fc.sample(fc.uint8Array({ maxLength: 300 }), 100)]) {
    const call = ledger.endorse('HospitalMSP', 'Append', ['0', bytes, '[]']);
    await assert.rejects(call, { message: /^(PACKED|TOO_LARGE): / });
  }
});

test('the expected size is a decimal number in one spelling', async () => {
  const { ledger, hospital } = await openSample();
  const [, packed, proofs] = appendArguments(0, [await hospital.issue()]);
  for (const size of ['', '00', '+0', '-0', '0x0', '0.0', ' 0', '1e0', '9'.repeat(16), 'NaN']) {
    const call = ledger.endorse('HospitalMSP', 'Append', [size, packed, proofs]);
    await assert.rejects(call, { message: refused('ARGUMENT') });
  }
});
