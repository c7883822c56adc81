import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatePrivateKey } from '@spondon/protocol/crypto-node';
import { encodeIdentity } from '../envelope.js';
import { LedgerError } from '../port.js';
import { OWNER_ONLY_FILE, unlessMissing, writeFileDurably } from '../durable-file.js';
import { createOrganisation } from './certificates.js';
import { signDer } from '../signature.js';

/** How private keys are kept: only what `seal` returns is ever on disk. `open` throws when it is not its own. */
export interface Keeper {
  readonly seal: (plaintext: Uint8Array) => Promise<Uint8Array> | Uint8Array;
  readonly open: (sealed: Uint8Array) => Promise<Uint8Array> | Uint8Array;
}

export interface SigningIdentity {
  /** `msp.SerializedIdentity`. */
  readonly serialized: Uint8Array;
  /** ECDSA P-256 over SHA-256, DER, low S. */
  readonly sign: (data: Uint8Array) => Uint8Array;
}

/** The single organisation of an embedded ledger. */
export interface Organisation {
  readonly mspId: string;
  /** PEM. */
  readonly root: string;
  /** Unix ms: since when its root is valid. */
  readonly from: number;
  readonly peer: SigningIdentity;
  readonly client: SigningIdentity;
  /** Signs trust bundles and nothing else. */
  readonly bundleKey: KeyObject;
}

/** The identity file: certificates in PEM, keys as base64url of what the keeper sealed. */
interface Stored {
  readonly mspId: string;
  readonly root: string;
  readonly rootKey: string;
  readonly peer: string;
  readonly peerKey: string;
  readonly client: string;
  readonly clientKey: string;
  readonly bundleKey: string;
}
const MEMBERS: readonly (keyof Stored)[] = [
  'mspId',
  'root',
  'rootKey',
  'peer',
  'peerKey',
  'client',
  'clientKey',
  'bundleKey',
];

/** Those that the keeper sealed. */
export const SEALED_MEMBERS = ['rootKey', 'peerKey', 'clientKey', 'bundleKey'] as const;

export const IDENTITY_FILE = 'identity.json';

/**
 * The organisation in `folder`, or null when there is none yet.
 *
 * @throws LedgerError `DAMAGED` when it is another one than `mspId`, or its parts do not fit together
 */
export async function loadOrganisation(
  folder: string,
  mspId: string,
  keeper: Keeper,
): Promise<Organisation | null> {
  const stored = await readIdentity(folder);
  if (!stored) return null;
  if (stored.mspId !== mspId) throw damaged(`belongs to ${stored.mspId}, not to ${mspId}`);
  const { peer, client } = checkCertificates(stored);
  return {
    mspId,
    root: stored.root,
    from: Date.parse(new X509Certificate(stored.root).validFrom),
    peer: signingIdentity(mspId, stored.peer, await openKey(stored.peerKey, keeper, peer)),
    client: signingIdentity(mspId, stored.client, await openKey(stored.clientKey, keeper, client)),
    bundleKey: await openKey(stored.bundleKey, keeper, null),
  };
}

/** Makes a new organisation with keys of its own. Durable before it resolves: it will have signed something soon. */
export async function foundOrganisation(
  folder: string,
  mspId: string,
  keeper: Keeper,
  now: number,
  random: (length: number) => Uint8Array,
): Promise<void> {
  const { root, peer, client } = await createOrganisation(mspId, now, random);
  const bundleKey = generatePrivateKey('P-256').export({ type: 'pkcs8', format: 'der' });
  const stored: Stored = {
    mspId,
    root: root.certificate,
    rootKey: await sealKey(root.key, keeper),
    peer: peer.certificate,
    peerKey: await sealKey(peer.key, keeper),
    client: client.certificate,
    clientKey: await sealKey(client.key, keeper),
    bundleKey: await sealKey(bundleKey, keeper),
  };
  await writeFileDurably(
    join(folder, IDENTITY_FILE),
    `${JSON.stringify(stored, null, 2)}\n`,
    OWNER_ONLY_FILE,
  );
}

/** A member of the organisation as those see it who verify. */
export interface PublicIdentity {
  /** `msp.SerializedIdentity`. */
  readonly serialized: Uint8Array;
  readonly publicKey: KeyObject;
}

/** The public halves, for which no keeper is needed. Null when there is no organisation yet. */
export async function loadPublicIdentities(
  folder: string,
): Promise<{ readonly peer: PublicIdentity; readonly client: PublicIdentity } | null> {
  const stored = await readIdentity(folder);
  if (!stored) return null;
  const { peer, client } = checkCertificates(stored);
  return {
    peer: { serialized: encodeIdentity(stored.mspId, stored.peer), publicKey: peer.publicKey },
    client: { serialized: encodeIdentity(stored.mspId, stored.client), publicKey: client.publicKey },
  };
}

async function readIdentity(folder: string): Promise<Stored | null> {
  const text = await unlessMissing(readFile(join(folder, IDENTITY_FILE), 'utf8'));
  return text === undefined ? null : parseIdentity(text);
}

/** @throws LedgerError `DAMAGED` */
export function parseIdentity(text: string): Stored {
  try {
    const stored = JSON.parse(text) as Partial<Record<keyof Stored, unknown>>;
    if (MEMBERS.every((member) => typeof stored[member] === 'string')) return stored as Stored;
  } catch (error) {
    throw damaged('is not JSON', error);
  }
  throw damaged('lacks a member');
}

function checkCertificates(stored: Stored): { peer: X509Certificate; client: X509Certificate } {
  try {
    const root = new X509Certificate(stored.root);
    const [peer, client] = [new X509Certificate(stored.peer), new X509Certificate(stored.client)];
    if ([root, peer, client].every((certificate) => certificate.verify(root.publicKey)))
      return { peer, client };
  } catch (error) {
    throw damaged('has a certificate that cannot be read', error);
  }
  throw damaged('has a certificate that its root did not sign');
}

async function sealKey(key: Uint8Array, keeper: Keeper): Promise<string> {
  const sealed = await keeper.seal(key);
  key.fill(0);
  return Buffer.from(sealed).toString('base64url');
}

async function openKey(sealed: string, keeper: Keeper, owner: X509Certificate | null): Promise<KeyObject> {
  let key: KeyObject;
  try {
    const plaintext = await keeper.open(Buffer.from(sealed, 'base64url'));
    key = createPrivateKey({ key: Buffer.from(plaintext), format: 'der', type: 'pkcs8' });
  } catch (error) {
    throw damaged('has a private key that does not open (is this the right master key?)', error);
  }
  if (owner && !owner.checkPrivateKey(key)) throw damaged('has a key that is not its certificate’s');
  return key;
}

function signingIdentity(mspId: string, certificate: string, key: KeyObject): SigningIdentity {
  return { serialized: encodeIdentity(mspId, certificate), sign: (data) => signDer(key, data) };
}

function damaged(what: string, cause?: unknown): LedgerError {
  return new LedgerError('DAMAGED', `the ledger's ${IDENTITY_FILE} ${what}`, undefined, { cause });
}
