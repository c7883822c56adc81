import assert from 'node:assert/strict';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTrial, type TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { verifyEvidence } from '@spondon/protocol/evidence';
import { parseEvidence } from '@spondon/protocol/evidence/file';
import { openTrustBundle } from '@spondon/protocol/trust';
import { files, native } from '@spondon/network/layout';
import { initialise } from '@spondon/network/native/initialise';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { makeTrust } from '@spondon/network/trust/make';
import { elsewhereIn, type FabricFiles } from '../config.js';
import { copyData, restoreData } from './backup.js';
import {
  assertProblem,
  facility,
  HOSPITAL,
  scratchFolders,
  startTestService,
  until,
  type Answer,
  type TestService,
} from './deployment.test-support.js';
import { checkData, type Finding } from './fsck.js';
import { rebuildDerived } from './maintenance.js';
import { changeMasterKey } from './master-key-change.js';

const newFolder = scratchFolders();
/** The facility that a deployment's tests issue for is not admitted by its own start. */
const NO_KEY_YET = 'none';

describe(
  'deployments of two regulators and a group of hospitals',
  { skip: await whyNoTrial(), timeout: 5 * 60_000 },
  () => {
    let trial: TrialNetwork;
    let env: (organisation: string) => Readonly<Record<string, string>>;
    let dghs: TestService;
    let dgfp: TestService;
    let hospitals: TestService;
    let trust: string;

    before(async () => {
      trial = await startTrial();
      const { topology, folder } = trial;
      const place = native(folder);
      await initialise(topology, folder);
      const hosts = ['verify.example.gov.bd'];
      const { file, bundle } = await makeTrust(topology, place, { channel: 'records', hosts }, Date.now());
      env = (name) => {
        const organisation = topology.organisations.find((each) => each.name === name);
        assert.ok(organisation);
        return {
          SPONDON_LEDGER: 'fabric',
          SPONDON_FABRIC: files.connection(place, organisation),
          SPONDON_TRUST_BUNDLE: file,
        };
      };
      trust = bundle.hash;
      const start = async (name: string) => startTestService(await newFolder(), env(name), NO_KEY_YET);
      [dghs, dgfp, hospitals] = [await start('dghs'), await start('dgfp'), await start('hospital-group')];
    });
    after(async () => {
      try {
        for (const service of [dghs, dgfp, hospitals]) await service.close();
      } finally {
        await trial.stop();
      }
    });

    const as = (service: TestService, method: 'GET' | 'POST' | 'DELETE', url: string, json?: unknown) =>
      service.ask(method, url, { key: service.operatorKey, ...(json === undefined ? {} : { json }) });
    const verdict = async (code: string, at = hospitals) =>
      (await at.ask('GET', `/v1/verify?code=${code}`)).body;
    const isOpen = (service: TestService, id: string) => async () =>
      decisionsIn(await as(service, 'GET', '/v1/decisions')).some((each) => each.id === id);
    const proposalIn = ({ status, text, body }: Answer) => {
      assert.equal(status, 202, text);
      assert.equal(body.state, 'proposed');
      const [decision] = decisionsIn({ body: { decisions: [body] } });
      assert.ok(decision);
      return decision;
    };

    test('a facility is admitted once both regulators have voted for the request of its deployment', async () => {
      const facts = { issuerId: HOSPITAL, ...facility('Hospital One') };
      assertProblem(await as(hospitals, 'POST', '/v1/issuers', facts), 403, 'NOT_REGULATOR');
      const request = await as(hospitals, 'POST', '/v1/admission-requests', facts);
      assert.equal(request.status, 200, request.text);
      const again = await as(hospitals, 'POST', '/v1/admission-requests', facts);
      assert.deepEqual(again.body, request.body);

      const withoutKey = { ...facts, organisation: 'HospitalGroupMSP' };
      assertProblem(await as(dghs, 'POST', '/v1/issuers', withoutKey), 400, 'REQUEST_INVALID');
      const { id, voters, waitingFor, action } = proposalIn(
        await as(dghs, 'POST', '/v1/issuers', request.body),
      );
      assert.deepEqual([voters, waitingFor], [['DghsMSP'], ['DgfpMSP']]);
      assert.equal(action['name'], 'Hospital One');
      // Proposed or voted for again, it is the same one vote.
      assert.equal(proposalIn(await as(dghs, 'POST', '/v1/issuers', request.body)).id, id);
      assert.equal(proposalIn(await as(dghs, 'POST', `/v1/decisions/${id}/vote`)).id, id);
      assert.equal(hospitals.issuer(HOSPITAL), undefined);

      await until(isOpen(dgfp, id));
      assertProblem(await as(hospitals, 'POST', `/v1/decisions/${id}/vote`), 403, 'NOT_REGULATOR');
      const vote = await as(dgfp, 'POST', `/v1/decisions/${id}/vote`);
      assert.deepEqual([vote.status, vote.body], [200, { state: 'decided' }]);
      assertProblem(await as(dgfp, 'POST', `/v1/decisions/${id}/vote`), 404, 'DECISION_UNKNOWN');
      await until(() => hospitals.issuer(HOSPITAL) !== undefined);
      assert.equal(hospitals.issuer(HOSPITAL)?.mspId, 'HospitalGroupMSP');
      assertProblem(await as(hospitals, 'POST', '/v1/admission-requests', facts), 409, 'ISSUER_EXISTS');
    });

    test('after a restart its deployment issues; any portal verifies, and evidence proves it offline', async () => {
      const { apiKey = '' } = (await as(hospitals, 'POST', `/v1/issuers/${HOSPITAL}/api-keys`)).body;
      await hospitals.close();
      hospitals = await startTestService(hospitals.dataDir, env('hospital-group'), apiKey);

      const issued = await hospitals.issue();
      assert.equal(issued.status, 201, issued.text);
      const { documentId = '' } = issued.body;
      await hospitals.anchored();
      for (const portal of [hospitals, dgfp]) {
        await until(async () => (await verdict(documentId, portal)).verdict === 'valid');
        const { notes } = await verdict(documentId, portal);
        assert.ok(!notes?.some(({ code }) => code === 'single-owner'));
      }

      const now = Date.now();
      const bundle = await openTrustBundle((await dgfp.ask('GET', '/v1/trust')).text, {
        now,
        hash: sha256,
        verify,
      });
      assert.equal(bundle.hash, trust);
      const evidence = parseEvidence((await dgfp.ask('GET', `/v1/documents/${documentId}/evidence`)).text);
      const ends = (await dgfp.ask('GET', '/metrics')).text.match(/^spondon_certificate_expiry.*$/gm) ?? [];
      for (const [use, holder] of [
        ['reports', 'verify.example.gov.bd'],
        ['client', 'DgfpMSP'],
        ['TLS root', 'tlsca.dghs.example'],
        ['orderer', 'orderer1.dgfp.example'],
        ['endorser', 'peer1.dghs.example'],
        ['trust bundle', 'records'],
      ])
        assert.ok(
          ends.some((line) => line.includes(`certificate="${use}",holder="${holder}"} `)),
          `${use} of ${holder}: ${ends.join('\n')}`,
        );
      const proven = await verifyEvidence(evidence, { bundle, now, hash: sha256, verify });
      assert.ok(
        proven.checks.every(({ state }) => state === 'passed'),
        JSON.stringify(proven.checks),
      );
      assert.deepEqual([...proven.endorsedBy].sort(), ['DgfpMSP', 'DghsMSP', 'HospitalGroupMSP']);

      const asked = { key: hospitals.hospitalKey, json: { reason: 'error' } };
      const revoked = await hospitals.ask('POST', `/v1/documents/${documentId}/revocation`, asked);
      assert.equal(revoked.status, 202, revoked.text);
      await hospitals.anchored();
      assert.equal((await verdict(documentId)).verdict, 'revoked');
    });

    test('its next key signs once both regulators have admitted it', async () => {
      const request = await as(hospitals, 'POST', `/v1/issuers/${HOSPITAL}/key-requests`);
      assert.equal(request.status, 200, request.text);
      const { jwk } = request.body as { jwk?: unknown };
      const url = `/v1/issuers/${HOSPITAL}/keys`;
      proposalIn(await as(dghs, 'POST', url, { jwk }));
      await until(async () => decisionsIn(await as(dgfp, 'GET', '/v1/decisions')).length === 1);
      // The second who asks for the same thing votes for what the first proposed.
      assert.equal((await as(dgfp, 'POST', url, { jwk })).status, 200);
      const newest = () => hospitals.issuer(HOSPITAL)?.keys[1];
      await until(() => newest() !== undefined);

      const old = hospitals.issuer(HOSPITAL)?.keys[0]?.kid ?? '';
      const ending = await as(dgfp, 'POST', `${url}/${old}/end`, { why: 'rotated' });
      const { id } = proposalIn(ending);
      await until(isOpen(dghs, id));
      assert.equal((await as(dghs, 'POST', `/v1/decisions/${id}/vote`)).status, 200);
      await until(() => hospitals.issuer(HOSPITAL)?.keys[0]?.why === 'rotated');
      const { documentId = '' } = (await hospitals.issue()).body;
      await hospitals.anchored();
      assert.equal((await verdict(documentId)).verdict, 'valid');
    });

    test('a backup restored elsewhere catches up from the network; fsck finds it sound, or says that it cannot look', async () => {
      const { documentId = '' } = (await hospitals.issue()).body;
      const backup = join(await newFolder(), 'backup');
      await copyData(hospitals.dataDir, backup);
      await hospitals.anchored();
      await hospitals.close();
      const dataDir = join(await newFolder(), 'restored');
      await restoreData(backup, dataDir);
      await copyFile(join(hospitals.dataDir, 'master.key'), join(dataDir, 'master.key'));
      hospitals = await startTestService(dataDir, env('hospital-group'), hospitals.hospitalKey);
      await hospitals.anchored();
      assert.equal((await verdict(documentId)).verdict, 'valid');
      const file = await hospitals.ask('GET', `/v1/documents/${documentId}/file`, {
        key: hospitals.hospitalKey,
      });
      assert.equal(file.status, 200);
      await hospitals.close();

      const check = async (fabric: FabricFiles | null) => {
        const found: Finding[] = [];
        const isSound = await checkData(dataDir, undefined, (finding) => found.push(finding), { fabric });
        return { isSound, areas: found.map(({ area }) => area), damage: found.map((each) => each.damage) };
      };
      const { fabric: network } = elsewhereIn(env('hospital-group'));
      assert.ok(network);
      assert.ok((await rebuildDerived(dataDir, undefined, { fabric: network })) > 0);
      const { isSound, areas, damage } = await check(network);
      assert.ok(isSound, JSON.stringify(damage));
      assert.ok(areas.includes('documents'));

      const { newFile } = await changeMasterKey(dataDir, { present: undefined, next: undefined });
      assert.equal(newFile, join(dataDir, 'master.key'));
      const changed = await check(network);
      assert.ok(changed.isSound, JSON.stringify(changed.damage));

      // Without the settings nobody takes a folder without blocks for a new ledger.
      await assert.rejects(rebuildDerived(dataDir, undefined), { code: 'DATA_DAMAGED' });
      const connection = await readFile(network.connection, 'utf8');
      const unreachable = join(await newFolder(), 'connection.json');
      await writeFile(unreachable, connection.replace(/"127\.0\.0\.1:\d+"/g, '"127.0.0.1:1"'));
      await assert.rejects(check({ ...network, connection: unreachable }), { code: 'UNAVAILABLE' });
    });
  },
);

interface Decision {
  readonly id: string;
  readonly action: Readonly<Record<string, unknown>>;
  readonly voters: readonly string[];
  readonly waitingFor: readonly string[];
}

function decisionsIn({ body }: { readonly body: object }): readonly Decision[] {
  const { decisions } = body as { decisions: readonly { decision: Decision }[] };
  return decisions.map(({ decision }) => decision);
}
