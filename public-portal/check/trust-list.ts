import { parseJson } from '@spondon/protocol/canonical';
import { ProtocolError } from '@spondon/protocol/error';
import type { IssuerList } from '@spondon/protocol/found-claims';
import type { Issuer } from '@spondon/protocol/records';
import { openTrustBundle, type TrustBundle } from '@spondon/protocol/trust';
import { sha256, verify } from './crypto.js';
import { type Service, Unreachable } from './service.js';

/** Whom this browser believes: the trust bundle, the facilities, and when both were fetched. */
export interface TrustList {
  readonly bundle: TrustBundle;
  readonly issuers: IssuerList;
  /** Unix ms. */
  readonly fetchedAt: number;
}

/** Texts as they were fetched, kept over visits so that the page works without a network. */
export interface KeptTrust {
  readonly trust: string;
  readonly issuers: string;
  readonly fetchedAt: number;
}

/** Where the browser keeps them. `load` resolves to null when nothing is kept. */
export interface TrustStore {
  load(): Promise<KeptTrust | null>;
  save(kept: KeptTrust): Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * The list at hand, fetched again when it is a day old. An old one serves while the service cannot be reached, as its
 * age is shown; null when there never was one. A list that does not open is as good as none.
 *
 * @throws ProtocolError when the service gives a list that is damaged
 */
export async function loadTrustList(
  service: Service,
  store: TrustStore,
  now: number,
): Promise<TrustList | null> {
  const kept = await store.load().catch(() => null);
  const held = kept && (await open(kept, now).catch(nothingWhenUnsound));
  if (held && !isDue(held, now)) return held;
  try {
    const [trust, issuers] = await Promise.all([service.trust(), service.issuers()]);
    const fresh = { trust, issuers, fetchedAt: now };
    const list = await open(fresh, now);
    // What cannot be kept serves this visit all the same.
    await store.save(fresh).catch(() => undefined);
    return list;
  } catch (error) {
    if (error instanceof Unreachable) return held;
    throw error;
  }
}

/** One list for all who ask, until it is due: hundreds of files ask, and opening it verifies signatures. */
export function sharedTrustList(
  load: () => Promise<TrustList | null>,
  now: () => number,
): () => Promise<TrustList | null> {
  let held: TrustList | null = null;
  let loading: Promise<TrustList | null> | null = null;
  const loadAnew = async (): Promise<TrustList | null> => {
    try {
      return (held = await load());
    } finally {
      loading = null;
    }
  };
  return () => (held && !isDue(held, now()) ? Promise.resolve(held) : (loading ??= loadAnew()));
}

function isDue({ fetchedAt }: TrustList, now: number): boolean {
  return now - fetchedAt >= DAY_MS;
}

/** Not held against the list before: a visitor who stays away for long misses bundles between the two. */
async function open({ trust, issuers, fetchedAt }: KeptTrust, now: number): Promise<TrustList> {
  const bundle = await openTrustBundle(trust, { now, hash: sha256, verify });
  return { bundle, issuers: readIssuers(issuers), fetchedAt };
}

function nothingWhenUnsound(error: unknown): null {
  if (error instanceof ProtocolError) return null;
  throw error;
}

interface ListedIssuer {
  readonly issuerId: string;
  readonly name: string;
  readonly kind: Issuer['kind'];
  readonly organisation: string;
  readonly licence: string;
  readonly telephone: string;
  readonly state: Issuer['state'];
  readonly since: string;
  readonly keys: readonly {
    readonly kid: string;
    readonly from: string;
    readonly until?: string;
    readonly why?: 'rotated' | 'compromised';
    readonly jwk: Issuer['keys'][number]['jwk'];
  }[];
}

/** The list may be a day old: whoever is missing may have been admitted since. */
function readIssuers(text: string): IssuerList {
  const { issuers } = parseJson(text) as { issuers: readonly ListedIssuer[] };
  const byId = new Map(issuers.map((listed) => [listed.issuerId, issuerOf(listed)]));
  return { issuer: (iss) => byId.get(iss), isComplete: false };
}

function issuerOf({ organisation, since, keys, ...issuer }: ListedIssuer): Issuer {
  return {
    ...issuer,
    mspId: organisation,
    since: Date.parse(since),
    keys: keys.map(({ from, until, ...key }) => ({
      ...key,
      from: Date.parse(from),
      ...(until === undefined ? {} : { until: Date.parse(until) }),
    })),
  };
}
