import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORDS } from './channel.test-support.js';
import { applicationOf, deciders, dismiss } from './members.js';
import { thresholdIn } from './policy.js';

test('the channel says itself how many of whom change it', () => {
  assert.deepEqual(deciders(RECORDS), {
    needed: 3,
    of: ['DghsMSP', 'DgfpMSP', 'HospitalGroupMSP', 'DiagnosticGroupMSP'],
  });
});

test('a policy that is no count of organisations is not guessed at', () => {
  const readers = applicationOf(RECORDS).policies.get('Readers');
  assert.ok(readers);
  assert.throws(() => thresholdIn(readers.bytes), { code: 'CONFIGURATION' });
});

test('a founder may go, and those who remain need as many signatures as before', () => {
  const without = dismiss(RECORDS, 'DiagnosticGroupMSP');
  assert.equal(applicationOf(without).groups.has('DiagnosticGroupMSP'), false);
  assert.equal(deciders(without).needed, 3);
});

test('nobody goes without whom the channel could not be changed any more', () => {
  const without = dismiss(RECORDS, 'DiagnosticGroupMSP');
  assert.throws(() => dismiss(without, 'HospitalGroupMSP'), { code: 'MEMBER_NEEDED' });
});

test('regulators stay: they order, and nothing is endorsed without them', () => {
  for (const mspId of ['DghsMSP', 'DgfpMSP']) {
    assert.throws(() => dismiss(RECORDS, mspId), { code: 'MEMBER_NEEDED' });
  }
});
