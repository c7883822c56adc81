import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kidOf } from '@spondon/protocol/crypto';
import { publicJwkOf, sha256, signWith, verify } from '@spondon/protocol/crypto-node';
import { openTrustBundle, signTrustBundle, type TrustBundle } from '@spondon/protocol/trust';
import { TRUST_TYP, type TrustPayload } from '@spondon/protocol/trust/payload';
import { saysTheSame, withChaincode } from '@spondon/protocol/trust/successor';
import { OWNER_ONLY_FILE, unlessMissing, writeFileDurably } from '../durable-file.js';
import { LedgerError } from '../port.js';
import type { Organisation } from './identity.js';
import type { ChaincodeId } from './proposal.js';

/** What a bundle is to say, besides what the organisation says of itself. */
export interface TrustSubject {
  readonly channel: string;
  readonly chaincode: ChaincodeId;
  /** Who runs the organisation, for people. */
  readonly owner: string;
  /** Hosts of verification pages. */
  readonly hosts: readonly string[];
}

interface Kept {
  readonly text: string;
  readonly bundle: TrustBundle;
}

const FILE = 'trust.json';
const DAY_MS = 24 * 60 * 60_000;
const LIFETIME_MS = 400 * DAY_MS;
/** A bundle is renewed when it has less left than this, long before anybody's copy expires. */
const RENEWAL_MS = 200 * DAY_MS;

/**
 * The ledger's trust bundle: the one kept in `folder` while it still says what it should, else its successor, which is
 * kept before it is handed out, so that two bundles never bear one number.
 *
 * @throws LedgerError `DAMAGED` when the kept one is not this organisation's
 */
export async function currentTrustBundle(
  folder: string,
  organisation: Organisation,
  subject: TrustSubject,
  now: number,
): Promise<string> {
  const kept = await readBundle(folder);
  const payload = payloadOf(organisation, subject, now, kept?.bundle ?? null);
  if (kept && saysTheSame(kept.bundle.payload, payload) && kept.bundle.payload.expires - now > RENEWAL_MS) {
    return kept.text;
  }
  const text = await signTrustBundle(payload, () => signWith(organisation.bundleKey));
  await writeFileDurably(join(folder, FILE), text, OWNER_ONLY_FILE);
  return text;
}

function payloadOf(
  organisation: Organisation,
  { channel, chaincode, owner, hosts }: TrustSubject,
  now: number,
  kept: TrustBundle | null,
): TrustPayload {
  const jwk = publicJwkOf(organisation.bundleKey);
  const { mspId, root, from } = organisation;
  return {
    typ: TRUST_TYP,
    version: (kept?.payload.version ?? 0) + 1,
    expires: now + LIFETIME_MS,
    previous: kept?.hash ?? null,
    engine: 'embedded',
    channel,
    chaincodes: withChaincode(kept?.payload.chaincodes ?? [], chaincode),
    hosts,
    msps: [{ mspId, owner, roots: [root], intermediates: [], crls: [], from }],
    policy: { all: [mspId], otherOwners: 0 },
    signers: [{ kid: kidOf(jwk, sha256), jwk }],
    outgoing: [],
  };
}

async function readBundle(folder: string): Promise<Kept | null> {
  const text = await unlessMissing(readFile(join(folder, FILE), 'utf8'));
  if (text === undefined) return null;
  try {
    // An expired bundle still has a successor.
    return { text, bundle: await openTrustBundle(text, { now: 0, hash: sha256, verify }) };
  } catch (error) {
    throw new LedgerError('DAMAGED', `the ledger's ${FILE} does not open`, undefined, { cause: error });
  }
}
