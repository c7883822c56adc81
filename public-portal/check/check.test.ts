import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBase64url } from '@spondon/protocol/base64url';
import { toHex } from '@spondon/protocol/bytes';
import { formatEvidence } from '@spondon/protocol/evidence/file';
import { TODAY } from '@spondon/protocol/testing/mint';
import {
  ATTESTED_AT,
  DOCUMENT,
  type EvidenceWish,
  hash64,
  mintEvidence,
  mintNetwork,
  signPayload,
  STATEMENT,
  trustPayload,
} from '@spondon/protocol/testing/network';
import { openTrustBundle } from '@spondon/protocol/trust';
import type { Verdict } from '@spondon/protocol/verdict/summaries';
import { check, checkOffline, checkWith, NotEvidence } from './check.js';
import type { Asked } from './question.js';
import { sha256, verify } from './crypto.js';
import { type EvidenceOf, type Service, type ServiceAnswer, Unreachable } from './service.js';
import type { TrustList } from './trust-list.js';

const network = await mintNetwork();
const bundle = await openTrustBundle(await signPayload(network, trustPayload(network)), {
  now: TODAY,
  hash: sha256,
  verify,
});
const trust: TrustList = {
  bundle,
  issuers: { issuer: () => undefined, isComplete: false },
  fetchedAt: TODAY,
};

const HASH = toHex(decodeBase64url(STATEMENT.sha256));
const file: Asked = { asked: 'file', sha256: HASH, claims: [] };
const code: Asked = { asked: 'code', code: DOCUMENT };
const evidence = async (wish?: EvidenceWish): Promise<string> =>
  formatEvidence(await mintEvidence(network, wish));
const revoked: EvidenceWish = {
  state: {
    statuses: [
      {
        iss: STATEMENT.iss,
        jti: DOCUMENT,
        status: { reason: 'fraud', at: ATTESTED_AT - 60_000, mspId: 'SampleHospital', index: 3 },
      },
    ],
  },
};

function says(verdict: Verdict, state: 'anchored' | 'pending' | null = 'anchored'): ServiceAnswer {
  const issuer = { issuerId: STATEMENT.iss, name: 'Said Hospital', licence: null, telephone: null };
  const document = {
    documentId: DOCUMENT,
    kind: 'report',
    sha256: HASH,
    issuer,
    issuedAt: '2026-02-19T00:00:00Z',
  };
  return { verdict, checks: [], notes: [], ...(state === null ? {} : { document: { ...document, state } }) };
}

interface Wish {
  readonly said?: ServiceAnswer;
  /** By code, when it differs. */
  readonly saidByCode?: ServiceAnswer;
  readonly evidence?: string | null;
  readonly trust?: TrustList | null;
}

function depsOf(wish: Wish, asked: EvidenceOf[] = []) {
  const answer = (said = wish.said) =>
    said ? Promise.resolve(said) : Promise.reject(new Unreachable('outage'));
  const service: Service = {
    verifyFile: () => answer(),
    verifyCode: () => answer(wish.saidByCode),
    evidence: (of) => {
      asked.push(of);
      return wish.evidence === undefined
        ? Promise.reject(new Unreachable('outage'))
        : Promise.resolve(wish.evidence);
    },
    report: () => assert.fail('not asked for'),
    trust: () => assert.fail('not asked for'),
    issuers: () => assert.fail('not asked for'),
  };
  return { service, trust: wish.trust === undefined ? trust : wish.trust, now: () => TODAY };
}

test('evidence that holds decides, and the answer names who signed it', async () => {
  const answer = await check(file, depsOf({ said: says('valid'), evidence: await evidence() }));
  assert.equal(answer.verdict, 'valid');
  assert.equal(answer.restsOn, 'evidence');
  assert.equal(answer.endorsedBy.length, 3);
  assert.equal(answer.document?.documentId, DOCUMENT);
});

test('beside evidence, the service still says that it could not ask what waits', async () => {
  const note = { code: 'waiting-unknown' } as const;
  const said = { ...says('valid'), notes: [note, { code: 'single-owner' } as const] };
  const answer = await check(file, depsOf({ said, evidence: await evidence() }));
  assert.deepEqual([answer.verdict, answer.restsOn, answer.notes], ['valid', 'evidence', [note.code]]);
});

test("the service's 'valid' is not believed against evidence of a withdrawal", async () => {
  const answer = await check(file, depsOf({ said: says('valid'), evidence: await evidence(revoked) }));
  assert.equal(answer.verdict, 'revoked');
});

test("the service's 'valid' is not believed for a file that the record does not have", async () => {
  const other: Asked = { asked: 'file', sha256: toHex(decodeBase64url(hash64('another file'))), claims: [] };
  const answer = await check(other, depsOf({ said: says('valid'), evidence: await evidence() }));
  assert.notEqual(answer.verdict, 'valid');
});

