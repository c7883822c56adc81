import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { LedgerError } from '../port.js';

/** PEM texts. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A peer that we connect to. */
export interface GatewayPeer {
  readonly mspId: string;
  /** `host:port` */
  readonly endpoint: string;
  /** The name in its certificate. */
  readonly serverName: string;
  /** PEM. */
  readonly tlsRoot: string;
}

/** All that a client needs to use one channel of a network. */
export interface FabricSettings {
  readonly channel: string;
  readonly chaincode: string;
  readonly mspId: string;
  /** Signs transactions. */
  readonly identity: KeyPair;
  /** Shown to peers, which ask for a certificate of their clients. */
  readonly tls: KeyPair;
  /** They take what we ask to the others. In order of preference, our own peers first. */
  readonly gateways: readonly GatewayPeer[];
  /** Peers of other organisations, whose blocks are compared with those that we follow. */
  readonly witnesses: readonly GatewayPeer[];
  /** The channel's first block (`common.Block`): it names the orderers that signed the next ones. */
  readonly firstBlock: Uint8Array;
  /** Organisations without which no write is valid: the regulators. Our own is added, because our log needs it. */
  readonly endorsers: readonly string[];
  /**
   * Organisations whose peers attest together: at least those that the trust bundle's policy asks for. Several such sets,
   * in order of preference, where the policy leaves a choice.
   */
  readonly attesters: readonly (readonly string[])[];
}

const text = z.string().min(1);
const peer = z.object({ mspId: text, endpoint: text, serverName: text, tlsRoot: text });
const keyPair = z.object({ certificate: text, key: text });
const channelSettings = z.object({
  chaincode: text,
  endorsers: z.array(text).min(1),
  attesters: z.array(z.array(text).min(1)).min(1).optional(),
  gateways: z.array(peer).min(1),
  witnesses: z.array(peer),
  firstBlock: text,
  members: z.array(z.object({ mspId: text, role: text })),
});
/** What `network/derive/connection.ts` writes for each organisation. Files are named by absolute paths. */
const connection = z.object({
  mspId: text,
  identity: keyPair,
  tls: keyPair,
  channels: z.record(text, z.unknown()),
});

/**
 * Reads the connection settings of an organisation, and the files that they name.
 *
 * @throws LedgerError `UNAVAILABLE` that says what is wrong with them
 */
export async function readFabricSettings(file: string, channel: string): Promise<FabricSettings> {
  try {
    const { mspId, identity, tls, channels } = connection.parse(JSON.parse(await readFile(file, 'utf8')));
    const { chaincode, endorsers, gateways, witnesses, firstBlock, ...rest } = channelSettings.parse(
      channels[channel],
    );
    return {
      channel,
      chaincode,
      mspId,
      identity: await readPair(identity),
      tls: await readPair(tls),
      gateways: await Promise.all(gateways.map(readPeer)),
      witnesses: await Promise.all(witnesses.map(readPeer)),
      firstBlock: await readFile(firstBlock),
      endorsers,
      attesters: rest.attesters ?? attestersAmong(mspId, endorsers, rest.members),
    };
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    const message = `the connection settings in ${file} are of no use for channel ${channel}: ${why}`;
    throw new LedgerError('UNAVAILABLE', message, undefined, { cause: error });
  }
}

async function readPeer(peer: GatewayPeer): Promise<GatewayPeer> {
  return { ...peer, tlsRoot: await readFile(peer.tlsRoot, 'utf8') };
}

async function readPair({ certificate, key }: KeyPair): Promise<KeyPair> {
  return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
}

/** The default policy of trust bundles: the regulators and one facility, whichever; first our own where we are one. */
function attestersAmong(
  mspId: string,
  endorsers: readonly string[],
  members: readonly { readonly mspId: string; readonly role: string }[],
): readonly (readonly string[])[] {
  const facilities = members.filter(({ role }) => role === 'facility').map((each) => each.mspId);
  const isOwn = (each: string) => each === mspId;
  const inOrder = [...facilities.filter(isOwn), ...facilities.filter((each) => !isOwn(each))];
  return inOrder.length === 0 ? [endorsers] : inOrder.map((facility) => [...endorsers, facility]);
}
