import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { generatePrivateKey } from '@spondon/protocol/crypto-node';
import { scratchFolders } from '../deployment/deployment.test-support.js';
import { type ReportSigner, selfSignedCertificate, validityOf } from './certificate.js';
import { signatureRoom, signedData } from './cms.js';
import { readOwnSigner } from './own-certificate.js';
import { CODE, contentsOf, HOST, ITEMS, makeTools } from './report.test-support.js';
import { fillInSignature } from './signature.js';
import { typesetReport } from './typeset.js';

const lacks = (...tools: readonly string[]): string | false => {
  const missing = tools.filter((tool) => spawnSync(tool, ['--help']).error !== undefined);
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
};
const noPoppler = lacks('pdfsig', 'pdfinfo', 'pdfdetach', 'qpdf');
const noOpenssl = lacks('openssl');

const newFolder = scratchFolders();
const tools = makeTools();
const NOW = Date.UTC(2026, 10, 26);
let folder: string;
before(async () => {
  folder = await newFolder();
});

function selfSigned(now = NOW): ReportSigner {
  const privateKey = generatePrivateKey('P-256');
  return { key: privateKey, certificates: [selfSignedCertificate(privateKey, HOST, now, randomBytes(16))] };
}

const EVIDENCE = {
  name: `${CODE}.json`,
  description: 'Evidence',
  mediaType: 'application/json',
  text: '{"a":"é"}',
};

function signedReport(signer: ReportSigner): Uint8Array {
  const room = { at: NOW, size: signatureRoom(signer) };
  const pdf = typesetReport(contentsOf([ITEMS.genuine]), [EVIDENCE], room, tools);
  fillInSignature(pdf, (data) => signedData(data, signer));
  return pdf;
}

function save(name: string, bytes: Uint8Array | string): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

const pdfsig = (file: string): string => spawnSync('pdfsig', [file], { encoding: 'utf8' }).stdout;

void test('the certificate is its own issuer, names the host, signs documents and no certificates', () => {
  const signer = selfSigned();
  const certificate = new X509Certificate(signer.certificates[0] ?? '');
  assert.ok(certificate.verify(certificate.publicKey) && certificate.checkPrivateKey(signer.key));
  assert.equal(certificate.ca, false);
  assert.ok(certificate.subject.includes(HOST) && certificate.subject === certificate.issuer);
  const { from, to } = validityOf(signer);
  assert.ok(from < NOW && to === Date.UTC(2046, 10, 26));
});

void test('a certificate that outlives 2049 tells its time in the form of that time', () => {
  assert.equal(validityOf(selfSigned(Date.UTC(2031, 0, 1))).to, Date.UTC(2051, 0, 1));
  assert.equal(validityOf(selfSigned(Date.UTC(2029, 11, 31))).to, Date.UTC(2049, 11, 31));
});

void test('a signature that does not fit into its room is an error', () => {
  const signer = selfSigned();
  const pdf = typesetReport(contentsOf([ITEMS.genuine]), [], { at: NOW, size: 100 }, tools);
  assert.throws(() => fillInSignature(pdf, (data) => signedData(data, signer)), RangeError);
});

void test(
  'pdfsig finds the signature valid and over all of the file, and any change of it',
  { skip: noPoppler },
  () => {
    const pdf = signedReport(selfSigned());
    const file = save('signed.pdf', pdf);
    const said = pdfsig(file);
    assert.match(said, /Signature is Valid/);
    assert.match(said, /Total document signed/);
    assert.match(said, /Signature Type: ETSI\.CAdES\.detached/);
    assert.match(said, new RegExp(`Common Name: Spondon reports, ${HOST}`));
    assert.match(said, /Signing Time: Nov 26 2026/);
    for (const at of [100, Math.floor(pdf.length / 2), pdf.length - 30]) {
      const changed = Uint8Array.from(pdf, (byte, offset) => (offset === at ? byte ^ 1 : byte));
      assert.doesNotMatch(pdfsig(save('changed.pdf', changed)), /Signature is Valid/);
    }
  },
);

void test(
  'the file is a sound PDF with a title, a structure, and the evidence as it was',
  { skip: noPoppler },
  () => {
    const file = save('sound.pdf', signedReport(selfSigned()));
    assert.equal(spawnSync('qpdf', ['--check', file]).status, 0);
    const info = execFileSync('pdfinfo', [file], { encoding: 'utf8' });
    assert.match(info, /Tagged: +yes/);
    assert.match(info, /Pages: +1\n/);
    const structure = execFileSync('pdfinfo', ['-struct-text', file], { encoding: 'utf8' });
    assert.match(structure, /H1[\s\S]*"Verification report"[\s\S]*Table[\s\S]*TH[\s\S]*"File name"[\s\S]*TD/);
    assert.match(
      execFileSync('pdfdetach', ['-list', file], { encoding: 'utf8' }),
      new RegExp(`1: ${CODE}\\.json`),
    );
    execFileSync('pdfdetach', ['-save', '1', '-o', join(folder, 'evidence.json'), file]);
    assert.equal(readFileSync(join(folder, 'evidence.json'), 'utf8'), EVIDENCE.text);
  },
);

