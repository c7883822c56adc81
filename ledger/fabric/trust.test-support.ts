import { native } from '@spondon/network/layout';
import { draftTrust } from '@spondon/network/trust/draft';
import { signDraft, signerOf } from '@spondon/network/trust/key';
import { generatePrivateKey, sha256, verify } from '@spondon/protocol/crypto-node';
import { assembleTrustBundle, openTrustBundle, type TrustBundle } from '@spondon/protocol/trust';
import type { TrustPayload } from '@spondon/protocol/trust/payload';
import type { TrialNetwork } from './trial.test-support.js';

const DAY_MS = 24 * 60 * 60_000;

/** A trust bundle for a channel of the trial network, drafted from its material and changed, signed by two new keys. */
export async function trialTrustText(
  { topology, folder }: TrialNetwork,
  channel: string,
  change: (payload: TrustPayload) => TrustPayload = (payload) => payload,
): Promise<string> {
  const now = Date.now();
  const keys = [generatePrivateKey('P-256'), generatePrivateKey('P-256')];
  const subject = { channel, hosts: [], signers: keys.map(signerOf), expires: now + DAY_MS, previous: null };
  const payload = change(await draftTrust(topology, native(folder), subject, now));
  return assembleTrustBundle(payload, await Promise.all(keys.map((key) => signDraft(payload, key))));
}

/** The same, as a verifier opens it. */
export async function trialTrust(...what: Parameters<typeof trialTrustText>): Promise<TrustBundle> {
  return openTrustBundle(await trialTrustText(...what), { now: Date.now(), hash: sha256, verify });
}
