import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { generatePrivateKey, sha256, verify } from '@spondon/protocol/crypto-node';
import { lookupFromEvidence, verifyEvidence } from '@spondon/protocol/evidence';
import { parseEvidence } from '@spondon/protocol/evidence/file';
import { openTrustBundle } from '@spondon/protocol/trust';
import {
  oneCopyOnly,
  admitHomeHospital,
  type Answer,
  type Ask,
  assertProblem,
  hexOf,
  issueStatement,
  newCode,
  newHomeKey,
  scratchFolders,
  signed,
  somePdf,
} from '../deployment/deployment.test-support.js';
import { apiService } from '../deployment/shared-service.test-support.js';
import { selfSignedCertificate } from '../report/certificate.js';
import { attachmentsIn } from '../report/report.test-support.js';
import { startViewer, type OpenShown } from '../stamp/test-pages.js';

const RATE_LIMIT = 1100;
const service = await apiService({ SPONDON_RATE_LIMIT: String(RATE_LIMIT) });
const newFolder = scratchFolders();
const noPdfsig = spawnSync('pdfsig', ['--help']).error !== undefined && 'pdfsig is not installed';
let visitors = 0;
let view: OpenShown;
let folder: string;
before(async () => {
  view = await startViewer();
  folder = await newFolder();
});

interface Item {
  readonly sha256?: string;
  readonly code?: string;
  readonly fileName?: string;
  readonly fileSize?: number;
}

/** By another visitor each time, so that none meets the limit. */
function report(
  items: readonly object[],
  more: Readonly<Record<string, unknown>> = {},
  ask: Ask = {},
): Promise<Answer> {
  const from = `10.2.0.${++visitors}`;
  return service.ask('POST', '/v1/reports', { json: { items, ...more }, from, ...ask });
}

async function textOf({ bytes }: Answer): Promise<string> {
  const shown = await view(bytes);
  try {
    const pages = Array.from({ length: shown.pages }, (_, page) => shown.text(page));
    return pages.join(' ').replaceAll(/\s+/g, ' ');
  } finally {
    shown.close();
  }
}

async function issued() {
  const { body } = await service.issue();
  const { documentId: code = '', sha256: hash = '' } = body;
  await service.anchored();
  return { code, hash };
}

void test('a report of a file tells what the service finds, and carries evidence that stands by itself', async () => {
  const { code, hash } = await issued();
  const answer = await report([{ sha256: hash, fileName: 'My certificate.pdf', fileSize: 12_345 }]);
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.equal(answer.headers['content-type'], 'application/pdf');
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.match(
    String(answer.headers['content-disposition']),
    /^attachment; filename="verification-[0-9a-f]{16}\.pdf"$/,
  );
  const text = await textOf(answer);
  for (const part of [
    'Genuine',
    code,
    hash,
    'Hospital One',
    'My certificate.pdf',
    '12,345 bytes',
    'verify.example.gov.bd',
  ])
    assert.ok(text.includes(part), `${part}: ${text}`);

  const files = attachmentsIn(answer.bytes);
  assert.deepEqual([...files.keys()], [`${code}.json`, 'trust.json']);
  const options = { now: Date.now(), hash: sha256, verify };
  const bundle = await openTrustBundle(files.get('trust.json') ?? '', options);
  assert.ok(text.includes(bundle.fingerprint));
  const result = await verifyEvidence(parseEvidence(files.get(`${code}.json`) ?? ''), { bundle, ...options });
  const lookup = lookupFromEvidence(result);
  assert.equal(lookup.state === 'answered' && lookup.records[0]?.statement.jti, code.replaceAll('-', ''));
});

void test(
  'the signature is by the certificate that the service publishes, and covers all of it',
  { skip: noPdfsig },
  async () => {
    const { code } = await issued();
    const published = await service.ask('GET', '/v1/reports/certificate');
    assert.match(String(published.headers['content-type']), /pem-certificate-chain/);
    assert.equal(published.headers['cache-control'], 'public, max-age=300');
    const file = join(folder, 'signed.pdf');
    writeFileSync(file, (await report([{ code }])).bytes);
    const said = execFileSync('pdfsig', [file], { encoding: 'utf8' });
    assert.match(said, /Signature is Valid/);
    assert.match(said, /Total document signed/);
    const der = new X509Certificate(published.text).raw.toString('hex');
    assert.ok((await report([{ code }])).text.includes(der));
  },
);

