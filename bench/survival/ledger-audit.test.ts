import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Facility } from '@spondon/chaincode/sample.test-support';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { canonicalJson } from '@spondon/protocol/canonical';
import { sha256 } from '@spondon/protocol/crypto-node';
import { formatDocumentId } from '@spondon/protocol/document-id';
import { encodeEntry } from '@spondon/protocol/entry';
import { appendLeaves, type Frontier, rootOf } from '@spondon/protocol/merkle/compact-range';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { packStatements } from '@spondon/protocol/pack';
import { logKey } from '@spondon/protocol/records';
import type { SignedStatement } from '@spondon/protocol/statement';
import { RebuiltLog } from './ledger-audit.js';

const MSP = 'HospitalMSP';
const AT = 1_000;
const facility = new Facility('bd.dghs.1', MSP);
const NOTHING = {
  documents: new Map<string, string>(),
  revoked: new Set<string>(),
  statements: new Set<string>(),
};

/** A log of these statements, one to a block, whose heads `change` may falsify. */
function logOf(statements: readonly SignedStatement[], change = (root: string): string => root): RebuiltLog {
  const log = new RebuiltLog(MSP);
  let frontier: Frontier = [];
  for (const [number, statement] of statements.entries()) {
    frontier = appendLeaves(frontier, number, [leafHash(encodeEntry(AT, statement.text), sha256)], sha256);
    const root = change(encodeBase64url(rootOf(frontier, number + 1, sha256)));
    const state = { n: number + 1, size: number + 1, root, at: AT, frontier: frontier.map(encodeBase64url) };
    const write = { key: logKey(MSP), value: Buffer.from(canonicalJson(state)) };
    const args = [Buffer.from(String(number)), packStatements([statement]), Buffer.from('[]')];
    const about = { id: String(number), valid: true, creatorMspId: MSP, time: AT, fn: 'Append' };
    const transactions = [{ ...about, args, writes: [write] }];
    log.apply({ number, hash: new Uint8Array(32), previousHash: new Uint8Array(32), transactions });
  }
  return log;
}

test('what was acknowledged and stands in the log once is neither lost nor there twice', async () => {
  const [issued, other] = [await facility.issue(), await facility.issue()];
  const revocation = await facility.revoke(issued.statement.jti);
  const code = formatDocumentId(issued.statement.jti);
  assert.deepEqual(
    logOf([issued, other, revocation]).judge({
      documents: new Map([[code, '']]),
      revoked: new Set([code]),
      statements: new Set([other.text]),
    }),
    { lost: [], twice: [], contradictions: [] },
  );
});

test('what was acknowledged and does not stand there is lost', async () => {
  const [here, missing] = [await facility.issue(), await facility.issue()];
  const code = formatDocumentId(missing.statement.jti);
  const { lost } = logOf([here]).judge({
    documents: new Map([[code, '']]),
    revoked: new Set([formatDocumentId(here.statement.jti)]),
    statements: new Set([missing.text]),
  });
  assert.equal(lost.length, 3);
});

test('what stands there more than once is told, acknowledged or not', async () => {
  const issued = await facility.issue();
  const { twice } = logOf([issued, issued]).judge(NOTHING);
  assert.match(twice.join(), /2 times/);
});

test('a head that its statements do not make is a contradiction', async () => {
  const other = encodeBase64url(new Uint8Array(32));
  const { contradictions } = logOf([await facility.issue()], () => other).judge(NOTHING);
  assert.match(contradictions.join(), /^block 0 gives another head/);
});
