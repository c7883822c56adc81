import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { generatePrivateKey, sha256, verify } from '@spondon/protocol/crypto-node';
import { ProtocolError } from '@spondon/protocol/error';
import { assembleTrustBundle, openTrustBundle } from '@spondon/protocol/trust';
import { NetworkError } from '../error.js';
import { files, native, type Place } from '../layout.js';
import { organisation, TRIAL } from '../trial.test-support.js';
import { draftTrust } from './draft.js';
import { makeTrustKey, readTrustKey, signDraft, signerOf } from './key.js';
import { makeTrust } from './make.js';

const base = await mkdtemp(join(tmpdir(), 'spondon-trust-'));
after(() => rm(base, { recursive: true }));

const NOW = Date.now();
const channel = 'records';
const opening = { now: NOW, hash: sha256, verify };

/** MSP folders as cryptogen lays them out, with a certificate each. */
async function material(name: string): Promise<Place> {
  const place = native(join(base, name));
  for (const each of TRIAL.organisations) {
    const folder = join(files.msp(place, each), 'cacerts');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'ca.pem'), await authority(`CN=ca.${each.domain}`));
  }
  return place;
}

async function authority(name: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name,
    notBefore: new Date(NOW - 1000),
    keys: await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify']),
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return certificate.toString('pem');
}

const isTrustError = (code: string) => (error: unknown) =>
  (error instanceof ProtocolError || error instanceof NetworkError) && error.code === code;

test('regulators sign one draft apart, and the bundle opens under the fingerprint of both keys', async () => {
  const place = await material('apart');
  const keys = [generatePrivateKey('P-256'), generatePrivateKey('P-256')] as const;
  const subject = {
    channel,
    hosts: ['verify.example'],
    signers: keys.map(signerOf),
    expires: NOW + 1000,
    previous: null,
  };
  const draft = await draftTrust(TRIAL, place, subject, NOW);
  const [first, second] = await Promise.all(keys.map((key) => signDraft(draft, key)));
  assert.ok(first && second);
  assert.throws(() => assembleTrustBundle(draft, [first]), isTrustError('TRUST_SIGNATURE'));
  const { payload, fingerprint } = await openTrustBundle(
    assembleTrustBundle(draft, [second, first]),
    opening,
  );
  assert.match(fingerprint, /^[0-9a-f]{64}$/);
  assert.deepEqual(payload.policy, { all: ['DghsMSP', 'DgfpMSP'], otherOwners: 1 });
  assert.deepEqual(payload.hosts, ['verify.example']);
  assert.deepEqual(
    payload.msps.map(({ mspId, owner }) => [mspId, owner]),
    ['dghs', 'dgfp', 'hospital-group', 'diagnostic-group']
      .map(organisation)
      .map(({ mspId, title }) => [mspId, title]),
  );
  assert.throws(() => signDraft(draft, generatePrivateKey('P-256')), isTrustError('TRUST'));
});

test('an offline key is for its owner alone, and is never replaced', async () => {
  const file = join(base, 'offline.pem');
  const signer = await makeTrustKey(file);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(signerOf(await readTrustKey(file)), signer);
  await assert.rejects(makeTrustKey(file), isTrustError('FILE_EXISTS'));
  assert.deepEqual(signerOf(await readTrustKey(file)), signer);
  await assert.rejects(readTrustKey(join(base, 'none.pem')), isTrustError('FILE_UNREADABLE'));
});

test('the bundle of a trial stays as it is until something changes, and then succeeds itself', async () => {
  const place = await material('trial');
  const first = await makeTrust(TRIAL, place, { channel, hosts: ['a.example'] }, NOW);
  const again = await makeTrust(TRIAL, place, { channel }, NOW + 1000);
  assert.equal(again.bundle.hash, first.bundle.hash);

  const withoutDiagnostics = {
    ...TRIAL,
    channels: TRIAL.channels.map((each) => ({
      ...each,
      members: each.members.filter((member) => member !== 'diagnostic-group'),
      ...(each.chaincode && { chaincode: { ...each.chaincode, version: '2' } }),
    })),
  };
  await makeTrust(withoutDiagnostics, place, { channel }, NOW + 2000);
  const text = await readFile(first.file, 'utf8');
  const next = await openTrustBundle(text, { ...opening, previous: first.bundle });
  assert.equal(next.payload.version, 2);
  assert.equal(next.fingerprint, first.bundle.fingerprint);
  assert.deepEqual(next.payload.hosts, ['a.example']);
  // What both of the past vouched for stays good.
  assert.deepEqual(
    next.payload.chaincodes.map(({ version }) => version),
    ['1', '2'],
  );
  assert.equal(next.msps.get('DiagnosticGroupMSP')?.until, NOW + 2000);
  const kept = await readFile(join(dirname(first.file), 'records-1.json'), 'utf8');
  assert.equal((await openTrustBundle(kept, opening)).hash, first.bundle.hash);
});

test('a key that leaves signs the bundle that it leaves with', async () => {
  const place = await material('leaving');
  const keys = [0, 1, 2].map(() => generatePrivateKey('P-256'));
  const [leaving, staying, coming] = keys.map(signerOf);
  assert.ok(leaving && staying && coming);
  const subject = { channel, hosts: [], expires: NOW + 1000 };
  const sign = (draft: Awaited<ReturnType<typeof draftTrust>>, by: readonly (typeof keys)[number][]) =>
    Promise.all(by.map((key) => signDraft(draft, key))).then((parts) => assembleTrustBundle(draft, parts));
  const first = await draftTrust(
    TRIAL,
    place,
    { ...subject, signers: [leaving, staying], previous: null },
    NOW,
  );
  const previous = await openTrustBundle(await sign(first, keys.slice(0, 2)), opening);
  const second = await draftTrust(TRIAL, place, { ...subject, signers: [staying, coming], previous }, NOW);
  assert.deepEqual(second.outgoing, [leaving]);
  await assert.rejects(() => sign(second, keys.slice(1)), isTrustError('TRUST_SIGNATURE'));
  const next = await openTrustBundle(await sign(second, keys), { ...opening, previous });
  assert.notEqual(next.fingerprint, previous.fingerprint);
});
