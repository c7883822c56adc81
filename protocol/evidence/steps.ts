import type { AttestedState } from '../attestation/state.js';
import { encodeBase64url } from '../base64url.js';
import { publicKeyFromJwk, type Hash, type Verify } from '../crypto.js';
import { decodeEntry } from '../entry.js';
import { ProtocolError } from '../error.js';
import type { Evidence } from './file.js';
import { rootFromInclusionPath } from '../merkle/inclusion.js';
import { leafHash } from '../merkle/tree.js';
import { keyOf, type Issuer } from '../records.js';
import { parseStatement, verifyStatement, type IssueStatement, type SignedStatement } from '../statement.js';
import type { TrustBundle } from '../trust.js';
import { isSingleOwner, ownersOf } from '../trust/policy.js';
import type { FoundRecord } from '../verdict/finding.js';

/** The steps of verifying evidence, each over what the steps before it accepted. */

/** A record that evidence proves. */
export interface ProvenRecord extends FoundRecord {
  /** The statement as it was anchored. */
  readonly signed: SignedStatement;
}

interface IssueEntry {
  readonly at: number;
  readonly signed: SignedStatement;
  readonly statement: IssueStatement;
}

/** What `read` gives; null when it finds that the evidence is not what it should be. */
function readOrNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

export function readIssue(entry: Uint8Array): IssueEntry | null {
  return readOrNull(() => {
    const { at, text } = decodeEntry(entry);
    const signed = parseStatement(text);
    return signed.statement.op === 'issue' ? { at, signed, statement: signed.statement } : null;
  });
}

export function rootOf({ entry, index, size, path }: Evidence, hash: Hash): string | null {
  return readOrNull(() =>
    encodeBase64url(rootFromInclusionPath(leafHash(entry, hash), index, size, path, hash)),
  );
}

/** Whether the organisations hold a head of this log, of this size and with the root that the path leads to. */
export function refuseHead(
  evidence: Evidence,
  root: string,
  state: AttestedState,
): 'head-not-attested' | 'head-differs' | null {
  const ofLog = state.heads.filter(({ mspId }) => mspId === evidence.mspId);
  if (ofLog.length === 0) return 'head-not-attested';
  return ofLog.some((head) => head.size === evidence.size && head.root === root) ? null : 'head-differs';
}

async function isSignedBy(issuer: Issuer | null, signed: SignedStatement, verify: Verify): Promise<boolean> {
  const key = issuer === null ? null : keyOf(issuer, signed.kid);
  return key !== null && verifyStatement(signed, publicKeyFromJwk(key.jwk), verify);
}

export async function provenRecord(
  evidence: Evidence,
  { at, signed, statement }: IssueEntry,
  state: AttestedState,
  endorsedBy: readonly string[],
  bundle: TrustBundle,
  verify: Verify,
): Promise<ProvenRecord> {
  const issuer = state.issuers.find(({ iss }) => iss === statement.iss) ?? null;
  const status = state.statuses.find(({ iss, jti }) => iss === statement.iss && jti === statement.jti);
  const attested = { at: state.time, by: [...ownersOf(bundle, endorsedBy)] };
  return {
    statement,
    signed,
    kid: signed.kid,
    issuer,
    signatureGood: await isSignedBy(issuer, signed, verify),
    anchoring: { state: 'anchored', mspId: evidence.mspId, index: evidence.index, at, attested },
    status:
      status === undefined
        ? { state: 'not-attested' }
        : { state: 'known', status: status.status, asOf: state.clock },
    singleOwner: isSingleOwner(bundle, endorsedBy),
  };
}
