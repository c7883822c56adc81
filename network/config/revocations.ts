import { msp } from '@hyperledger/fabric-protos';
import { withBytes, withMember, type Group } from './group.js';

/**
 * Whose certificates the nodes of a channel refuse: revocation lists are part of an organisation's MSP, which stands in
 * the channel's configuration once for what it anchors and, where it orders, once more.
 */

const PARTS = ['Application', 'Orderer'] as const;

/** The channel with these lists (PEM) of an organisation in place of those that it has. */
export function withRevocations(channel: Group, mspId: string, lists: readonly Uint8Array[]): Group {
  return PARTS.reduce((whole, name) => {
    const part = whole.groups.get(name);
    const organisation = part?.groups.get(mspId);
    if (!part || !organisation) return whole;
    const bytes = organisation.values.get('MSP')?.bytes;
    if (!bytes) throw new TypeError(`the configuration has no MSP of ${mspId}`);
    const revoking = withBytes(organisation, 'values', 'MSP', withLists(bytes, lists));
    return withMember(whole, 'groups', name, withMember(part, 'groups', mspId, revoking));
  }, channel);
}

function withLists(bytes: Uint8Array, lists: readonly Uint8Array[]): Uint8Array {
  const config = msp.MSPConfig.deserializeBinary(bytes);
  const fabric = msp.FabricMSPConfig.deserializeBinary(config.getConfig_asU8());
  const before = fabric.getRevocationListList_asU8();
  // The same lists in the same bytes are no change, so that what was done before is seen to be done.
  if (
    before.length === lists.length &&
    before.every((each, at) => Buffer.compare(each, lists[at] ?? each) === 0)
  )
    return bytes;
  fabric.setRevocationListList([...lists]);
  config.setConfig(fabric.serializeBinary());
  return config.serializeBinary();
}
