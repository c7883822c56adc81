import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { appendArguments, Facility, LogCopy } from '@spondon/chaincode/sample.test-support';
import { authorityOf } from '@spondon/network/authority';
import { files, native, userName } from '@spondon/network/layout';
import { nodesOf } from '@spondon/network/native/nodes';
import { stop } from '@spondon/network/native/process';
import { hostOf, type Organisation } from '@spondon/network/topology';
import { revoke } from '@spondon/network/trust/revoke';
import { decodeBase64url } from '@spondon/protocol/base64url';
import { canonicalJson } from '@spondon/protocol/canonical';
import { generatePrivateKey, sha256, verify } from '@spondon/protocol/crypto-node';
import { verifyEvidence, type EvidenceOptions } from '@spondon/protocol/evidence';
import { formatEvidence, parseEvidence, type Evidence } from '@spondon/protocol/evidence/file';
import { parseLogHead } from '@spondon/protocol/records';
import type { TrustBundle } from '@spondon/protocol/trust';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { decodeIdentity, encodeIdentity } from '../envelope.js';
import type { Attestation } from '../port.js';
import { signDer } from '../signature.js';
import type { FabricLedger } from './engine.js';
import { found } from './founded.test-support.js';
import { Gateways } from './gateways.js';
import { attestationIn } from './transaction.js';
import { startTrial, type TrialNetwork } from './trial.test-support.js';
import { trialTrust } from './trust.test-support.js';

const HOSPITAL = 'HospitalGroupMSP';

