import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Contract } from 'fabric-contract-api';
import { FakeLedger } from './fake-ledger.test-support.js';
import { Records, TRANSACTIONS } from './records.js';
import { Refusal } from './refusal.js';
import {
  MINUTE,
  NOON,
  REGULATORS,
  appendArguments,
  documentId,
  openSample,
  refused,
} from './sample.test-support.js';

const REGULATORS_JSON = JSON.stringify(REGULATORS);

test('what Fabric would call by name are the transactions and nothing else', () => {
  const inherited = Object.getOwnPropertyNames(Contract.prototype);
  const callable = Object.getOwnPropertyNames(Records.prototype).filter((name) => !inherited.includes(name));
  assert.deepEqual(callable.sort(), [...TRANSACTIONS].sort());
});

test('Init sets the regulators and the first tick, once', async () => {
  const ledger = new FakeLedger(NOON);
  assert.equal(await ledger.evaluate('AnyMSP', 'Clock'), null);
  await ledger.submit(REGULATORS[1], 'Init', [REGULATORS_JSON]);
  assert.deepEqual(await ledger.evaluate('AnyMSP', 'Clock'), { at: NOON });
  for (const mspId of REGULATORS) {
    const again = ledger.submit(mspId, 'Init', [REGULATORS_JSON]);
    await assert.rejects(again, { message: refused('ALREADY_INITIALISED') });
  }
});

test('of two Inits endorsed at the same time the second fails validation', async () => {
  const ledger = new FakeLedger(NOON);
  const first = await ledger.endorse(REGULATORS[0], 'Init', [REGULATORS_JSON]);
  const second = await ledger.endorse('EvilMSP', 'Init', ['["EvilMSP"]']);
  assert.ok(ledger.commit(first));
  assert.equal(ledger.commit(second), false);
});

test('Init is called by one of the regulators it names, and names each once', async () => {
  const ledger = new FakeLedger(NOON);
  const stranger = ledger.submit('HospitalMSP', 'Init', [REGULATORS_JSON]);
  await assert.rejects(stranger, { message: refused('NOT_REGULATOR') });
  const many = JSON.stringify(Array.from({ length: 17 }, (_, at) => `R${at}`));
  for (const json of ['[]', '{}', '', '["A","A"]', '["A/B"]', '[""]', '[1]', '"A"', many]) {
    await assert.rejects(ledger.submit('A', 'Init', [json]), { message: refused('ARGUMENT') });
  }
});

test('before Init nothing is written and nothing attested', async () => {
  const ledger = new FakeLedger(NOON);
  const { hospital } = await openSample();
  const calls = [
    ['Tick', []],
    ['Append', appendArguments(0, [await hospital.issue()])],
    ['Decide', ['{"do":"suspend","iss":"bd.dghs.1","nonce":"1"}']],
    ['Attest', ['{"heads":[],"documents":[],"issuers":[]}']],
  ] as const;
  for (const [fn, args] of calls) {
    await assert.rejects(ledger.submit('DghsMSP', fn, args), { message: refused('NOT_INITIALISED') });
  }
});

test('a function has one name: a call with the contract’s name before it is refused', async () => {
  const { ledger, hospital } = await openSample();
  const batch = appendArguments(0, [await hospital.issue()]);
  const prefixed = ledger.endorse('HospitalMSP', 'Append', batch, NOON, 'records:Append');
  await assert.rejects(prefixed, { message: refused('ARGUMENT') });
});

/** How many arguments each function takes. */
const ARGUMENTS = {
  Init: 1,
  Tick: 0,
  Append: 3,
  Decide: 1,
  Head: 1,
  Clock: 0,
  Issuer: 1,
  Status: 2,
  Attest: 1,
};

test('every function refuses a wrong number of arguments', async () => {
  const { ledger } = await openSample();
  for (const fn of TRANSACTIONS) {
    for (const count of [0, 1, 2, 3, 4].filter((each) => each !== ARGUMENTS[fn])) {
      const call = ledger.endorse('DghsMSP', fn, new Array<string>(count).fill('x'));
      await assert.rejects(call, { message: refused('ARGUMENT') });
    }
  }
});

test('whatever bytes come as arguments, the contract refuses in its own words', async () => {
  const { ledger } = await openSample();
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .constantFrom('0', '[]', '{}', 'null', '[[]]', '{"do":"admit"}', '__proto__')
      .map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...TRANSACTIONS.filter((fn) => ARGUMENTS[fn] > 0)),
      fc.tuple(hostile, hostile, hostile),
      async (fn, args) => {
        const call = ledger.endorse('DghsMSP', fn, args.slice(0, ARGUMENTS[fn]));
        // Only a read may succeed: some short text is an MSP id, or has the form of an issuer's.
        await call.then(
          ({ writes }) => assert.equal(writes.size, 0),
          (error: unknown) => assert.ok(error instanceof Refusal),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test('reads answer null for what does not exist, and write nothing', async () => {
  const { ledger } = await openSample();
  const calls = [
    ['Head', ['HospitalMSP']],
    ['Issuer', ['bd.dghs.404']],
    ['Status', ['bd.dghs.1', documentId()]],
  ] as const;
  for (const [fn, args] of calls) {
    const { payload, writes } = await ledger.endorse('AnyMSP', fn, args);
    assert.equal(payload, 'null');
    assert.equal(writes.size, 0);
  }
});

test('reads work whatever the time of their transaction', async () => {
  const { ledger } = await openSample();
  await ledger.endorse('AnyMSP', 'Clock', [], NOON - 60 * MINUTE);
});

test('a refusal is, as text, its code and message alone', () => {
  assert.equal(String(new Refusal('PACKED', 'why')), 'PACKED: why');
  assert.equal(String(new Refusal('IAT_AHEAD', 'why', 17)), 'IAT_AHEAD[17]: why');
});
