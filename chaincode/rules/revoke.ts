import { decodeBase64url } from '@spondon/protocol/base64url';
import { publicKeyFromJwk, type Hash, type Verify } from '@spondon/protocol/crypto';
import { decodeEntry } from '@spondon/protocol/entry';
import { verifyInclusion } from '@spondon/protocol/merkle/inclusion';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { withText, type EnteredStatement } from '@spondon/protocol/pack';
import type { IssuerKey, LogState, Status } from '@spondon/protocol/records';
import {
  parseStatement,
  verifyStatement,
  type RevokeStatement,
  type SignedStatement,
} from '@spondon/protocol/statement';
import { Refusal, refusing } from '../refusal.js';
import { admit, type Admission } from './admission.js';
import { array, exactObject, natural, parseJson, string } from './shape.js';

/** Shows that the document a `revoke` names was issued: an entry of the log and its way to the present root. */
export interface IssueProof {
  readonly index: number;
  readonly entry: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/** A `revoke` of the batch. `signed.statement` is `statement`. */
export interface Revocation {
  readonly position: number;
  readonly signed: SignedStatement;
  readonly statement: RevokeStatement;
  readonly proof: IssueProof;
}

/** What a `revoke` sets. */
export interface Revoked {
  readonly iss: string;
  readonly jti: string;
  readonly status: Status;
}

/** More than 4,096 of the largest proofs take, so that no batch within the other limits ever fails for this one. */
const MAX_PROOFS_BYTES = 24 * 1024 * 1024;
/** No path in a tree whose size is a safe integer is longer. */
const MAX_PATH = 53;

/**
 * The batch's `revoke` statements with their proofs. `proofs` is `[{position, index, entry, path}]` in JSON, bytes as
 * base64url: exactly one for each `revoke`, named by its position in the batch, in that order.
 *
 * @throws Refusal `TOO_LARGE`, `ARGUMENT`, `REVOKE_PROOF`
 */
export function revocationsOf(
  statements: readonly EnteredStatement[],
  proofs: Uint8Array,
): readonly Revocation[] {
  if (proofs.length > MAX_PROOFS_BYTES) {
    throw new Refusal('TOO_LARGE', `proofs are over ${MAX_PROOFS_BYTES} bytes`);
  }
  const unused = array(parseJson(proofs, 'proofs'), 'proofs', statements.length).map(parseProof);
  const revocations: Revocation[] = [];
  for (const [position, entered] of statements.entries()) {
    const { statement } = entered;
    if (statement.op !== 'revoke') continue;
    const proof = unused[revocations.length];
    if (proof?.position !== position) {
      throw new Refusal('REVOKE_PROOF', 'each revoke has its one proof, in the order of the batch', position);
    }
    revocations.push({ position, signed: withText(entered), statement, proof });
  }
  if (unused.length > revocations.length) throw new Refusal('ARGUMENT', 'there are more proofs than revokes');
  return revocations;
}

function parseProof(value: unknown): IssueProof & { readonly position: number } {
  const proof = exactObject(value, ['position', 'index', 'entry', 'path'], 'a proof');
  const bytes = (item: unknown) => refusing('ARGUMENT', () => decodeBase64url(string(item, 'proof bytes')));
  return {
    position: natural(proof.position, 'position'),
    index: natural(proof.index, 'index'),
    entry: bytes(proof.entry),
    path: array(proof.path, 'path', MAX_PATH).map(bytes),
  };
}

/**
 * What a batch's revocations set, in its order. `statuses`, what is committed about their documents, runs parallel.
 *
 * @throws Refusal with the position of the first that breaks a rule
 */
export async function revoke(
  revocations: readonly Revocation[],
  statuses: readonly (Status | undefined)[],
  log: LogState | undefined,
  admission: Admission,
  { hash, verify }: { readonly hash: Hash; readonly verify: Verify },
): Promise<readonly Revoked[]> {
  const { at, mspId } = admission;
  const documents = new Set<string>();
  const revoked: Revoked[] = [];
  for (const [order, revocation] of revocations.entries()) {
    const { position, signed, statement } = revocation;
    const { iss, jti, reason, by } = statement;
    if (documents.has(`${iss}/${jti}`)) {
      throw new Refusal('ALREADY_REVOKED', `${jti} of ${iss} is revoked earlier in this batch`, position);
    }
    documents.add(`${iss}/${jti}`);
    checkStands(revocation, statuses[order]);
    await checkSignature(revocation, admit(signed, position, admission), verify);
    checkIssued(revocation, log, hash);
    const index = (log?.size ?? 0) + position;
    revoked.push({ iss, jti, status: { reason, ...(by === undefined ? {} : { by }), at, index, mspId } });
  }
  return revoked;
}

/**
 * Refuses to revoke what is revoked. After an annulment the issuer may revoke again, with a statement made since:
 * the old one stands in the log for everybody to send once more.
 */
function checkStands(
  { position, statement: { iss, jti, iat } }: Revocation,
  status: Status | undefined,
): void {
  if (status === undefined) return;
  if (status.annulled === undefined) {
    throw new Refusal('ALREADY_REVOKED', `${jti} of ${iss} is revoked already`, position);
  }
  if (iat * 1000 < status.annulled) {
    throw new Refusal('ANNULLED', `a revoke from before its annulment at ${status.annulled}`, position);
  }
}

/** Only a revocation changes what others' look-ups answer, so here the contract itself verifies. */
async function checkSignature(
  { position, signed, statement }: Revocation,
  key: IssuerKey,
  verify: Verify,
): Promise<void> {
  if (!(await verifyStatement(signed, publicKeyFromJwk(key.jwk), verify))) {
    throw new Refusal('REVOKE_SIGNATURE', `not signed by key ${key.kid} of ${statement.iss}`, position);
  }
}

/** The document was issued by the same issuer, in this log, before this batch. */
function checkIssued(
  { position, statement: { iss, jti }, proof }: Revocation,
  log: LogState | undefined,
  hash: Hash,
): void {
  const issued = refusing(
    'REVOKE_PROOF',
    () => {
      const root = decodeBase64url(log?.root ?? '');
      verifyInclusion(leafHash(proof.entry, hash), proof.index, log?.size ?? 0, proof.path, root, hash);
      return parseStatement(decodeEntry(proof.entry).text).statement;
    },
    position,
  );
  if (issued.op !== 'issue' || issued.iss !== iss || issued.jti !== jti) {
    throw new Refusal('REVOKE_PROOF', `the proven entry does not issue ${jti} of ${iss}`, position);
  }
}