test('evidence that does not hold proves nothing, whatever the service says', async () => {
  const endorsers = [network.hospital];
  const answer = await check(file, depsOf({ said: says('valid'), evidence: await evidence({ endorsers }) }));
  assert.notEqual(answer.verdict, 'valid');
  assert.ok(answer.checks.some((one) => one.code === 'endorsement-policy'));
  assert.deepEqual(answer.endorsedBy, []);
});

test('what only the service knows counts when it is bad news', async () => {
  for (const verdict of ['conflict', 'revoked', 'superseded'] as const) {
    const answer = await check(code, depsOf({ said: says(verdict), evidence: await evidence() }));
    assert.equal(answer.verdict, verdict);
    assert.equal(answer.restsOn, 'service');
  }
});

test('what waits to be anchored is pending, on the word of the service', async () => {
  const answer = await check(file, depsOf({ said: says('pending', 'pending') }));
  assert.equal(answer.verdict, 'pending');
  assert.equal(answer.restsOn, 'service');
});

test("without evidence the service's answer stands for what it was asked, and says whose word it is", async () => {
  const answer = await check(file, depsOf({ said: says('valid') }));
  assert.equal(answer.verdict, 'valid');
  assert.equal(answer.restsOn, 'service');
  assert.equal(answer.evidence, null);
});

test('an outage is no verdict about the document', async () => {
  assert.equal((await check(file, depsOf({}))).verdict, 'unavailable');
  const said = says('unavailable', null);
  assert.equal((await check(file, depsOf({ said }))).verdict, 'unavailable');
});

test('nothing found is not found', async () => {
  assert.equal((await check(code, depsOf({ said: says('not-found', null) }))).verdict, 'not-found');
});

test('evidence is asked for by hash when the file is known, so that it is this facility’s', async () => {
  const asked: EvidenceOf[] = [];
  await check(file, depsOf({ said: says('valid'), evidence: await evidence() }, asked));
  await check(code, depsOf({ said: says('valid'), evidence: await evidence() }, asked));
  assert.deepEqual(asked, [{ sha256: HASH }, { code: DOCUMENT }]);
});

test('damaged evidence from the service is none', async () => {
  const answer = await check(file, depsOf({ said: says('valid'), evidence: '{}' }));
  assert.equal(answer.restsOn, 'service');
});

test('offline, an evidence file by itself answers for its document', async () => {
  const answer = await checkOffline({ asked: 'evidence' }, await evidence(), depsOf({}));
  assert.equal(answer.verdict, 'valid');
  assert.equal(answer.asked, 'code');
  assert.equal(answer.document?.documentId, DOCUMENT);
});

test('offline, a file is compared with the evidence that was brought along', async () => {
  assert.equal((await checkOffline(file, await evidence(), depsOf({}))).verdict, 'valid');
  const other: Asked = { asked: 'file', sha256: toHex(decodeBase64url(hash64('another file'))), claims: [] };
  assert.notEqual((await checkOffline(other, await evidence(), depsOf({}))).verdict, 'valid');
});

test('evidence brought along is held against what is known today', async () => {
  const [good, withdrawn] = [await evidence(), await evidence(revoked)];
  const today = depsOf({ said: says('valid'), evidence: withdrawn });
  for (const question of [file, { asked: 'evidence' } as const])
    assert.equal((await checkWith(question, good, today)).verdict, 'revoked');
  assert.equal((await checkWith(file, good, depsOf({ said: says('revoked') }))).verdict, 'revoked');
});

test("the service's word alone does not make good what evidence shows withdrawn", async () => {
  const unproven = depsOf({ said: says('valid', 'pending') });
  assert.equal((await checkWith(file, await evidence(revoked), unproven)).verdict, 'revoked');
});

test('where nobody can be asked, or nothing is known, evidence brought along answers', async () => {
  for (const deps of [depsOf({}), depsOf({ said: says('not-found', null) })])
    assert.equal((await checkWith(file, await evidence(), deps)).verdict, 'valid');
});

test('an answer of evidence alone is as of its day, as a withdrawal since is not in it', async () => {
  const alone = await checkWith(file, await evidence(), depsOf({}));
  assert.ok(alone.asOf !== null && alone.asOf <= TODAY);
  const today = depsOf({ said: says('valid'), evidence: await evidence() });
  assert.equal((await checkWith(file, await evidence(), today)).asOf, null);
  assert.equal((await checkWith(file, await evidence(revoked), depsOf({}))).asOf, null);
});

test('evidence of another document is told to be of no use', async () => {
  const said = depsOf({ said: says('valid'), evidence: await evidence() });
  const other: Asked = { asked: 'file', sha256: toHex(decodeBase64url(hash64('another file'))), claims: [] };
  assert.equal((await checkWith(other, await evidence(), said)).hasOtherEvidence, true);
  assert.equal((await checkWith(file, await evidence(), said)).hasOtherEvidence, false);
});

test('offline, what is no evidence file is refused as such', async () => {
  await assert.rejects(checkOffline(file, '{"a": 1}', depsOf({})), NotEvidence);
});

test('without any trust list nothing is called good', async () => {
  const answer = await checkOffline(file, await evidence(), depsOf({ trust: null }));
  assert.equal(answer.verdict, 'unavailable');
});
