import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { generatePrivateKey } from '@spondon/protocol/crypto-node';
import { answered, elsewhere, NOW, outage } from '@spondon/protocol/testing/finding';
import type { Lookup } from '@spondon/protocol/verdict/finding';
import { LedgerError } from '@spondon/ledger/port';
import { selfSignedCertificate } from './certificate.js';
import { makeReport, type ReportDeps } from './make-report.js';
import { HOST, makeTools, record } from './report.test-support.js';
import { typesetReport } from './typeset.js';
import type { TypesetJob } from './typesetter.js';

const tools = makeTools();
const JTI = '7K3MQ2XD9FHTW4ZB8';
const FILE = { asked: { sha256: Buffer.from(record().statement.sha256, 'base64url') } };
const CODE = { asked: { code: JTI } };

/** What a report is made with, and the jobs that were typeset. */
function depsWith(lookup: Lookup, more: Partial<ReportDeps> = {}): { deps: ReportDeps; jobs: TypesetJob[] } {
  const jobs: TypesetJob[] = [];
  const key = generatePrivateKey('P-256');
  const attestation = { payload: new Uint8Array(1), endorsements: [] };
  const find = () => Promise.resolve(lookup);
  const deps: ReportDeps = {
    evidence: {
      finder: { byCode: find, byFile: find, claims: () => Promise.resolve(null) },
      ledger: { channel: 'records', attest: () => Promise.resolve(attestation) },
      log: {
        head: () => ({ n: 1, size: 9, root: '', at: NOW }),
        entry: (mspId) => Buffer.from(mspId),
        inclusionPath: () => [],
      },
      now: () => NOW,
    },
    trust: () => Promise.resolve({ text: '{"trust":1}', fingerprint: '00' }),
    typeset: (job) => {
      jobs.push(job);
      return Promise.resolve(typesetReport(job.contents, job.attachments, job.signature, tools));
    },
    signer: { key, certificates: [selfSignedCertificate(key, HOST, NOW, randomBytes(16))] },
    origin: `https://${HOST}`,
    now: () => NOW,
    ...more,
  };
  return { deps, jobs };
}

const request = (...items: Parameters<typeof makeReport>[1]['items'][number][]) =>
  ({ language: 'en', items }) as const;

void test('evidence of a document is attached once, and of two facilities under one code under two names', async () => {
  const { deps, jobs } = depsWith(answered(record()));
  await makeReport(deps, request(FILE, CODE, CODE));
  const names = (): string[] | undefined => jobs.at(-1)?.attachments.map(({ name }) => name);
  assert.deepEqual(names(), ['7K3M-Q2XD-9FHT-W4ZB-8.json', 'trust.json']);

  const other = elsewhere({ says: { sha256: record().statement.sha256 } });
  const { finder } = deps.evidence;
  const each = { ...finder, byFile: () => Promise.resolve(answered(other)) };
  await makeReport({ ...deps, evidence: { ...deps.evidence, finder: each } }, request(FILE, CODE));
  assert.deepEqual(names(), ['7K3M-Q2XD-9FHT-W4ZB-8.json', '7K3M-Q2XD-9FHT-W4ZB-8-2.json', 'trust.json']);
  const evidence = jobs.at(-1)?.contents.items.map((item) => item.evidence);
  assert.deepEqual(evidence, ['7K3M-Q2XD-9FHT-W4ZB-8.json', '7K3M-Q2XD-9FHT-W4ZB-8-2.json']);
});

void test('of what is not found, or could not be looked up, nothing is attached', async () => {
  for (const lookup of [answered(), outage]) {
    const { deps, jobs } = depsWith(lookup);
    await makeReport(deps, request(FILE));
    assert.deepEqual(jobs.at(0)?.attachments, []);
  }
});

void test('there is no report where evidence cannot be made', async () => {
  const { deps } = depsWith(answered(record()));
  const attest = () => Promise.reject(new LedgerError('UNAVAILABLE', 'closed'));
  const evidence = { ...deps.evidence, ledger: { channel: 'records', attest } };
  await assert.rejects(makeReport({ ...deps, evidence }, request(FILE)), { code: 'UNAVAILABLE' });
});

void test('there is no report without a signature', async () => {
  const { deps, jobs } = depsWith(answered(record()));
  const day = 86_400_000;
  for (const at of [NOW - day, NOW + 366 * 20 * day]) {
    await assert.rejects(makeReport({ ...deps, now: () => at }, request(FILE)), {
      code: 'REPORT_NOT_SIGNED',
    });
  }
  assert.equal(jobs.length, 0, 'nothing was looked up or typeset for it');
  const cramped: ReportDeps['typeset'] = ({ contents, attachments }) =>
    Promise.resolve(typesetReport(contents, attachments, { at: NOW, size: 10 }, tools));
  await assert.rejects(makeReport({ ...deps, typeset: cramped }, request(FILE)), {
    code: 'REPORT_NOT_SIGNED',
  });
  const { privateKey: foreign } = generateKeyPairSync('ed25519');
  const signer = { ...deps.signer, key: foreign };
  await assert.rejects(makeReport({ ...deps, signer }, request(FILE)), { code: 'REPORT_NOT_SIGNED' });
});
