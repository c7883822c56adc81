import { readFile } from 'node:fs/promises';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { openTrustBundle, signTrustBundle, type TrustBundle } from '@spondon/protocol/trust';
import { TRUST_TYP, type TrustPayload } from '@spondon/protocol/trust/payload';
import { newKey } from '@spondon/chaincode/sample.test-support';
import { files, native } from '@spondon/network/layout';
import { membersOf, regulatorsOf } from '@spondon/network/topology';
import type { TrialNetwork } from './trial.test-support.js';

const DAY_MS = 24 * 60 * 60_000;

/**
 * A trust bundle for a channel of the trial network, signed by two keys as the regulators' offline ones would: the
 * members' root certificates and the default policy, both regulators and one facility. Nothing else of the network.
 */
export async function trialTrustText(
  { topology, folder }: TrialNetwork,
  channelName: string,
  change: (payload: TrustPayload) => TrustPayload = (payload) => payload,
): Promise<string> {
  const channel = topology.channels.find(({ name }) => name === channelName);
  if (!channel?.chaincode) throw new TypeError(`${channelName} has no chaincode`);
  const { name, version } = channel.chaincode;
  const keys = [newKey(), newKey()];
  const msps = await Promise.all(
    membersOf(topology, channel).map(async (member) => ({
      mspId: member.mspId,
      owner: member.title,
      roots: [await readFile(files.root(native(folder), member), 'utf8')],
      intermediates: [],
      crls: [],
      from: 0,
    })),
  );
  const payload = change({
    typ: TRUST_TYP,
    version: 1,
    expires: Date.now() + DAY_MS,
    previous: null,
    engine: 'fabric',
    channel: channelName,
    chaincodes: [{ name, version }],
    hosts: [],
    msps,
    policy: { all: regulatorsOf(topology).map(({ mspId }) => mspId), otherOwners: 1 },
    signers: keys.map(({ kid, jwk }) => ({ kid, jwk })),
    outgoing: [],
  });
  return signTrustBundle(payload, (kid) => {
    const key = keys.find((each) => each.kid === kid);
    if (!key) throw new TypeError('an unknown signer');
    return key.sign;
  });
}

/** The same, as a verifier opens it. */
export async function trialTrust(...what: Parameters<typeof trialTrustText>): Promise<TrustBundle> {
  return openTrustBundle(await trialTrustText(...what), { now: Date.now(), hash: sha256, verify });
}
