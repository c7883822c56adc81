import assert from 'node:assert/strict';
import { test } from 'node:test';
import { common } from '@hyperledger/fabric-protos';
import { RECORDS } from './channel.test-support.js';
import { consentersOf, quorum, withConsenter, withoutConsenter, type Consenter } from './consenters.js';
import type { Group } from './group.js';
import { ordererOf } from './members.js';
import { updateBetween } from './update.js';

const [first] = consentersOf(RECORDS);
assert.ok(first);
const fifth: Consenter = { ...first, id: 5, port: 9000, identity: 'a certificate' };

const ids = (channel: Group) => consentersOf(channel).map(({ id }) => id);
const endpoints = (channel: Group, mspId: string) => {
  const value = ordererOf(channel).groups.get(mspId)?.values.get('Endpoints');
  return common.OrdererAddresses.deserializeBinary(value?.bytes ?? new Uint8Array()).getAddressesList();
};
/** How many signatures, and of how many, make a block valid. */
const validity = (channel: Group) => {
  const policy = ordererOf(channel).policies.get('BlockValidation')?.bytes ?? new Uint8Array();
  const envelope = common.SignaturePolicyEnvelope.deserializeBinary(
    common.Policy.deserializeBinary(policy).getValue_asU8(),
  );
  return [envelope.getRule()?.getNOutOf()?.getN(), envelope.getIdentitiesList().length];
};

test('a quorum is what makes two of them share an honest orderer', () => {
  assert.deepEqual([4, 5, 6, 7, 10].map(quorum), [3, 4, 4, 5, 7]);
});

test('an orderer that comes is a consenter, signs blocks and can be found', () => {
  const grown = withConsenter(RECORDS, fifth);
  assert.deepEqual(ids(grown), [1, 2, 3, 4, 5]);
  assert.deepEqual(validity(grown), [4, 5]);
  assert.ok(endpoints(grown, fifth.mspId).includes(`${fifth.host}:9000`));
});

test('written again as they are, the consenters are byte by byte what configtxgen wrote', () => {
  assert.equal(updateBetween(RECORDS, withConsenter(RECORDS, first)), null);
});

test('an orderer with new certificates keeps its place', () => {
  const renewed = withConsenter(RECORDS, { ...first, identity: 'renewed', tls: 'renewed' });
  assert.deepEqual(ids(renewed), [1, 2, 3, 4]);
  assert.equal(consentersOf(renewed)[0]?.identity, 'renewed');
});

test('one that goes leaves no trace', () => {
  const smaller = withoutConsenter(withConsenter(RECORDS, fifth), first.id);
  assert.deepEqual(ids(smaller), [2, 3, 4, 5]);
  assert.deepEqual(validity(smaller), [3, 4]);
  assert.equal(endpoints(smaller, first.mspId).includes(`${first.host}:${first.port}`), false);
});

test('four stay, whatever happens', () => {
  assert.throws(() => withoutConsenter(RECORDS, 1), { code: 'ORDERERS_TOO_FEW' });
});

test("no organisation's orderers are a quorum by themselves", () => {
  const grown = withConsenter(RECORDS, fifth);
  assert.throws(() => withConsenter(grown, { ...fifth, id: 6 }), { code: 'ORDERERS_UNEVEN' });
  const other = consentersOf(RECORDS).find(({ mspId }) => mspId !== fifth.mspId);
  assert.ok(other);
  assert.throws(() => withoutConsenter(grown, other.id), { code: 'ORDERERS_UNEVEN' });
});
