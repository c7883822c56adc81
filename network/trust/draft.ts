import { X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrustBundle } from '@spondon/protocol/trust';
import {
  TRUST_TYP,
  type TrustedMsp,
  type TrustPayload,
  type TrustSigner,
} from '@spondon/protocol/trust/payload';
import { withChaincode } from '@spondon/protocol/trust/successor';
import { NetworkError } from '../error.js';
import { files, type Place } from '../layout.js';
import { membersOf, regulatorsOf, type Channel, type Organisation, type Topology } from '../topology.js';

/** What a bundle is made of, besides what the organisations publish of themselves. */
export interface TrustSubject {
  readonly channel: string;
  /** Hosts of verification pages. */
  readonly hosts: readonly string[];
  /** Public keys of the regulators' offline keys. */
  readonly signers: readonly TrustSigner[];
  /** Last moment at which it may be used, Unix ms. */
  readonly expires: number;
  /** The bundle that this one succeeds; null for the first. */
  readonly previous: TrustBundle | null;
}

/** Besides both regulators, so many further owners have to attest. */
const OTHER_OWNERS = 1;

/**
 * The content of a channel's trust bundle, still unsigned: of every member the roots, intermediates and revocation
 * lists in its MSP folder. Nobody and no chaincode version is taken out of a successor, since evidence made in their
 * time stays good: a member that left ends at `now`.
 *
 * @throws NetworkError `TOPOLOGY` for a channel that has no chaincode
 */
export async function draftTrust(
  topology: Topology,
  place: Place,
  { channel: name, hosts, signers, expires, previous }: TrustSubject,
  now: number,
): Promise<TrustPayload> {
  const { channel, chaincode } = channelOf(topology, name);
  const old = previous?.payload;
  const members = await Promise.all(
    membersOf(topology, channel).map((member) => mspOf(place, member, old?.msps ?? [])),
  );
  return {
    typ: TRUST_TYP,
    version: (old?.version ?? 0) + 1,
    expires,
    previous: previous?.hash ?? null,
    engine: 'fabric',
    channel: name,
    chaincodes: withChaincode(old?.chaincodes ?? [], chaincode),
    hosts,
    msps: [...members, ...leaversOf(old?.msps ?? [], members, now)],
    policy: { all: regulatorsOf(topology).map(({ mspId }) => mspId), otherOwners: OTHER_OWNERS },
    signers,
    outgoing: (old?.signers ?? []).filter((each) => !signers.some(({ kid }) => kid === each.kid)),
  };
}

function channelOf(topology: Topology, name: string) {
  const channel = topology.channels.find((each) => each.name === name);
  const chaincode: Channel['chaincode'] = channel?.chaincode;
  if (!channel || !chaincode)
    throw new NetworkError('TOPOLOGY', `there is no channel ${name} with a chaincode`);
  return { channel, chaincode };
}

async function mspOf(
  place: Place,
  organisation: Organisation,
  old: readonly TrustedMsp[],
): Promise<TrustedMsp> {
  const { mspId, title } = organisation;
  const [roots, intermediates, crls] = await Promise.all(
    ['cacerts', 'intermediatecerts', 'crls'].map((part) =>
      pemsIn(join(files.msp(place, organisation), part)),
    ),
  );
  const before = old.find((each) => each.mspId === mspId);
  return {
    mspId,
    owner: title,
    roots: roots ?? [],
    intermediates: intermediates ?? [],
    crls: crls ?? [],
    from: before?.from ?? Math.min(...(roots ?? []).map(beginningOf)),
  };
}

/** An MSP that ended before stays as it ended. */
function leaversOf(
  old: readonly TrustedMsp[],
  members: readonly TrustedMsp[],
  now: number,
): readonly TrustedMsp[] {
  return old
    .filter(({ mspId }) => !members.some((member) => member.mspId === mspId))
    .map((msp) => ({ ...msp, until: msp.until ?? now }));
}

function beginningOf(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validFrom);
}

/** In the order of their names; none where there is no such folder. */
async function pemsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
}
