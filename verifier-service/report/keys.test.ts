import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { openSqlite } from '../database/sqlite.js';
import { createVault } from '../vault/seal.js';
import { validityOf } from './certificate.js';
import { forgetReportKeys, openReportKey, openReportSigner, type ReportKeyDeps } from './keys.js';

const NOW = Date.UTC(2026, 10, 26);
const YEAR = 365 * 86_400_000;
const vault = createVault(randomBytes(32), randomBytes);

async function deps(t: TestContext, now = NOW): Promise<ReportKeyDeps> {
  const db = await openSqlite(':memory:');
  t.after(() => db.destroy());
  return { db, vault, now: () => now, random: randomBytes };
}

void test('a key is made once, and is the same after that', async (t) => {
  const all = await deps(t);
  const first = await openReportSigner(all, 'a.example');
  const second = await openReportSigner({ ...all, now: () => NOW + 10 * YEAR }, 'a.example');
  assert.deepEqual(second.certificates, first.certificates);
  assert.ok(second.key.equals(first.key));
});

void test('a portal that moved has another certificate, and has its own again when it moves back', async (t) => {
  const all = await deps(t);
  const here = await openReportSigner(all, 'a.example');
  const there = await openReportSigner(all, 'b.example');
  assert.notDeepEqual(there.certificates, here.certificates);
  assert.deepEqual((await openReportSigner(all, 'a.example')).certificates, here.certificates);
});

void test('a certificate with less than a year left is followed by another, and so is one that was forgotten', async (t) => {
  const all = await deps(t);
  const first = await openReportSigner(all, 'a.example');
  const late = { ...all, now: () => NOW + 19.5 * YEAR };
  const next = await openReportSigner(late, 'a.example');
  assert.ok(validityOf(next).to > validityOf(first).to);
  assert.deepEqual((await openReportSigner(late, 'a.example')).certificates, next.certificates);
  await forgetReportKeys(all.db);
  assert.notDeepEqual((await openReportSigner(late, 'a.example')).certificates, next.certificates);
});

void test('a key opens under its master key, for its host and with its certificate only', async (t) => {
  const all = await deps(t);
  await openReportSigner(all, 'a.example');
  await openReportSigner(all, 'b.example');
  const [a, b] = await all.db.selectFrom('reportKeys').selectAll().orderBy('host').execute();
  assert.ok(a && b);
  const other = createVault(randomBytes(32), randomBytes);
  assert.throws(() => openReportKey(a, other), { code: 'MASTER_KEY_WRONG' });
  assert.throws(() => openReportKey({ ...a, host: 'b.example' }, vault), { code: 'KEY_DAMAGED' });
  assert.throws(() => openReportKey({ ...a, certificate: b.certificate }, vault), { code: 'KEY_DAMAGED' });
  const broken = a.certificate.map((byte, at) => (at === 1 ? byte ^ 1 : byte));
  assert.throws(() => openReportKey({ ...a, certificate: broken }, vault), {
    code: 'KEY_DAMAGED',
    message: /a\.example .*renew-report-key/,
  });
});
