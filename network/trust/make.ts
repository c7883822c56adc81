import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { assembleTrustBundle, openTrustBundle, type TrustBundle } from '@spondon/protocol/trust';
import { saysTheSame } from '@spondon/protocol/trust/successor';
import { files, native, type Place } from '../layout.js';
import { regulatorsOf, type Topology } from '../topology.js';
import { writeWhole } from '../whole-file.js';
import { draftTrust } from './draft.js';
import { makeTrustKey, readTrustKey, signDraft, signerOf } from './key.js';

const DAY_MS = 24 * 60 * 60_000;
export const LIFETIME_MS = 400 * DAY_MS;

/**
 * For trials: the trust bundle of a channel, signed by keys of both regulators that are made and kept in the data
 * folder, where no real ones belong. The one that is there is left as long as it says what it should; its successor
 * takes its place, and it stays beside it under its version.
 */
export async function makeTrust(
  topology: Topology,
  place: Place,
  subject: { readonly channel: string; readonly hosts?: readonly string[] },
  now: number,
): Promise<{ readonly file: string; readonly bundle: TrustBundle }> {
  const file = files.trust(place, subject.channel);
  await mkdir(join(place.folder, 'trust'), { recursive: true, mode: 0o700 });
  const keys = await Promise.all(regulatorsOf(topology).map((each) => keptKey(files.trustKey(place, each))));
  const keptText = existsSync(file) ? await readFile(file, 'utf8') : null;
  const kept = keptText === null ? null : await open(keptText);
  const signers = keys.map(signerOf);
  const { channel, hosts = kept?.payload.hosts ?? [] } = subject;
  const whole = { channel, hosts, signers, expires: now + LIFETIME_MS, previous: kept };
  const payload = await draftTrust(topology, place, whole, now);
  if (kept && saysTheSame(kept.payload, payload)) return { file, bundle: kept };
  const text = assembleTrustBundle(payload, await Promise.all(keys.map((key) => signDraft(payload, key))));
  const bundle = await open(text, kept ?? undefined);
  if (kept && keptText !== null)
    await writeFile(files.trust(place, `${subject.channel}-${kept.payload.version}`), keptText);
  await writeWhole(file, text);
  return { file, bundle };
}

/** The bundles of all channels that have a chaincode, for whichever hosts they named before. */
export async function makeTrialTrust(topology: Topology, folder: string, now: number) {
  const place = native(resolve(folder));
  const made: Awaited<ReturnType<typeof makeTrust>>[] = [];
  for (const { name, chaincode } of topology.channels)
    if (chaincode) made.push(await makeTrust(topology, place, { channel: name }, now));
  return made;
}

async function keptKey(file: string) {
  if (!existsSync(file)) await makeTrustKey(file);
  return readTrustKey(file);
}

/** An expired bundle still has a successor. */
function open(text: string, previous?: TrustBundle): Promise<TrustBundle> {
  return openTrustBundle(text, { now: 0, hash: sha256, verify, ...(previous && { previous }) });
}
