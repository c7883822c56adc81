import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex, utf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import { sha256 } from '@spondon/protocol/crypto-node';
import { voteKey, type Issuer } from '@spondon/protocol/records';
import { FakeLedger } from '../fake-ledger.test-support.js';
import { Facility, MINUTE, NOON, REGULATORS, openSample, refused } from '../sample.test-support.js';

const [FIRST, SECOND] = REGULATORS;
const SUSPENSION = canonicalJson({ do: 'suspend', iss: 'bd.dghs.1', nonce: '1' });
const KEY = voteKey(toHex(sha256(utf8(SUSPENSION))));

const stateOf = async (ledger: FakeLedger) =>
  ((await ledger.evaluate(FIRST, 'Issuer', ['bd.dghs.1'])) as Issuer).state;

test('one regulator’s vote changes nothing but the vote, the last one carries the action out and ends it', async () => {
  const { ledger } = await openSample();
  const first = await ledger.endorse(FIRST, 'Decide', [SUSPENSION]);
  assert.deepEqual([...first.writes.keys()], [KEY]);
  ledger.commit(first);
  assert.equal(await stateOf(ledger), 'admitted');
  const last = await ledger.endorse(SECOND, 'Decide', [SUSPENSION]);
  assert.deepEqual([...last.writes.keys()].sort(), ['issuer/bd.dghs.1', KEY].sort());
  ledger.commit(last);
  assert.equal(await stateOf(ledger), 'suspended');
  assert.equal(ledger.state.has(KEY), false);
});

test('a regulator’s vote counts once', async () => {
  const { ledger } = await openSample();
  await ledger.submit(FIRST, 'Decide', [SUSPENSION]);
  await assert.rejects(ledger.submit(FIRST, 'Decide', [SUSPENSION]), { message: refused('ALREADY_VOTED') });
});

test('votes for different actions do not add up, however alike these are', async () => {
  const { ledger } = await openSample();
  await ledger.submit(FIRST, 'Decide', [SUSPENSION]);
  await ledger.submit(SECOND, 'Decide', [SUSPENSION.replace('"nonce":"1"', '"nonce":"2"')]);
  assert.equal(await stateOf(ledger), 'admitted');
});

test('only regulators vote', async () => {
  const { ledger, hospital } = await openSample();
  for (const mspId of [hospital.mspId, 'StrangerMSP']) {
    const vote = ledger.submit(mspId, 'Decide', [SUSPENSION]);
    await assert.rejects(vote, { message: refused('NOT_REGULATOR') });
  }
});

test('with one regulator its vote decides at once', async () => {
  const ledger = new FakeLedger(NOON);
  await ledger.submit('OnlyMSP', 'Init', ['["OnlyMSP"]']);
  const facility = new Facility('bd.dghs.1', 'OnlyMSP');
  const endorsed = await ledger.endorse('OnlyMSP', 'Decide', [canonicalJson(facility.admission())]);
  assert.deepEqual([...endorsed.writes.keys()], ['issuer/bd.dghs.1']);
});

test('an action has one spelling: JSON that is not canonical is refused', async () => {
  const { ledger } = await openSample();
  const spellings = [
    '{"iss":"bd.dghs.1","do":"suspend","nonce":"1"}',
    '{"do": "suspend","iss":"bd.dghs.1","nonce":"1"}',
    '{"do":"suspend","do":"suspend","iss":"bd.dghs.1","nonce":"1"}',
    '{"do":"\\u0073uspend","iss":"bd.dghs.1","nonce":"1"}',
    `${SUSPENSION}\n`,
    '\uFEFF' + SUSPENSION,
    new Uint8Array([...utf8(SUSPENSION.slice(0, -3)), 0xff, 0x22, 0x7d]),
    '',
  ];
  for (const action of spellings) {
    await assert.rejects(ledger.submit(FIRST, 'Decide', [action]), { message: refused('ARGUMENT') });
  }
});

test('a vote for what cannot be done is refused, also when it became impossible between two votes', async () => {
  const { ledger } = await openSample();
  const repeated = SUSPENSION.replace('"nonce":"1"', '"nonce":"2"');
  await ledger.submit(FIRST, 'Decide', [SUSPENSION]);
  await ledger.submit(FIRST, 'Decide', [repeated]);
  await ledger.submit(SECOND, 'Decide', [SUSPENSION]);
  await assert.rejects(ledger.submit(SECOND, 'Decide', [repeated]), { message: refused('ISSUER_STATE') });
});

test('the effect has the time of the vote that completed it', async () => {
  const { ledger } = await openSample();
  const facility = new Facility('bd.dghs.3', 'HospitalMSP');
  const action = canonicalJson(facility.admission());
  await ledger.submit(FIRST, 'Decide', [action]);
  ledger.now = NOON + 20 * MINUTE;
  await ledger.submit(SECOND, 'Decide', [action]);
  const { keys, since } = (await ledger.evaluate(FIRST, 'Issuer', [facility.iss])) as Issuer;
  assert.equal(since, ledger.now);
  assert.equal(keys[0]?.from, ledger.now);
});

test('the same decision can be taken again later, by votes of its own', async () => {
  const { ledger } = await openSample();
  const reinstatement = SUSPENSION.replace('suspend', 'reinstate');
  for (const action of [SUSPENSION, reinstatement]) {
    for (const regulator of REGULATORS) await ledger.submit(regulator, 'Decide', [action]);
  }
  await ledger.submit(FIRST, 'Decide', [SUSPENSION]);
  assert.equal(await stateOf(ledger), 'admitted');
});

test('two votes endorsed at the same time: the second fails validation instead of losing the first', async () => {
  const { ledger } = await openSample();
  const first = await ledger.endorse(FIRST, 'Decide', [SUSPENSION]);
  const second = await ledger.endorse(SECOND, 'Decide', [SUSPENSION]);
  assert.ok(ledger.commit(first));
  assert.equal(ledger.commit(second), false);
});
