import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LedgerError } from '@spondon/ledger/port';
import { WorkerError } from '@spondon/anchor-worker/error';
import type { About, QueueRow } from '@spondon/anchor-worker/queue';
import type { Anchored } from '@spondon/anchor-worker/log/store';
import { decodeBase64url } from '@spondon/protocol/base64url';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import type { FoundClaims, Lookup } from '@spondon/protocol/verdict/finding';
import { type IssueStatement, parseStatement, type Statement } from '@spondon/protocol/statement';
import { issueStatement, newCode, newHomeKey, signed } from '../deployment/deployment.test-support.js';
import { queueRow } from '../documents/queueing.js';
import { ServiceError } from '../error.js';
import { answer } from './answer.js';
import { makeEvidence } from './evidence.js';
import { type FindDeps, Finder } from './find.js';

const now = (): number => Date.UTC(2026, 0, 1);
const damaged = new WorkerError('LOG_DAMAGED', 'a tile cannot be read');

function finderWith(more: Partial<FindDeps>, told: unknown[] = []): Finder {
  const fail = (): never => {
    throw damaged;
  };
  const log = { findByCode: fail, findByHash: fail, issuer: () => undefined, annulment: () => undefined };
  const onDamage = (error: unknown): void => void told.push(error);
  const deps = {
    log,
    mayBeQueued: () => false,
    queued: () => Promise.resolve([]),
    isCurrent: () => Promise.resolve(true),
    onDamage,
  };
  return new Finder({ ...deps, hash: sha256, verify, now, singleOwner: true, ...more });
}

void test('once the ledger is not read any more, every question is unavailable', async () => {
  const finder = finderWith({ isCurrent: () => Promise.resolve(false) });
  const lookup = await finder.byFile(new Uint8Array(32), []);
  assert.equal(
    answer({ asked: 'file', sha256: 'A'.repeat(43), claims: [], lookup }, { now: now() }).verdict,
    'unavailable',
  );
  assert.equal(
    answer({ asked: 'code', claims: [], lookup: await finder.byCode(newCode()) }, { now: now() }).verdict,
    'unavailable',
  );
});

void test('a log that cannot be read is an outage and not a verdict, and the operator is told', async () => {
  const told: unknown[] = [];
  const finder = finderWith({}, told);
  assert.equal((await finder.byCode(newCode())).state, 'unavailable');
  assert.equal((await finder.byFile(new Uint8Array(32), [])).state, 'unavailable');
  assert.deepEqual(told, [damaged, damaged]);
});

void test('evidence that cannot be made for an outage is not called unknown', async () => {
  const ledger = {
    channel: 'records',
    attest: () => Promise.reject(new LedgerError('UNAVAILABLE', 'closed')),
  };
  const log = { head: () => undefined, entry: () => new Uint8Array(), inclusionPath: () => [] };
  const deps = { ledger, log, finder: finderWith({ isCurrent: () => Promise.resolve(false) }), now };
  await assert.rejects(makeEvidence(deps, { code: newCode() }), { code: 'LEDGER_UNAVAILABLE' });
});

const key = newHomeKey();
const away = new ServiceError('STORAGE_UNAVAILABLE', 'the database does not answer');

async function rowOf(statement: Statement): Promise<QueueRow> {
  return { seq: 1, ...queueRow('AMSP', statement, await signed(statement, key), 1) };
}

/** A log and a queue; `meanwhile` runs when the queue has been asked, before it answers. */
function registerOf(waiting: readonly QueueRow[], meanwhile: () => void = () => undefined) {
  const anchored: Anchored[] = [];
  const asked: About[] = [];
  const log: FindDeps['log'] = {
    findByCode: (jti) => anchored.filter(({ signed: { statement } }) => statement.jti === jti),
    findByHash: (hash) =>
      anchored.filter(
        ({ signed: { statement } }) =>
          statement.op === 'issue' && Buffer.from(hash).equals(decodeBase64url(statement.sha256)),
      ),
    issuer: () => undefined,
    annulment: () => undefined,
  };
  const queued = (about: About): Promise<QueueRow[]> => {
    asked.push(about);
    meanwhile();
    return Promise.resolve(
      waiting.filter(({ jti, sha256: hash }) => about.jtis.includes(jti) || hash === about.sha256),
    );
  };
  const anchor = ({ statement }: QueueRow): void =>
    void anchored.push({ mspId: 'AMSP', index: anchored.length, at: 1, signed: parseStatement(statement) });
  return { log, queued, asked, anchor, mayBeQueued: () => true };
}

const hashOf = ({ sha256: hash }: IssueStatement): Uint8Array => decodeBase64url(hash);
const statesIn = (lookup: Lookup) =>
  lookup.state === 'answered' ? lookup.records.map(({ anchoring }) => anchoring.state) : lookup.state;

void test('an anchored document costs one question to the queue, and its withdrawal that waits is among the answers', async () => {
  const issue = issueStatement();
  const { iss, iat, jti } = issue;
  const withdrawal = await rowOf({ op: 'revoke', iss, iat, jti, reason: 'fraud' });
  const register = registerOf([withdrawal]);
  register.anchor(await rowOf(issue));
  const finder = finderWith(register);
  for (const lookup of [await finder.byFile(hashOf(issue), []), await finder.byCode(jti)]) {
    assert.ok(lookup.state === 'answered');
    assert.equal(lookup.records[0]?.pendingRevocation?.reason, 'fraud');
  }
  assert.equal(register.asked.length, 2);
});

void test('a document that leaves the queue while that is asked is found in the log', async () => {
  const issue = issueStatement();
  const row = await rowOf(issue);
  const waiting = [row];
  const register = registerOf(waiting, () => {
    if (waiting.pop()) register.anchor(row);
  });
  assert.deepEqual(statesIn(await finderWith(register).byFile(hashOf(issue), [])), ['anchored']);
});

void test('a document that waits and its withdrawal that waits too are both told, by its hash', async () => {
  const issue = issueStatement();
  const { iss, iat, jti } = issue;
  const register = registerOf([
    await rowOf(issue),
    await rowOf({ op: 'revoke', iss, iat, jti, reason: 'error' }),
  ]);
  const lookup = await finderWith(register).byFile(hashOf(issue), []);
  assert.ok(lookup.state === 'answered');
  assert.deepEqual(statesIn(lookup), ['pending']);
  assert.equal(lookup.records[0]?.pendingRevocation?.reason, 'error');
});

void test('while the queue cannot be asked, what is anchored is answered with a note, and the rest not at all', async () => {
  const [issue, other] = [issueStatement(), issueStatement()];
  const register = registerOf([]);
  register.anchor(await rowOf(issue));
  const finder = finderWith({ ...register, queued: () => Promise.reject(away) });
  const claimsOf = ({ iss, jti, iat }: IssueStatement): FoundClaims => {
    return { iss, jti, iat, hash: 'A'.repeat(43), signer: { state: 'unknown' } };
  };
  for (const lookup of [
    await finder.byFile(hashOf(issue), [claimsOf(issue)]),
    await finder.byCode(issue.jti),
    // A scan: other bytes, and a code that is registered.
    await finder.byFile(hashOf(other), [claimsOf(issue)]),
  ]) {
    assert.ok(lookup.state === 'answered');
    assert.deepEqual([statesIn(lookup), lookup.waitingUnknown], [['anchored'], true]);
  }
  await assert.rejects(finder.byFile(hashOf(other), []), away);
  await assert.rejects(finder.byCode(newCode()), away);
  // The other document may be waiting.
  await assert.rejects(finder.byFile(hashOf(issue), [claimsOf(issue), claimsOf(other)]), away);
});
