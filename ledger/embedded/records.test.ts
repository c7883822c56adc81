import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Records } from '@spondon/chaincode/records';
import { verifyAttestation } from '@spondon/protocol/attestation';
import { canonicalJson } from '@spondon/protocol/canonical';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { openTrustBundle } from '@spondon/protocol/trust';
import { promisesOfTheLedger } from '../port-suite.test-support.js';
import { openEmbeddedLedger } from './open.js';
import { openToy, temporaryFolder, toyOptions } from './toy-ledger.test-support.js';

promisesOfTheLedger('embedded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-ledger-'));
  const ledger = await openEmbeddedLedger({ ...toyOptions(folder), contract: new Records() });
  const close = async () => {
    await ledger.close();
    await rm(folder, { recursive: true });
  };
  return { ledger, regulators: [ledger], close };
});

test('an attestation convinces a verifier who holds the trust bundle, and nobody who holds another', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t), { contract: new Records() });
  const other = await openToy(t, await temporaryFolder(t), { contract: new Records() });
  await ledger.submit('Init', [JSON.stringify([ledger.mspId])]);
  const attestation = await ledger.attest(canonicalJson({ heads: [], documents: [], issuers: [] }));
  const now = Date.now();
  const judge = async (bundle: string) =>
    verifyAttestation(attestation, await openTrustBundle(bundle, { now, hash: sha256, verify }), now, verify);
  const verdict = await judge(await ledger.trustBundle({ hosts: [], now }));
  assert.ok(verdict.accepted);
  assert.deepEqual(verdict.endorsedBy, [ledger.mspId]);
  assert.equal((await judge(await other.trustBundle({ hosts: [], now }))).accepted, false);
});