describe('evidence from a running network', { skip: await whyNoTrial(), timeout: 5 * 60_000 }, () => {
  let trial: TrialNetwork;
  let bundle: TrustBundle;
  let ledger: FabricLedger;
  let evidence: Evidence;
  const facility = new Facility('bd.dghs.1', HOSPITAL);

  before(async () => {
    // A second channel of the same peers, chaincode and certificates.
    trial = await startTrial((topology) => {
      const [records] = topology.channels;
      assert.ok(records);
      return { ...topology, channels: [...topology.channels, { ...records, name: 'pilot' }] };
    });
    bundle = await trialTrust(trial, 'records');
    evidence = await anchor('records');
    ledger = await trial.open('hospital-group');
  });
  after(() => trial.stop());

  /** Evidence of a document that a hospital anchors on the channel. */
  async function anchor(channel: string): Promise<Evidence> {
    const { hospital } = await found(trial, [facility], channel);
    const statements = await Promise.all([facility.issue(), facility.issue(), facility.issue()]);
    await hospital.submit('Append', appendArguments(0, statements));
    const { n, at, size } = await headOf(hospital);
    const log = new LogCopy();
    log.add(at, statements);
    const index = 1;
    const path = (log.proof(0, index)['path'] as string[]).map(decodeBase64url);
    const statement = statements[index].statement;
    const request = {
      heads: [{ mspId: HOSPITAL, n }],
      documents: [{ iss: statement.iss, jti: statement.jti }],
      issuers: [statement.iss],
    };
    const attestation = await hospital.attest(canonicalJson(request));
    const entry = log.entries[index] ?? new Uint8Array();
    return { channel, mspId: HOSPITAL, entry, index, size, path, attestation };
  }

  async function complaints(changed: Partial<Evidence>, options: Partial<EvidenceOptions> = {}) {
    const now = Date.now();
    const given = { bundle, now, hash: sha256, verify, ...options };
    const { checks } = await verifyEvidence({ ...evidence, ...changed }, given);
    return checks.filter(({ state }) => state !== 'passed').map(({ code }) => code);
  }

  /** Not looked at, because the record was not proven. */
  const NOTHING_ELSE = ['record-not-checked', 'signature-not-checked', 'issuer-not-checked'];
  async function provesNothing(changed: Partial<Evidence>, code: string, options?: Partial<EvidenceOptions>) {
    const found = await complaints(changed, options);
    assert.ok(
      NOTHING_ELSE.every((each) => found.includes(each as never)),
      String(found),
    );
    assert.ok(found.includes(code as never), String(found));
  }

  const endorsements = () => evidence.attestation.endorsements;
  const by = (mspId: string) => {
    const found = endorsements().find(({ endorser }) => decodeIdentity(endorser).mspId === mspId);
    assert.ok(found);
    return found;
  };
  const endorsedBy = (list: Attestation['endorsements']): Partial<Evidence> => ({
    attestation: { ...evidence.attestation, endorsements: list },
  });
  const organisation = (name: string): Organisation => {
    const found = trial.topology.organisations.find((each) => each.name === name);
    assert.ok(found);
    return found;
  };

  test('convinces whoever holds root certificates and a policy, and nothing else', async (t) => {
    assert.deepEqual(await complaints({}), []);
    const text = formatEvidence(evidence);
    assert.deepEqual(await complaints(parseEvidence(text)), []);
    const mspIds = endorsements().map(({ endorser }) => decodeIdentity(endorser).mspId);
    assert.deepEqual(mspIds.sort(), ['DgfpMSP', 'DghsMSP', HOSPITAL].sort());
    t.diagnostic(`${text.length} bytes, of three organisations`);
  });

  test('is not believed with the roots of another network', async () => {
    const roots = bundle.payload.msps.map((each) => each.roots);
    const exchanged = await trialTrust(trial, 'records', (payload) => ({
      ...payload,
      msps: payload.msps.map((each, at) => ({ ...each, roots: roots[(at + 1) % roots.length] ?? [] })),
    }));
    await provesNothing({}, 'endorser-issuer-unknown', { bundle: exchanged });
  });

  test('an organisation counts once, however often it signed', async () => {
    const [dghs, dgfp, hospital] = [by('DghsMSP'), by('DgfpMSP'), by(HOSPITAL)];
    await provesNothing(endorsedBy([dghs, dgfp, dgfp]), 'endorsement-policy');
    await provesNothing(endorsedBy([dghs, dghs, hospital]), 'endorsement-policy');
  });

  test("a client's certificate does not pass for a peer's", async () => {
    const dgfp = organisation('dgfp');
    for (const user of ['User1', 'Admin'] as const) {
      const folder = join(files.user(native(trial.folder), dgfp, user), 'msp');
      const certificate = await readFile(
        join(folder, 'signcerts', `${userName(dgfp, user)}-cert.pem`),
        'utf8',
      );
      const key = createPrivateKey(await readFile(join(folder, 'keystore', 'priv_sk')));
      const forged = signedBy(encodeIdentity(dgfp.mspId, certificate), key);
      await provesNothing(endorsedBy([by('DghsMSP'), forged, by(HOSPITAL)]), 'endorser-role');
    }
  });

  test("an orderer's certificate does not pass for a peer's either", async () => {
    const dgfp = organisation('dgfp');
    const [orderer] = dgfp.orderers;
    assert.ok(orderer);
    const folder = join(files.orderer(native(trial.folder), dgfp, orderer), 'msp');
    const certificate = await readFile(
      join(folder, 'signcerts', `${hostOf(dgfp, orderer)}-cert.pem`),
      'utf8',
    );
    const key = createPrivateKey(await readFile(join(folder, 'keystore', 'priv_sk')));
    const forged = signedBy(encodeIdentity(dgfp.mspId, certificate), key);
    await provesNothing(endorsedBy([by('DghsMSP'), forged, by(HOSPITAL)]), 'endorser-role');
  });

  function signedBy(endorser: Uint8Array, key: Parameters<typeof signDer>[0]) {
    const { payload } = evidence.attestation;
    return { endorser, signature: signDer(key, Buffer.concat([payload, endorser])) };
  }

  test("another channel's answer, good there, is not believed here", async () => {
    const elsewhere = await anchor('pilot');
    const pilot = await trialTrust(trial, 'pilot');
    assert.deepEqual(await complaints(elsewhere, { bundle: pilot }), []);
    await provesNothing(elsewhere, 'attestation-channel');
    await provesNothing({ ...elsewhere, channel: 'records' }, 'attestation-channel');
    await provesNothing({ attestation: elsewhere.attestation }, 'attestation-channel');
  });

  test("another chaincode's answer, or another version's, is not believed", async () => {
    for (const chaincode of [
      { name: 'records', version: '2' },
      { name: 'shares', version: '1' },
    ]) {
      const other = await trialTrust(trial, 'records', (payload) => ({
        ...payload,
        chaincodes: [chaincode],
      }));
      await provesNothing({}, 'attestation-chaincode', { bundle: other });
    }
  });

  test('an altered result breaks every signature', async () => {
    const payload = Buffer.from(evidence.attestation.payload);
    const size = payload.indexOf(`"size":${evidence.size}`);
    assert.ok(size > 0);
    payload.write(`"size":${evidence.size + 1}`, size);
    const altered = { ...evidence.attestation, payload: Uint8Array.from(payload) };
    await provesNothing({ attestation: altered }, 'endorsement-signature');
  });

  test('an Append that was endorsed and never submitted proves nothing', async () => {
    const settings = await trial.settings('hospital-group');
    const gateways = new Gateways(settings);
    const args = appendArguments(evidence.size, [await facility.issue()]);
    const asked = [...settings.endorsers, HOSPITAL];
    const endorsed = await gateways.call(({ network }) => {
      const options = { arguments: args, endorsingOrganizations: asked };
      return network.getContract('records').newProposal('Append', options).endorse();
    }, asked);
    gateways.close();
    assert.ok(endorsed.kind === 'done');
    const attestation = attestationIn(endorsed.value.getBytes());
    assert.equal(attestation.endorsements.length, 3);
    await provesNothing({ attestation }, 'attestation-writes');
    assert.equal((await headOf(ledger)).size, evidence.size);
  });

  test('a peer whose certificate has expired is not believed', async () => {
    const { certificate: root, signingKey } = await authorityOf(native(trial.folder), organisation('dgfp'));
    const peer = generatePrivateKey('P-256');
    const spki = createPublicKey(peer).export({ type: 'spki', format: 'der' });
    const certificate = (from: number, until: number) =>
      x509.X509CertificateGenerator.create({
        subject: 'OU=peer,CN=peer1.dgfp.example',
        issuer: root.subject,
        notBefore: new Date(from),
        notAfter: new Date(until),
        publicKey: new x509.PublicKey(spki),
        signingKey,
        signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
        extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true)],
      });
    const HOUR = 60 * 60_000;
    const now = Date.now();
    const endorsedUnder = async (from: number, until: number) => {
      const pem = (await certificate(from, until)).toString('pem');
      const endorsement = signedBy(encodeIdentity('DgfpMSP', pem), peer);
      return endorsedBy([by('DghsMSP'), endorsement, by(HOSPITAL)]);
    };
    assert.deepEqual(await complaints(await endorsedUnder(now - HOUR, now + HOUR)), []);
    await provesNothing(await endorsedUnder(now - 2 * HOUR, now - HOUR), 'endorser-outside-validity');
  });

  test('a peer whose certificate its authority revoked is not believed from the next bundle on', async () => {
    await revoke(native(trial.folder), organisation('dgfp'), 'peer1', new Date());
    await provesNothing({}, 'endorser-revoked', { bundle: await trialTrust(trial, 'records') });
    // A second one on the list leaves the first on it.
    await revoke(native(trial.folder), organisation('dgfp'), 'User1', new Date());
    await provesNothing({}, 'endorser-revoked', { bundle: await trialTrust(trial, 'records') });
    assert.deepEqual(await complaints({}), []);
  });

  test('whoever asks for a fresh answer is told that an old one is old', async () => {
    const HOUR = 60 * 60_000;
    const later = { now: Date.now() + 2 * HOUR };
    assert.deepEqual(await complaints({}, later), []);
    assert.deepEqual(await complaints({}, { ...later, maxStatusAge: HOUR }), ['status-stale']);
  });

  test('is signed by another facility where the first one does not answer', async () => {
    const chaincode = nodesOf(trial.topology, native(trial.folder)).find(
      ({ host }) => host === 'records.hospital-group.example',
    );
    assert.ok(chaincode);
    await stop(chaincode.note);
    const head = await headOf(ledger);
    const request = canonicalJson({ heads: [{ mspId: HOSPITAL, n: head.n }], documents: [], issuers: [] });
    const { endorsements: signatures } = await ledger.attest(request);
    const mspIds = signatures.map(({ endorser }) => decodeIdentity(endorser).mspId);
    assert.deepEqual(mspIds.sort(), ['DgfpMSP', 'DghsMSP', 'DiagnosticGroupMSP'].sort());
  });
});

async function headOf(ledger: FabricLedger) {
  return parseLogHead(JSON.parse(Buffer.from(await ledger.evaluate('Head', [HOSPITAL])).toString()));
}
