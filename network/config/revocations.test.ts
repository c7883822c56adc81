import assert from 'node:assert/strict';
import { test } from 'node:test';
import { msp } from '@hyperledger/fabric-protos';
import { RECORDS } from './channel.test-support.js';
import type { Group } from './group.js';
import { withRevocations } from './revocations.js';
import { updateBetween } from './update.js';

const LIST = Buffer.from('a revocation list');

function listsIn(channel: Group, part: 'Application' | 'Orderer', mspId: string): readonly string[] {
  const bytes = channel.groups.get(part)?.groups.get(mspId)?.values.get('MSP')?.bytes ?? new Uint8Array();
  const config = msp.MSPConfig.deserializeBinary(bytes).getConfig_asU8();
  const lists = msp.FabricMSPConfig.deserializeBinary(config).getRevocationListList_asU8();
  return lists.map((each) => Buffer.from(each).toString());
}

test("an organisation's lists stand in what it anchors and in what it orders, and in nobody else's part", () => {
  const after = withRevocations(RECORDS, 'DghsMSP', [LIST]);
  for (const part of ['Application', 'Orderer'] as const) {
    assert.deepEqual(listsIn(after, part, 'DghsMSP'), [LIST.toString()]);
    assert.deepEqual(listsIn(after, part, 'DgfpMSP'), []);
  }
  const facility = withRevocations(RECORDS, 'HospitalGroupMSP', [LIST]);
  assert.deepEqual(listsIn(facility, 'Application', 'HospitalGroupMSP'), [LIST.toString()]);
});

test('a newer list takes the place of the older one, and the same one again is no change', () => {
  const once = withRevocations(RECORDS, 'HospitalGroupMSP', [LIST]);
  assert.notEqual(updateBetween(RECORDS, once), null);
  assert.equal(updateBetween(once, withRevocations(once, 'HospitalGroupMSP', [LIST])), null);
  const newer = withRevocations(once, 'HospitalGroupMSP', [Buffer.from('another list')]);
  assert.deepEqual(listsIn(newer, 'Application', 'HospitalGroupMSP'), ['another list']);
});
