import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { type Claims, parseClaims } from '@spondon/protocol/claims';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { ProtocolError } from '@spondon/protocol/error';
import { lookupFromEvidence, verifyEvidence } from '@spondon/protocol/evidence';
import { parseEvidence } from '@spondon/protocol/evidence/file';
import { readFoundClaims } from '@spondon/protocol/found-claims';
import { openTrustBundle } from '@spondon/protocol/trust';
import type { Finding, Lookup } from '@spondon/protocol/verdict/finding';
import { MAX_FILE_BYTES } from '../intake/limits.js';
import { createClaimsReader } from '../read/claims-reader.js';
import { answer, type Answer } from '../verify/answer.js';
import { ApiError, type Client, type ReportedItem } from './client.js';

const HOUR_MS = 3_600_000;

/** What somebody wants verified: a file, or a printed code. */
export type Subject = { readonly file: string } | { readonly code: string };

/** A code when it reads as one and no file has that name. */
export async function subjectOf(text: string): Promise<Subject> {
  if (await exists(text)) return { file: text };
  try {
    return { code: parseDocumentId(text) };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new Error(`There is no file ${text}, and it is no document code either: ${error.message}`);
  }
}

/** Paths of what was fetched earlier. */
export interface EvidenceFiles {
  readonly evidence: string;
  readonly trust: string;
  /** Fingerprint of the trust bundle's signers, obtained elsewhere. */
  readonly pin: string | undefined;
  readonly maxAgeHours: number | undefined;
}

/** An answer that does not rest on the service's word. */
export interface ProvenAnswer extends Answer {
  /** Fingerprint of the trust bundle that the answer rests on. */
  readonly trust: string;
  readonly endorsedBy: readonly string[];
  /** What the codes in the file say, where their issuer's key has signed it: to be compared with what is printed. */
  readonly facts: readonly Claims[];
}

/** Verifies with nothing but files: no network is used. */
export async function verifyOffline(
  subject: Subject,
  given: EvidenceFiles,
  now: number,
): Promise<ProvenAnswer> {
  const read = async (name: string): Promise<NamedText> => ({ name, text: await readFile(name, 'utf8') });
  const [evidence, trust] = await Promise.all([read(given.evidence), read(given.trust)]);
  return judgeWithEvidence(subject, { ...given, evidence, trust }, now);
}

/**
 * Asks the service; of a file only its hash leaves this computer. When nobody knows the hash, codes are looked for in
 * the file here, and the evidence of the document that they name tells a scan or a re-saved copy from a stranger.
 */
export async function verifyOnline(client: Client, subject: Subject, now: number): Promise<Answer> {
  if ('code' in subject) return client.verifyCode(subject.code);
  const found = await client.verifyHash(Buffer.from(await hashOf(subject.file), 'base64url').toString('hex'));
  if (found.verdict !== 'not-found') return found;
  for (const jws of await codesIn(subject.file)) {
    const evidence = await evidenceOf(client, jws);
    if (evidence === null) continue;
    const given = {
      evidence: { name: "the service's evidence", text: evidence },
      trust: { name: "the service's trust bundle", text: await client.trust() },
      pin: undefined,
      maxAgeHours: undefined,
    };
    return judgeWithEvidence(subject, given, now);
  }
  return found;
}

/** What the service is told of it for a report: of a file its hash, its size and its own name. */
export async function reportedItem(subject: Subject): Promise<ReportedItem> {
  if ('code' in subject) return { code: subject.code };
  const sha256 = Buffer.from(await hashOf(subject.file), 'base64url').toString('hex');
  return { sha256, fileName: basename(subject.file), fileSize: (await stat(subject.file)).size };
}

/** A text, and where it comes from: whoever gave several is told which of them is wrong. */
interface NamedText {
  readonly name: string;
  readonly text: string;
}

interface EvidenceTexts {
  readonly evidence: NamedText;
  readonly trust: NamedText;
  readonly pin: string | undefined;
  readonly maxAgeHours: number | undefined;
}

async function judgeWithEvidence(subject: Subject, given: EvidenceTexts, now: number): Promise<ProvenAnswer> {
  const pin = given.pin === undefined ? {} : { pin: given.pin };
  const options = { now, hash: sha256, verify, ...pin };
  const bundle = await parsed(given.trust, (text) => openTrustBundle(text, options));
  const maxStatusAge = given.maxAgeHours === undefined ? {} : { maxStatusAge: given.maxAgeHours * HOUR_MS };
  const time = { now, ...maxStatusAge };
  const evidence = await parsed(given.evidence, parseEvidence);
  const result = await verifyEvidence(evidence, { bundle, hash: sha256, verify, ...time });
  const lookup = lookupFromEvidence(result);
  const proof = { trust: bundle.fingerprint, endorsedBy: result.endorsedBy };
  if ('code' in subject) return { ...answer(askedByCode(subject.code, lookup), time), ...proof, facts: [] };
  const issuer = result.record?.issuer;
  const list = {
    issuer: (iss: string) => (iss === result.record?.statement.iss ? (issuer ?? undefined) : undefined),
    isComplete: false,
  };
  const codes = await codesIn(subject.file);
  const read = await Promise.all(codes.map((jws) => readFoundClaims(jws, list, sha256, verify)));
  const claims = read.filter((one) => one !== null);
  const facts = codes
    .filter((_, at) => read[at]?.signer.state === 'known' && read[at].signer.good)
    .map((jws) => parseClaims(jws).claims);
  const sha256Of = await hashOf(subject.file);
  return { ...answer({ asked: 'file', sha256: sha256Of, claims, lookup }, time), ...proof, facts };
}

async function parsed<T>({ name, text }: NamedText, parse: (text: string) => T | Promise<T>): Promise<T> {
  try {
    // Editors end a file with a line break.
    return await parse(text.trimEnd());
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

/** Evidence of another document answers nothing about this one. */
function askedByCode(jti: string, lookup: Lookup): Finding {
  if (lookup.state !== 'answered') return { asked: 'code', claims: [], lookup };
  const records = lookup.records.filter(({ statement }) => statement.jti === jti);
  return { asked: 'code', claims: [], lookup: { ...lookup, records } };
}

/** Null when the code is none of ours, or its document is not anchored. */
async function evidenceOf(client: Client, jws: string): Promise<string | null> {
  try {
    return await client.evidence(parseClaims(jws).claims.jti);
  } catch (error) {
    if (error instanceof ProtocolError || (error instanceof ApiError && error.status === 404)) return null;
    throw error;
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return encodeBase64url(hash.digest());
}

/** The claims that stand in the file's codes, each once. What is no picture or PDF has none. */
async function codesIn(file: string): Promise<string[]> {
  if ((await stat(file)).size > MAX_FILE_BYTES) return [];
  const reader = createClaimsReader({ threads: 1 });
  try {
    const { claims } = await reader.read(await readFile(file));
    return [...new Set(claims.map(({ jws }) => jws))];
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
