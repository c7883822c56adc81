import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { isDocumentId, parseDocumentId } from '@spondon/protocol/document-id';
import { lookupFromEvidence, parseEvidence, verifyEvidence } from '@spondon/protocol/evidence';
import { readFoundClaims } from '@spondon/protocol/found-claims';
import type { Issuer } from '@spondon/protocol/records';
import { openTrustBundle } from '@spondon/protocol/trust';
import type { FoundClaims } from '@spondon/protocol/verdict/finding';
import { createClaimsReader } from '../read/claims-reader.js';
import { answer, type Answer } from '../verify/answer.js';
import { MAX_FILE_BYTES } from '../routes/upload.js';
import type { Client } from './client.js';

/** What somebody wants verified: a file, or a printed code. */
export type Subject = { readonly file: string } | { readonly code: string };

/** A code when it reads as one and no file has that name. */
export async function subjectOf(text: string): Promise<Subject> {
  if (await exists(text)) return { file: text };
  const code = readCode(text);
  if (code !== null) return { code };
  throw new Error(
    `There is no file ${text}, and it is not a document code either (17 symbols, such as 7K3M-Q2XD-9FHT-W4ZB-C)`,
  );
}

export interface Evidence {
  readonly evidence: string;
  readonly trust: string;
  /** Fingerprint of the trust bundle's signers, obtained elsewhere. */
  readonly pin: string | undefined;
  readonly maxAgeHours: number | undefined;
}

export interface OfflineAnswer extends Answer {
  /** Fingerprint of the trust bundle that the answer rests on. */
  readonly trust: string;
  readonly endorsedBy: readonly string[];
}

/** Verifies with nothing but files: no network is used. */
export async function verifyOffline(subject: Subject, given: Evidence, now: number): Promise<OfflineAnswer> {
  const [evidenceText, trustText] = await Promise.all([
    readFile(given.evidence, 'utf8'),
    readFile(given.trust, 'utf8'),
  ]);
  const { pin, maxAgeHours } = given;
  const bundle = await openTrustBundle(trustText, {
    now,
    hash: sha256,
    verify,
    ...(pin === undefined ? {} : { pin }),
  });
  const maxStatusAge = maxAgeHours === undefined ? {} : { maxStatusAge: maxAgeHours * 3_600_000 };
  const evidence = parseEvidence(evidenceText.trimEnd());
  const result = await verifyEvidence(evidence, { bundle, now, hash: sha256, verify, ...maxStatusAge });
  const lookup = lookupFromEvidence(result);
  const proof = { trust: bundle.fingerprint, endorsedBy: result.endorsedBy };
  if ('code' in subject) {
    const records =
      lookup.state === 'answered'
        ? lookup.records.filter(({ statement }) => statement.jti === subject.code)
        : [];
    const asked = lookup.state === 'answered' ? { ...lookup, records } : lookup;
    return { ...answer({ asked: 'code', claims: [], lookup: asked }, now), ...proof };
  }
  const issuers = result.record?.issuer
    ? new Map([[result.record.statement.iss, result.record.issuer]])
    : new Map<string, Issuer>();
  const claims = await readClaims(subject.file, issuers);
  return { ...answer({ asked: 'file', sha256: await hashOf(subject.file), claims, lookup }, now), ...proof };
}

/** Asks the service; of a file only its hash leaves this computer. */
export async function verifyOnline(client: Client, subject: Subject): Promise<Answer> {
  if ('code' in subject) return client.verifyCode(subject.code);
  return client.verifyHash(Buffer.from(await hashOf(subject.file), 'base64url').toString('hex'));
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return encodeBase64url(hash.digest());
}

/** Claims in the file's codes. Their signer is known only where the evidence vouches for the issuer. */
async function readClaims(file: string, issuers: ReadonlyMap<string, Issuer>): Promise<FoundClaims[]> {
  if ((await stat(file)).size > MAX_FILE_BYTES) return [];
  const reader = createClaimsReader({ threads: 1 });
  try {
    const { claims } = await reader.read(await readFile(file));
    const list = { issuer: (iss: string) => issuers.get(iss), isComplete: false };
    const found = await Promise.all(claims.map(({ jws }) => readFoundClaims(jws, list, sha256, verify)));
    return found.filter((one) => one !== null);
  } finally {
    await reader.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function readCode(text: string): string | null {
  try {
    const code = parseDocumentId(text);
    return isDocumentId(code) ? code : null;
  } catch {
    return null;
  }
}
