import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAttestedState } from '@spondon/protocol/attestation/state';
import { utf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import type { Issuer, LogHead } from '@spondon/protocol/records';
import type { FakeLedger } from '../fake-ledger.test-support.js';
import { MINUTE, NOON, appendArguments, documentId, openSample, refused } from '../sample.test-support.js';

interface Request {
  heads?: unknown;
  documents?: unknown;
  issuers?: unknown;
}

const attest = (ledger: FakeLedger, { heads = [], documents = [], issuers = [] }: Request, time?: number) =>
  ledger.endorse('ClinicMSP', 'Attest', [JSON.stringify({ heads, documents, issuers })], time);

test('an attestation says what the peer holds, as canonical JSON, and writes nothing', async () => {
  const { ledger, hospital, log, append } = await openSample();
  const { iss } = hospital;
  const document = await hospital.issue();
  const { jti } = document.statement;
  const never = documentId();
  await append([document]);
  const head = (await ledger.evaluate('ClinicMSP', 'Head', ['HospitalMSP'])) as LogHead;
  await append([await hospital.revoke(jti)], [log.proof(0, 0)]);
  ledger.now = NOON + MINUTE;
  await ledger.submit('ClinicMSP', 'Tick');
  ledger.channel = 'another-channel';

  const documents = [
    { iss, jti },
    { iss, jti: never },
  ];
  const heads = [{ mspId: 'HospitalMSP', n: 1 }];
  const {
    payload = '',
    writes,
    policies,
  } = await attest(ledger, { heads, documents, issuers: [iss] }, ledger.now + 7);
  const status = { reason: 'error', at: NOON, index: 1, mspId: 'HospitalMSP' };
  const issuer = (await ledger.evaluate('ClinicMSP', 'Issuer', [iss])) as Issuer;
  const state = {
    channel: 'another-channel',
    time: NOON + MINUTE + 7,
    clock: NOON + MINUTE,
    heads: [{ mspId: 'HospitalMSP', ...head }],
    statuses: [
      { iss, jti, status },
      { iss, jti: never, status: null },
    ],
    issuers: [{ iss, ...issuer }],
  };
  assert.equal(payload, canonicalJson({ typ: 'spondon-attestation/v1', ...state }));
  assert.deepEqual(parseAttestedState(utf8(payload)), state);
  assert.equal(writes.size, 0);
  assert.equal(policies.size, 0);
});

test('a head of the ring can be attested after the log has grown, until it is overwritten', async () => {
  const { ledger, hospital } = await openSample();
  const batch = [await hospital.issue()];
  const grow = async (from: number, to: number) => {
    for (let size = from; size < to; size++) {
      await ledger.submit('HospitalMSP', 'Append', appendArguments(size, batch));
    }
  };
  const ask = (n: number) => attest(ledger, { heads: [{ mspId: 'HospitalMSP', n }] });
  await grow(0, 1024);
  const { payload = '' } = await ask(1);
  assert.equal((JSON.parse(payload) as { heads: LogHead[] }).heads[0]?.size, 1);
  await assert.rejects(ask(1025), { message: refused('HEAD_UNKNOWN', 0) });
  await grow(1024, 1025);
  await assert.rejects(ask(1), { message: refused('HEAD_GONE', 0) });
  await assert.rejects(ask(0), { message: refused('HEAD_GONE', 0) });
  await ask(1025);
  await ask(2);
});

test('what does not exist is named by its place in the request', async () => {
  const { ledger, hospital, append } = await openSample();
  await append([await hospital.issue()]);
  const heads = [
    { mspId: 'HospitalMSP', n: 1 },
    { mspId: 'ClinicMSP', n: 1 },
  ];
  await assert.rejects(attest(ledger, { heads }), { message: refused('HEAD_UNKNOWN', 1) });
  const issuers = [hospital.iss, 'bd.dghs.404'];
  await assert.rejects(attest(ledger, { issuers }), { message: refused('ISSUER_UNKNOWN', 1) });
});

test('500 of each are answered, 501 of any are refused', async () => {
  const { ledger, hospital } = await openSample();
  const batch = [await hospital.issue()];
  for (let size = 0; size < 501; size++) {
    await ledger.submit('HospitalMSP', 'Append', appendArguments(size, batch));
  }
  const issuer = ledger.state.get(`issuer/${hospital.iss}`);
  assert.ok(issuer);
  const numbers = Array.from({ length: 501 }, (_, at) => at + 1);
  for (const n of numbers) ledger.state.set(`issuer/bd.other.${n}`, issuer);
  const all = {
    heads: numbers.map((n) => ({ mspId: 'HospitalMSP', n })),
    documents: numbers.map(() => ({ iss: hospital.iss, jti: documentId() })),
    issuers: numbers.map((n) => `bd.other.${n}`),
  };
  const most = {
    heads: all.heads.slice(1),
    documents: all.documents.slice(1),
    issuers: all.issuers.slice(1),
  };
  await attest(ledger, most);
  for (const name of ['heads', 'documents', 'issuers'] as const) {
    const call = attest(ledger, { ...most, [name]: all[name] });
    await assert.rejects(call, { message: refused('ARGUMENT') });
  }
});

test('nothing is asked twice', async () => {
  const { ledger, hospital, append } = await openSample();
  await append([await hospital.issue()]);
  const twice = <Item>(item: Item): Item[] => [item, item];
  for (const request of [
    { heads: twice({ mspId: 'HospitalMSP', n: 1 }) },
    { documents: twice({ iss: hospital.iss, jti: documentId() }) },
    { issuers: twice(hospital.iss) },
  ]) {
    await assert.rejects(attest(ledger, request), { message: refused('ARGUMENT') });
  }
});

test('a request has its one shape', async () => {
  const { ledger, hospital } = await openSample();
  const { iss } = hospital;
  const jti = documentId();
  const wrong = [
    { heads: {} },
    { heads: [{ mspId: 'HospitalMSP' }] },
    { heads: [{ mspId: 'HospitalMSP', n: '1' }] },
    { heads: [{ mspId: 'HospitalMSP/1', n: 1 }] },
    { heads: [{ mspId: 'HospitalMSP', n: 1.5 }] },
    { documents: [{ iss }] },
    { documents: [{ iss, jti, more: 1 }] },
    { documents: [{ iss, jti: jti.toLowerCase() + 'x' }] },
    { documents: [{ iss: `${iss}/x`, jti }] },
    { documents: [jti] },
    { issuers: ['clock'] },
    { issuers: [null] },
    { issuers: iss },
  ];
  for (const request of wrong) {
    await assert.rejects(attest(ledger, request), { message: refused('ARGUMENT') });
  }
  for (const text of ['', '[]', 'null', '{}', '{"heads":[],"documents":[],"issuers":[],"more":[]}']) {
    const call = ledger.endorse('ClinicMSP', 'Attest', [text]);
    await assert.rejects(call, { message: refused('ARGUMENT') });
  }
});

test('only Attest answers with the attestation’s type', async () => {
  const { ledger, hospital, append } = await openSample();
  const document = await hospital.issue();
  await append([document]);
  const answers = [
    await ledger.endorse('ClinicMSP', 'Head', ['HospitalMSP']),
    await ledger.endorse('ClinicMSP', 'Clock'),
    await ledger.endorse('ClinicMSP', 'Issuer', [hospital.iss]),
    await ledger.endorse('ClinicMSP', 'Status', [hospital.iss, document.statement.jti]),
    await ledger.endorse('HospitalMSP', 'Append', appendArguments(1, [await hospital.issue()])),
    await ledger.endorse('DghsMSP', 'Decide', [
      '{"do":"suspend","iss":"bd.dghs.1","nonce":"spondon-attestation/v1"}',
    ]),
  ];
  for (const { payload = '' } of answers) assert.doesNotMatch(payload, /"typ"/);
});
