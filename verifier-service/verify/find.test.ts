import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LedgerError } from '@spondon/ledger/port';
import { WorkerError } from '@spondon/anchor-worker/error';
import type { QueueDb } from '@spondon/anchor-worker/queue';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { newCode } from '../deployment/deployment.test-support.js';
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
    db: null as unknown as QueueDb,
    mayBeQueued: () => false,
    upToDate: () => Promise.resolve(),
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