void test(
  'the signature is CAdES, without a signing time of its own, as level B-B of PAdES wants it',
  { skip: noOpenssl },
  () => {
    const signer = selfSigned(Date.now());
    const pem = new X509Certificate(signer.certificates[0] ?? '').toString();
    const data = Buffer.from('what is signed');
    const signature = save('signature.der', signedData([data.subarray(0, 4), data.subarray(4)], signer));
    const content = save('content', data);
    const args = [
      '-inform',
      'DER',
      '-in',
      signature,
      '-content',
      content,
      '-binary',
      '-CAfile',
      save('ca.pem', pem),
    ];
    execFileSync('openssl', ['cms', '-verify', '-cades', ...args, '-purpose', 'any', '-out', '/dev/null'], {
      stdio: 'pipe',
    });
    const printed = execFileSync(
      'openssl',
      ['cms', '-cmsout', '-print', '-noout', '-inform', 'DER', '-in', signature],
      { encoding: 'utf8' },
    );
    const attributes = /signedAttrs:[\s\S]*signatureAlgorithm/.exec(printed)?.[0] ?? '';
    assert.deepEqual([...attributes.matchAll(/object: (\S+)/g)].map(([, name]) => name).sort(), [
      'contentType',
      'id-smime-aa-signingCertificateV2',
      'messageDigest',
    ]);
    save('content', 'what is not signed');
    assert.notEqual(spawnSync('openssl', ['cms', '-verify', '-cades', ...args, '-purpose', 'any']).status, 0);
  },
);

/** A certificate under an authority, as an operator may have bought one. */
function bought(kind: readonly string[], days = '30'): { chain: string; key: string } {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const authority = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '30',
  ];
  openssl(...authority, '-subj', '/CN=Authority', '-keyout', at('ca.key'), '-out', at('ca.crt'));
  openssl(
    'req',
    '-newkey',
    ...kind,
    '-nodes',
    '-subj',
    '/O=Ministry/CN=Seal',
    '-keyout',
    at('own.key'),
    '-out',
    at('own.csr'),
  );
  openssl(
    'x509',
    '-req',
    '-in',
    at('own.csr'),
    '-CA',
    at('ca.crt'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-days',
    days,
    '-out',
    at('own.crt'),
  );
  const read = (name: string): string => readFileSync(at(name), 'utf8');
  return { chain: read('own.crt') + read('ca.crt'), key: read('own.key') };
}

const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
const refused = (chain: string, key: string): string => {
  try {
    readOwnSigner(chain, key, Date.now());
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'CONFIG_INVALID') return error.message;
  }
  return '';
};

void test(
  "an operator's own certificate, of P-256 or RSA, signs reports with its chain",
  { skip: noOpenssl || noPoppler },
  () => {
    for (const kind of [P256, ['rsa:2048']]) {
      const { chain, key } = bought(kind);
      const signer = readOwnSigner(chain, key, Date.now());
      assert.equal(signer.certificates.length, 2);
      const said = pdfsig(save('own.pdf', signedReport(signer)));
      assert.match(said, /Signature is Valid[\s\S]*/);
      assert.match(said, /Common Name: Seal/);
    }
  },
);

void test(
  'a certificate or key that cannot sign is refused, and the key is not repeated',
  { skip: noOpenssl },
  () => {
    const { chain, key } = bought(P256);
    const other = bought(P256);
    assert.match(refused(chain, other.key), /not that of the first certificate/);
    assert.match(refused('', key), /no certificate/);
    assert.match(refused(chain, 'nonsense'), /cannot be read/);
    assert.match(refused(chain.replace(/[A-Za-z0-9]{20}/, ''), key), /cannot be read/);
    const weak = bought(['rsa:1024']);
    assert.match(refused(weak.chain, weak.key), /at least 2048 bits/);
    const p384 = bought(['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']);
    assert.match(refused(p384.chain, p384.key), /P-256/);
    assert.throws(() => readOwnSigner(chain, key, Date.now() + 31 * 86_400_000), { code: 'CONFIG_INVALID' });
    const locked = generatePrivateKey('P-256');
    assert.match(refused(chain, encrypted(locked)), /passphrase/);
    assert.ok(!refused(chain, other.key).includes('PRIVATE'));
  },
);

function encrypted(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' }));
}
