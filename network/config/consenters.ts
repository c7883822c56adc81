import { common, msp } from '@hyperledger/fabric-protos';
import { NetworkError } from '../error.js';
import { withBytes, withMember, type Group } from './group.js';
import { ordererOf } from './members.js';
import { identitiesPolicy } from './policy.js';

/** The orderers of a channel, as its configuration has them: `channel` is the configuration's outermost group. */

/** An orderer that takes part in consensus. */
export interface Consenter {
  readonly id: number;
  readonly mspId: string;
  readonly host: string;
  readonly port: number;
  /** PEM: what it signs with. */
  readonly identity: string;
  /** PEM: what it shows to the others, as server and as client. */
  readonly tls: string;
}

/** Fewer bear no faulty one. */
const FEWEST = 4;

export function consentersOf(channel: Group): readonly Consenter[] {
  return mappingOf(channel).map((each) => ({
    id: each.getId(),
    mspId: each.getMspId(),
    host: each.getHost(),
    port: each.getPort(),
    identity: Buffer.from(each.getIdentity_asU8()).toString(),
    tls: Buffer.from(each.getServerTlsCert_asU8()).toString(),
  }));
}

/**
 * Puts it in the place of the one with its number, or at the end. Its organisation orders already.
 *
 * @throws NetworkError `ORDERERS_UNEVEN`
 */
export function withConsenter(channel: Group, consenter: Consenter): Group {
  const now = consentersOf(channel);
  const known = now.some(({ id }) => id === consenter.id);
  const next = known ? now.map((each) => (each.id === consenter.id ? consenter : each)) : [...now, consenter];
  return withConsenters(channel, next);
}

/** @throws NetworkError `ORDERERS_TOO_FEW`, `ORDERERS_UNEVEN` */
export function withoutConsenter(channel: Group, id: number): Group {
  const next = consentersOf(channel).filter((each) => each.id !== id);
  return withConsenters(channel, next);
}

/** How many orderers must agree on a block. */
export function quorum(orderers: number): number {
  const faulty = Math.floor((orderers - 1) / 3);
  return Math.ceil((orderers + faulty + 1) / 2);
}

function checkBalance(consenters: readonly Consenter[]): void {
  const count = consenters.length;
  if (count < FEWEST) {
    throw new NetworkError(
      'ORDERERS_TOO_FEW',
      `${count} orderers would remain; byzantine fault tolerance needs ${FEWEST}: add one first`,
    );
  }
  for (const mspId of new Set(consenters.map((each) => each.mspId))) {
    const own = consenters.filter((each) => each.mspId === mspId).length;
    if (own < quorum(count)) continue;
    throw new NetworkError(
      'ORDERERS_UNEVEN',
      `${mspId} would have ${own} of ${count} orderers and could order without the others: they need more first`,
    );
  }
}

/** With what follows from the list: whose signatures make a block valid, and where each organisation's orderers are. */
function withConsenters(channel: Group, consenters: readonly Consenter[]): Group {
  checkBalance(consenters);
  const mapping = new common.Orderers();
  mapping.setConsenterMappingList(consenters.map(encodeConsenter));
  const validity = identitiesPolicy(quorum(consenters.length), consenters.map(identityOf));
  let orderer = withBytes(ordererOf(channel), 'values', 'Orderers', mapping.serializeBinary());
  orderer = withBytes(orderer, 'policies', 'BlockValidation', validity);
  for (const [mspId, owner] of orderer.groups) {
    const addresses = new common.OrdererAddresses();
    const own = consenters.filter((each) => each.mspId === mspId);
    addresses.setAddressesList(own.map(({ host, port }) => `${host}:${port}`));
    const moved = withBytes(owner, 'values', 'Endpoints', addresses.serializeBinary());
    orderer = withMember(orderer, 'groups', mspId, moved);
  }
  return withMember(channel, 'groups', 'Orderer', orderer);
}

function mappingOf(channel: Group): readonly common.Consenter[] {
  const bytes = ordererOf(channel).values.get('Orderers')?.bytes ?? new Uint8Array();
  return common.Orderers.deserializeBinary(bytes).getConsenterMappingList();
}

function encodeConsenter({ id, mspId, host, port, identity, tls }: Consenter): common.Consenter {
  const consenter = new common.Consenter();
  consenter.setId(id);
  consenter.setMspId(mspId);
  consenter.setHost(host);
  consenter.setPort(port);
  consenter.setIdentity(Buffer.from(identity));
  consenter.setClientTlsCert(Buffer.from(tls));
  consenter.setServerTlsCert(Buffer.from(tls));
  return consenter;
}

function identityOf({ mspId, identity }: Consenter): Uint8Array {
  const serialized = new msp.SerializedIdentity();
  serialized.setMspid(mspId);
  serialized.setIdBytes(Buffer.from(identity));
  return serialized.serializeBinary();
}
