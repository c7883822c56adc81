import type { Hash as Hasher } from 'node:crypto';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { toHex } from '@spondon/protocol/bytes';
import { parseClaims } from '@spondon/protocol/claims';
import type { ClaimsInFile, ClaimsReading } from '@spondon/protocol/reading/find-claims';
import type { FoundClaims } from '@spondon/protocol/verdict/finding';
import { HTTP_STATUS, ServiceError } from '../error.js';
import { MAX_FILE_BYTES } from '../intake/limits.js';
import { answer, type Answer } from './answer.js';
import type { Finder } from './find.js';

export interface VerifyFileDeps {
  readonly finder: Finder;
  /** Looks for codes in a PDF or picture, in a thread and for a limited time. */
  readonly readClaims: (file: Uint8Array) => Promise<Pick<ClaimsReading, 'claims' | 'complete'>>;
  readonly now: () => number;
}

export type Reading = 'complete' | 'partial' | 'not-read' | 'failed';

/**
 * Verifies a file as it arrives: hashed in passing and kept in memory only while it is small enough to be issued, and
 * so to be read for codes. `receive` hands the stream over once.
 */
export async function verifyFile(
  deps: VerifyFileDeps,
  hasher: Hasher,
  receive: (consume: (file: AsyncIterable<Uint8Array>) => Promise<void>) => Promise<void>,
) {
  const chunks: Uint8Array[] = [];
  let size = 0;
  await receive(async (file) => {
    for await (const chunk of file) {
      hasher.update(chunk);
      size += chunk.length;
      if (size > MAX_FILE_BYTES) chunks.length = 0;
      else chunks.push(chunk);
    }
  });
  if (size === 0) throw new ServiceError('FILE_EMPTY', 'The file is empty');
  const sha256 = hasher.digest();
  const { codes, reading } = await readCodes(deps, size > MAX_FILE_BYTES ? null : Buffer.concat(chunks));
  const described = await Promise.all(codes.map((code) => describeCode(deps, code)));
  const claims = described.flatMap(({ found }) => (found ? [found] : []));
  const lookup = await deps.finder.byFile(sha256, claims);
  const judged: Answer = answer(
    { asked: 'file', sha256: encodeBase64url(sha256), claims, lookup },
    { now: deps.now() },
  );
  return { ...judged, sha256: toHex(sha256), size, claims: described.map(({ shown }) => shown), reading };
}

/** A file that cannot be read for codes is still judged by its hash: the answer says that it was not read. */
async function readCodes(
  { readClaims }: VerifyFileDeps,
  file: Uint8Array | null,
): Promise<{ codes: readonly ClaimsInFile[]; reading: Reading }> {
  if (!file) return { codes: [], reading: 'not-read' };
  try {
    const { claims, complete } = await readClaims(file);
    return { codes: claims, reading: complete ? 'complete' : 'partial' };
  } catch (error) {
    if (!(error instanceof ServiceError) || HTTP_STATUS[error.code] === 503) throw error;
    return { codes: [], reading: 'failed' };
  }
}

async function describeCode({ finder }: VerifyFileDeps, { jws, host, source, page }: ClaimsInFile) {
  const found: FoundClaims | null = await finder.claims(jws);
  const shown = {
    source,
    host: host ?? null,
    ...(page === undefined ? {} : { page }),
    signature: signatureOf(found),
    content: found ? parseClaims(jws).claims : null,
  };
  return { found, shown };
}

function signatureOf(found: FoundClaims | null): 'good' | 'bad' | 'not-checked' {
  if (found?.signer.state === 'known') return found.signer.good ? 'good' : 'bad';
  return found?.signer.state === 'not-checked' ? 'not-checked' : 'bad';
}
