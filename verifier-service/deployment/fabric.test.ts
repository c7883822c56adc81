import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTrial, type TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import { trialTrustText } from '@spondon/ledger/fabric/trust.test-support';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { verifyEvidence } from '@spondon/protocol/evidence';
import { parseEvidence } from '@spondon/protocol/evidence/file';
import { openTrustBundle } from '@spondon/protocol/trust';
import { files, native } from '@spondon/network/layout';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { scratchFolders, startTestService, type TestService } from './deployment.test-support.js';

const newFolder = scratchFolders();

describe('the service on a Fabric network', { skip: await whyNoTrial(), timeout: 5 * 60_000 }, () => {
  let trial: TrialNetwork;
  let env: Readonly<Record<string, string>>;
  let service: TestService;
  let trust: string;

  before(async () => {
    trial = await startTrial();
    // The registrar decides alone, so this channel's contract knows one regulator; its peers still endorse in pairs.
    const ledger = await trial.open('dghs');
    await ledger.submit('Init', [JSON.stringify([ledger.mspId])]);
    const organisation = trial.topology.organisations.find(({ name }) => name === 'dghs');
    assert.ok(organisation);
    trust = await trialTrustText(trial, 'records');
    const trustFile = join(await newFolder(), 'trust.json');
    await writeFile(trustFile, trust);
    env = {
      SPONDON_LEDGER: 'fabric',
      SPONDON_FABRIC: files.connection(native(trial.folder), organisation),
      SPONDON_TRUST_BUNDLE: trustFile,
    };
    service = await startTestService(await newFolder(), env);
  });
  after(async () => {
    try {
      await service.close();
    } finally {
      await trial.stop();
    }
  });

  const verdict = async (code: string) => (await service.ask('GET', `/v1/verify?code=${code}`)).body;

  test('a document goes the whole way: issued, anchored, verified, proven offline, revoked', async () => {
    const issued = await service.issue();
    assert.equal(issued.status, 201, issued.text);
    const { documentId = '' } = issued.body;
    await service.anchored();
    const found = await verdict(documentId);
    assert.equal(found.verdict, 'valid');
    assert.ok(!found.notes?.some(({ code }) => code === 'single-owner'));

    assert.equal((await service.ask('GET', '/v1/trust')).text, trust);
    const evidence = parseEvidence((await service.ask('GET', `/v1/documents/${documentId}/evidence`)).text);
    const now = Date.now();
    const bundle = await openTrustBundle(trust, { now, hash: sha256, verify });
    const proven = await verifyEvidence(evidence, { bundle, now, hash: sha256, verify });
    assert.ok(
      proven.checks.every(({ state }) => state === 'passed'),
      JSON.stringify(proven.checks),
    );
    assert.deepEqual([...proven.endorsedBy].sort(), ['DgfpMSP', 'DghsMSP', 'HospitalGroupMSP']);

    const revocation = { reason: 'error' };
    const asked = { key: service.hospitalKey, json: revocation };
    const revoked = await service.ask('POST', `/v1/documents/${documentId}/revocation`, asked);
    assert.equal(revoked.status, 202, revoked.text);
    await service.anchored();
    assert.equal((await verdict(documentId)).verdict, 'revoked');
  });

  test('a restart goes on where it was', async () => {
    const { documentId = '' } = (await service.issue()).body;
    await service.close();
    service = await startTestService(service.dataDir, env, service.hospitalKey);
    await service.anchored();
    assert.equal((await verdict(documentId)).verdict, 'valid');
    assert.equal((await service.ask('GET', '/health/ready')).status, 200);
  });
});
