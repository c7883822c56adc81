import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORDS } from './channel.test-support.js';
import { proposalOf, readProposal } from './envelope.js';
import { decodeGroup, encodeGroup, withBytes, withMember, type Group } from './group.js';
import { admit, applicationOf, dismiss } from './members.js';
import { updateBetween, type Update } from './update.js';

const [, someMember] = [...applicationOf(RECORDS).groups.entries()][0] ?? [];
const inApplication = ({ read, write }: Update): [Group, Group] => [
  applicationOf(read),
  applicationOf(write),
];

function updateTo(after: Group): Update {
  const update = updateBetween(RECORDS, after);
  assert.ok(update);
  return update;
}

test('a configuration comes out of its message as it went in', () => {
  assert.deepEqual(decodeGroup(encodeGroup(RECORDS)), RECORDS);
});

test('nothing is proposed when nothing changes', () => {
  assert.equal(updateBetween(RECORDS, decodeGroup(encodeGroup(RECORDS))), null);
});

test('a new member comes whole; the group that it joins is named with all that stays, by version', () => {
  assert.ok(someMember);
  const [read, write] = inApplication(updateTo(admit(RECORDS, 'NewMSP', someMember)));
  const { version, groups, policies } = applicationOf(RECORDS);
  assert.equal(read.version, version);
  assert.equal(write.version, version + 1);
  assert.equal(write.modPolicy, 'Admins');
  assert.deepEqual([...write.groups.keys()], [...groups.keys(), 'NewMSP']);
  assert.deepEqual([...read.groups.keys()], [...groups.keys()]);
  assert.deepEqual([...read.policies.keys()], [...policies.keys()]);
  assert.deepEqual(write.groups.get('NewMSP'), someMember);
  assert.equal(write.groups.get('DghsMSP')?.values.size, 0);
});

test('what a member is described with is new in this channel, whatever version it had elsewhere', () => {
  assert.ok(someMember);
  const described = { ...someMember, version: 7 };
  const [, write] = inApplication(updateTo(admit(RECORDS, 'NewMSP', described)));
  assert.equal(write.groups.get('NewMSP')?.version, 0);
});

test('a member that goes is left out of the next version', () => {
  const [read, write] = inApplication(updateTo(dismiss(RECORDS, 'DiagnosticGroupMSP')));
  assert.equal(write.version, read.version + 1);
  assert.deepEqual([...write.groups.keys()].sort(), ['DgfpMSP', 'DghsMSP', 'HospitalGroupMSP']);
  assert.deepEqual([...read.groups.keys()].sort(), [...write.groups.keys()].sort());
});

test('a changed value gets the next version; the groups around it keep theirs', () => {
  const orderer = RECORDS.groups.get('Orderer');
  assert.ok(orderer);
  const changed = withBytes(orderer, 'values', 'BatchTimeout', Buffer.from('x'));
  const { read, write } = updateTo(withMember(RECORDS, 'groups', 'Orderer', changed));
  const part = write.groups.get('Orderer');
  assert.ok(part);
  assert.equal(part.version, orderer.version);
  assert.deepEqual(
    [...part.values].map(([name, { version }]) => [name, version]),
    [['BatchTimeout', 1]],
  );
  assert.deepEqual([...write.groups.keys()], ['Orderer']);
  assert.equal(read.groups.get('Orderer')?.values.size, 0);
});

test('a proposal says which channel it changes, and that nobody has signed it yet', () => {
  const update = updateTo(dismiss(RECORDS, 'DiagnosticGroupMSP'));
  const { channel, write, signers } = readProposal(proposalOf('records', update));
  assert.equal(channel, 'records');
  assert.deepEqual(write, update.write);
  assert.deepEqual(signers, []);
});