void test('a report by code, of a withdrawn, a pending and an unknown document', async () => {
  const { code, hash } = await issued();
  assert.match(await textOf(await report([{ code }])), /Registered, not withdrawn/);
  await service.revoke(code, { reason: 'fraud' });
  await service.anchored();
  assert.match(await textOf(await report([{ sha256: hash }])), /Withdrawn.*because of fraud/);
  const unknown = await report([{ code: newCode() }]);
  assert.match(await textOf(unknown), /Cannot be confirmed/);
  assert.equal(attachmentsIn(unknown.bytes).size, 0);

  const key = newHomeKey();
  const apiKey = await admitHomeHospital(service, key);
  const statement = issueStatement();
  const texts = [await signed(statement, key)];
  await service.ask('POST', '/v1/statements', { key: apiKey, json: { statements: texts } });
  const soon = await textOf(await report([{ code: statement.jti }]));
  assert.match(soon, /Not registered yet|Registered, not withdrawn/);
});

void test('500 items are one report, with a row for each and the evidence of each document once', async () => {
  const { code, hash } = await issued();
  const items = Array.from({ length: 500 }, (_, at): Item => {
    const fileName = `applicant-${at}.pdf`;
    if (at % 100 === 0) return { sha256: hash, fileName };
    return at % 100 === 1 ? { code, fileName } : { sha256: hexOf(Buffer.from(fileName)), fileName };
  });
  const answer = await report(items);
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers['content-disposition']), /"verification-of-500-documents\.pdf"/);
  const text = await textOf(answer);
  assert.ok(items.every(({ fileName = '' }) => text.includes(fileName)));
  assert.deepEqual([...attachmentsIn(answer.bytes).keys()], [`${code}.json`, 'trust.json']);
});

void test('what a visitor claims of the outcome is no part of a request, and neither is half an item', async () => {
  const { hash, code } = await issued();
  const good = { sha256: hash };
  for (const [items, more] of [
    [[{ ...good, verdict: 'valid' }], {}],
    [[good], { verdict: 'valid' }],
    [[good], { language: 'fr' }],
    [[{ ...good, code }], {}],
    [[{ fileName: 'a.pdf' }], {}],
    [[{ ...good, fileSize: -1 }], {}],
    [[{ ...good, fileName: '' }], {}],
    [[{ ...good, fileName: 'a'.repeat(10_001) }], {}],
    [[], {}],
    [Array.from({ length: 501 }, () => good), {}],
  ] as const) {
    assertProblem(await report(items, more), 400, 'REQUEST_INVALID');
  }
  assertProblem(await report([{ code: 'ABCD' }]), 400, 'CODE_INVALID');
  const big = Array.from({ length: 200 }, () => ({ ...good, fileName: 'é'.repeat(9_000) }));
  assertProblem(await report(big), 413, 'REQUEST_TOO_LARGE');
});

void test('a hostile file name is shown for what it is', async () => {
  const { hash } = await issued();
  const fileName = `genuine\u202efdp.exe\n${'x'.repeat(9_000)}.pdf`;
  const text = await textOf(await report([{ sha256: hash, fileName }]));
  assert.match(text, /genuine‹U\+202E›fdp\.exe‹U\+000A›x+/);
  assert.match(text, /Page 1 of 1/);
});

void test('a report is weighed by its documents', oneCopyOnly, async () => {
  const from = '10.3.0.1';
  const items = Array.from({ length: 400 }, () => ({ code: newCode() }));
  assert.equal((await report(items, {}, { from })).status, 200);
  const second = await report(items, {}, { from });
  assertProblem(second, 429, 'RATE_LIMITED');
  assert.ok(Number(second.headers['retry-after']) > 0);
});

void test('the certificate stays over a restart; one of the operator comes before it, and a wrong one ends the start', async () => {
  const certificate = async (): Promise<string> => (await service.ask('GET', '/v1/reports/certificate')).text;
  const own = await certificate();
  await service.restart({ SPONDON_RATE_LIMIT: '0' });
  assert.equal(await certificate(), own);

  const privateKey = generatePrivateKey('P-256');
  const der = selfSignedCertificate(privateKey, 'seal.example', Date.now(), randomBytes(16));
  const bought = new X509Certificate(der).toString();
  const settings = {
    SPONDON_REPORT_CERT: join(folder, 'cert.pem'),
    SPONDON_REPORT_KEY: join(folder, 'key.pem'),
  };
  writeFileSync(settings.SPONDON_REPORT_CERT, bought);
  writeFileSync(settings.SPONDON_REPORT_KEY, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await service.restart(settings);
  assert.equal(await certificate(), bought);
  assert.ok(
    (await report([{ sha256: hexOf(await somePdf()) }])).bytes.includes(Buffer.from(der).toString('hex')),
  );

  writeFileSync(settings.SPONDON_REPORT_CERT, own);
  await assert.rejects(service.restart(settings), {
    code: 'CONFIG_INVALID',
    message: /SPONDON_REPORT_CERT and SPONDON_REPORT_KEY .*not that of the first certificate/,
  });
  const missing = { ...settings, SPONDON_REPORT_CERT: join(folder, 'none.pem') };
  await assert.rejects(service.restart(missing), {
    code: 'CONFIG_INVALID',
    message: /none\.pem cannot be read/,
  });
  await service.restart();
  assert.equal(await certificate(), own);
});
