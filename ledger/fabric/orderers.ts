import { X509Certificate, type KeyObject } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import { headerBytes } from '../block.js';
import { LedgerError } from '../port.js';
import { verifyDer } from '../signature.js';

/** Who orders a channel, as one of its configurations says. */
interface Consenters {
  /** By their number among the consenters. */
  readonly keys: ReadonlyMap<number, KeyObject>;
  /** PEM. */
  readonly certificates: readonly Uint8Array[];
  /** So many of them that any two such sets share an honest one (SmartBFT). */
  readonly quorum: number;
}

/**
 * Checks that blocks were ordered: each is signed by a quorum of the orderers that the configuration before it names. A
 * peer can then hold blocks back, and can lie about which of their transactions are valid (the flags stand outside of
 * what is signed), but cannot make a block up, leave one out or change the order.
 */
export class Orderers {
  private constructor(private consenters: Consenters) {}

  /**
   * Ready for block `next`: goes back from the block before it through the configurations that each one names, down to
   * the channel's first block, which comes from our own settings and bears no signature.
   *
   * @throws LedgerError `DAMAGED`, and what `fetch` throws
   */
  static async before(
    next: number,
    first: common.Block,
    fetch: (number: number) => Promise<common.Block>,
  ): Promise<Orderers> {
    if (next <= 1) return new Orderers(demand(consentersIn(first), 0));
    const last = await fetch(next - 1);
    const configured = lastConfiguration(last);
    // A configuration names itself; who had to sign it, the one before says.
    if (configured === next - 1) {
      const orderers = await Orderers.before(next - 1, first, fetch);
      orderers.take(last);
      return orderers;
    }
    const orderers = await Orderers.before(configured + 1, first, fetch);
    checkOrdered(last, orderers.consenters);
    return orderers;
  }

  /** PEM, of those who order the next block. */
  get certificates(): readonly Uint8Array[] {
    return this.consenters.certificates;
  }

  /** The next block. @throws LedgerError `DAMAGED` when too few orderers signed it */
  take(block: common.Block): void {
    // The first block of a channel is known from elsewhere, and signed by nobody.
    if (block.getHeader()?.getNumber() !== 0) checkOrdered(block, this.consenters);
    this.consenters = consentersIn(block) ?? this.consenters;
  }
}

function checkOrdered(block: common.Block, { keys, quorum }: Consenters): void {
  const { value, signatures } = signaturesOf(block);
  const header = block.getHeader();
  const number = header?.getNumber() ?? -1;
  const signed = header
    ? headerBytes(number, header.getPreviousHash_asU8(), header.getDataHash_asU8())
    : new Uint8Array();
  const signers = new Set<number>();
  for (const signature of signatures) {
    if (signers.size === quorum) break;
    const identifier = signature.getIdentifierHeader_asU8();
    const id = common.IdentifierHeader.deserializeBinary(identifier).getIdentifier();
    const key = keys.get(id);
    const message = Buffer.concat([value, identifier, signed]);
    if (key && !signers.has(id) && verifyDer(key, signature.getSignature_asU8(), message)) signers.add(id);
  }
  if (signers.size === quorum) return;
  const message = `block ${number} is signed by ${signers.size} orderers, and takes ${quorum}`;
  throw new LedgerError('DAMAGED', message);
}

function signaturesOf(block: common.Block) {
  const field = block.getMetadata()?.getMetadataList_asU8()[common.BlockMetadataIndex.SIGNATURES];
  const metadata = common.Metadata.deserializeBinary(field ?? new Uint8Array());
  return { value: metadata.getValue_asU8(), signatures: metadata.getSignaturesList() };
}

/** Number of the last block with a configuration, itself included. Signed with the block. */
function lastConfiguration(block: common.Block): number {
  const metadata = common.OrdererBlockMetadata.deserializeBinary(signaturesOf(block).value);
  return metadata.getLastConfig()?.getIndex() ?? 0;
}

/** Null when the block configures nothing. */
function consentersIn(block: common.Block): Consenters | null {
  const [envelope, ...others] = block.getData()?.getDataList_asU8() ?? [];
  if (!envelope || others.length > 0) return null;
  const payload = common.Payload.deserializeBinary(
    common.Envelope.deserializeBinary(envelope).getPayload_asU8(),
  );
  const header = common.ChannelHeader.deserializeBinary(
    payload.getHeader()?.getChannelHeader_asU8() ?? new Uint8Array(),
  );
  if (header.getType() !== common.HeaderType.CONFIG) return null;
  const { number, orderers } = orderersIn(payload.getData_asU8(), block);
  const keys = orderers.map(
    (each) => [each.getId(), new X509Certificate(each.getIdentity_asU8()).publicKey] as const,
  );
  if (keys.length === 0) throw new LedgerError('DAMAGED', `block ${number} configures no orderers`);
  const faulty = Math.floor((keys.length - 1) / 3);
  return {
    keys: new Map(keys),
    certificates: orderers.map((each) => each.getIdentity_asU8()),
    quorum: Math.ceil((keys.length + faulty + 1) / 2),
  };
}

/** google-protobuf's maps, which ship no types. */
interface Named<T> {
  get(name: string): T | undefined;
}

function orderersIn(configuration: Uint8Array, block: common.Block) {
  const number = block.getHeader()?.getNumber() ?? -1;
  const group = common.ConfigEnvelope.deserializeBinary(configuration).getConfig()?.getChannelGroup();
  const groups = group?.getGroupsMap() as Named<common.ConfigGroup> | undefined;
  const values = groups?.get('Orderer')?.getValuesMap() as Named<common.ConfigValue> | undefined;
  const value = values?.get('Orderers')?.getValue_asU8();
  const orderers = common.Orderers.deserializeBinary(value ?? new Uint8Array()).getConsenterMappingList();
  return { number, orderers };
}

function demand(consenters: Consenters | null, number: number): Consenters {
  if (consenters) return consenters;
  throw new LedgerError('DAMAGED', `block ${number} was to configure the channel, and does not`);
}
