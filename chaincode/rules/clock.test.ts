import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOCK_KEY } from '@spondon/protocol/records';
import { MINUTE, NOON, appendArguments, decide, openSample, refused } from '../sample.test-support.js';

test('any member advances the clock, from a minute after the last tick on', async () => {
  const { ledger } = await openSample();
  assert.deepEqual(await ledger.evaluate('ClinicMSP', 'Clock'), { at: NOON });
  ledger.now = NOON + MINUTE;
  await ledger.submit('ClinicMSP', 'Tick');
  assert.deepEqual(await ledger.evaluate('HospitalMSP', 'Clock'), { at: NOON + MINUTE });
});

test('a tick less than a minute after the last is refused, as is one that turns the clock back', async () => {
  const { ledger } = await openSample();
  ledger.now = NOON + MINUTE - 1;
  await assert.rejects(ledger.submit('ClinicMSP', 'Tick'), { message: refused('TICK_EARLY') });
  await assert.rejects(ledger.submit('ClinicMSP', 'Tick', [], NOON - 1), { message: refused('TICK_EARLY') });
});

test('a tick outside five minutes of the endorser’s clock is refused in both directions', async () => {
  const { ledger } = await openSample();
  ledger.now = NOON + 60 * MINUTE;
  for (const time of [ledger.now + 5 * MINUTE + 1, ledger.now - 5 * MINUTE - 1, Number.NaN]) {
    await assert.rejects(ledger.submit('ClinicMSP', 'Tick', [], time), { message: refused('CLOCK_SKEW') });
  }
  await ledger.endorse('ClinicMSP', 'Tick', [], ledger.now + 5 * MINUTE);
  await ledger.endorse('ClinicMSP', 'Tick', [], ledger.now - 5 * MINUTE);
});

test('every function whose time counts refuses a time that is not the endorser’s present', async () => {
  const { ledger, hospital } = await openSample();
  const batch = appendArguments(0, [await hospital.issue()]);
  const nothing = JSON.stringify({ heads: [], documents: [], issuers: [] });
  const suspension = '{"do":"suspend","iss":"bd.dghs.1","nonce":"1"}';
  for (const time of [NOON + 5 * MINUTE + 1, NOON - 5 * MINUTE - 1]) {
    const late = { message: refused('CLOCK_SKEW') };
    await assert.rejects(ledger.endorse('HospitalMSP', 'Append', batch, time), late);
    await assert.rejects(ledger.endorse('DghsMSP', 'Decide', [suspension], time), late);
    await assert.rejects(ledger.endorse('DghsMSP', 'Attest', [nothing], time), late);
    await assert.rejects(ledger.endorse('DghsMSP', 'Init', ['["DghsMSP"]'], time), late);
  }
});

test('a writing transaction that is held back over a tick fails validation', async () => {
  const { ledger, hospital } = await openSample();
  const batch = appendArguments(0, [await hospital.issue()]);
  const held = await ledger.endorse('HospitalMSP', 'Append', batch);
  const vote = await ledger.endorse('DghsMSP', 'Decide', ['{"do":"suspend","iss":"bd.dghs.1","nonce":"1"}']);
  ledger.now += MINUTE;
  const second = await ledger.endorse('HospitalMSP', 'Tick');
  await ledger.submit('ClinicMSP', 'Tick');
  assert.equal(ledger.commit(held), false);
  assert.equal(ledger.commit(vote), false);
  assert.equal(ledger.commit(second), false);
  await ledger.submit('HospitalMSP', 'Append', batch);
});

test('every writing function reads the clock', async () => {
  const { ledger, hospital } = await openSample();
  ledger.now += MINUTE;
  const suspension = '{"do":"suspend","iss":"bd.dghs.1","nonce":"1"}';
  const writing = [
    await ledger.endorse('HospitalMSP', 'Append', appendArguments(0, [await hospital.issue()])),
    await ledger.endorse('DghsMSP', 'Decide', [suspension]),
    await ledger.endorse('ClinicMSP', 'Tick'),
  ];
  for (const { reads, writes } of writing) {
    assert.ok(writes.size > 0);
    assert.ok(reads.has(CLOCK_KEY));
  }
});

test('endorsers whose clocks differ write the same bytes', async () => {
  const { ledger, hospital } = await openSample();
  const calls = [
    ['HospitalMSP', 'Append', appendArguments(0, [await hospital.issue(), await hospital.issue()])],
    ['DghsMSP', 'Decide', ['{"do":"suspend","iss":"bd.dghs.1","nonce":"1"}']],
    ['DghsMSP', 'Attest', ['{"heads":[],"documents":[],"issuers":["bd.dghs.1"]}']],
  ] as const;
  for (const [mspId, fn, args] of calls) {
    ledger.now = NOON - 4 * MINUTE;
    const early = await ledger.endorse(mspId, fn, args, NOON);
    ledger.now = NOON + 4 * MINUTE;
    assert.deepEqual(await ledger.endorse(mspId, fn, args, NOON), early);
  }
});

test('a decision takes effect at its transaction’s time, which no endorser lets lie in the past', async () => {
  const { ledger } = await openSample();
  ledger.now = NOON + 10 * MINUTE;
  await decide(ledger, { do: 'suspend', iss: 'bd.dghs.1', nonce: '1' });
  const issuer = await ledger.evaluate('DghsMSP', 'Issuer', ['bd.dghs.1']);
  assert.equal((issuer as { since: number }).since, NOON + 10 * MINUTE);
});
