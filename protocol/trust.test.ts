import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBase64url, encodeBase64url } from './base64url.js';
import { fromUtf8, utf8 } from './bytes.js';
import { canonicalJson } from './canonical.js';
import { sha256, signWith, verify } from './crypto-node.js';
import { ProtocolError } from './error.js';
import { DAY, TODAY, malleated, mintCrl } from './testing/mint.js';
import { mintNetwork, mintSigner, signPayload, trustPayload } from './testing/network.js';
import {
  openTrustBundle,
  signTrustBundle,
  trustFingerprint,
  verifySuccession,
  type TrustOptions,
} from './trust.js';
import { isSingleOwner, policyMet } from './trust/policy.js';
import type { TrustPayload } from './trust/payload.js';

const network = await mintNetwork();
const payload = trustPayload(network);
const text = await signPayload(network, payload);

function open(bundle: string, options: Partial<TrustOptions> = {}) {
  return openTrustBundle(bundle, { now: TODAY, hash: sha256, verify, ...options });
}

interface GeneralJws {
  payload: string;
  signatures: { protected: string; signature: string }[];
}

/** The bundle with its JSON changed; `signatures` stay as they were unless the change is to them. */
function changed(change: (jws: GeneralJws) => unknown): string {
  const jws = JSON.parse(text) as GeneralJws;
  return canonicalJson(change(jws) ?? jws);
}

async function refusesPayload(change: object, code = 'TRUST_BUNDLE'): Promise<void> {
  const hostile = { ...payload, ...change } as TrustPayload;
  // Signed by the right keys, so that nothing but its content can be the reason.
  const encoded = encodeBase64url(utf8(canonicalJson(hostile)));
  const signatures = await Promise.all(
    network.signers.map(async ({ signer, privateKey }) => {
      const header = encodeBase64url(utf8(`{"alg":"ES256","kid":"${signer.kid}","typ":"spondon-trust+jws"}`));
      const signature = encodeBase64url(await signWith(privateKey)(utf8(`${header}.${encoded}`)));
      return { protected: header, signature };
    }),
  );
  await assert.rejects(open(canonicalJson({ payload: encoded, signatures })), { code });
}

test('a bundle opens to what was signed, with a fingerprint of its signers', async () => {
  const bundle = await open(text);
  assert.deepEqual(bundle.payload, payload);
  assert.deepEqual([...bundle.msps.keys()], ['DGHS', 'DGFP', 'SampleHospital', 'StateHospital']);
  assert.equal(bundle.fingerprint, trustFingerprint(payload.signers, sha256));
  assert.match(bundle.fingerprint, /^[0-9a-f]{64}$/);
});

test('the fingerprint is that of the signers alone: a new version keeps it, another signer changes it', async () => {
  const next = { ...payload, version: 2, previous: (await open(text)).hash };
  const { fingerprint } = await open(await signPayload(network, next));
  assert.equal(fingerprint, trustFingerprint(payload.signers, sha256));
  assert.notEqual(trustFingerprint([mintSigner().signer], sha256), fingerprint);
});

test('a pinned fingerprint is demanded', async () => {
  const { fingerprint } = await open(text);
  await assert.doesNotReject(open(text, { pin: fingerprint.toUpperCase() }));
  await assert.rejects(open(text, { pin: '0'.repeat(64) }), { code: 'TRUST_PIN' });
});

test('a bundle is refused after the moment it expires', async () => {
  await assert.doesNotReject(open(text, { now: payload.expires }));
  await assert.rejects(open(text, { now: payload.expires + 1 }), { code: 'TRUST_EXPIRED' });
});

test('every signer has to have signed, once each and in order', async () => {
  const first = (jws: GeneralJws) => jws.signatures.slice(0, 1);
  const cases = [
    changed((jws) => ({ ...jws, signatures: first(jws) })),
    changed((jws) => ({ ...jws, signatures: [...jws.signatures, ...first(jws)] })),
    changed((jws) => ({ ...jws, signatures: [...first(jws), ...first(jws)] })),
    changed((jws) => ({ ...jws, signatures: jws.signatures.toReversed() })),
    changed((jws) => ({ ...jws, signatures: [] })),
  ];
  for (const hostile of cases) await assert.rejects(open(hostile), { code: 'TRUST_SIGNATURE' });
});

test('the signature of one signer by the key of another is refused', async () => {
  const [first] = network.signers;
  assert.ok(first);
  const onlyOneKey = await signTrustBundle(payload, () => signWith(first.privateKey));
  await assert.rejects(open(onlyOneKey), { code: 'TRUST_SIGNATURE' });
});

test('a signature with high S, which verifies just as well, is refused', async () => {
  const hostile = changed((jws) => {
    for (const entry of jws.signatures)
      entry.signature = encodeBase64url(malleated(decodeBase64url(entry.signature)));
  });
  await assert.rejects(open(hostile), { code: 'TRUST_SIGNATURE' });
});

test('another header is refused: alg none, another typ, a key inside', async () => {
  const [kid = ''] = payload.signers.map((signer) => signer.kid);
  const headers = [
    `{"alg":"none","kid":"${kid}","typ":"spondon-trust+jws"}`,
    `{"alg":"ES256","kid":"${kid}","typ":"spondon-statement+jwt"}`,
    `{"alg":"ES256","jwk":{},"kid":"${kid}","typ":"spondon-trust+jws"}`,
    `{"alg":"ES256","kid":"${kid}","typ":"spondon-trust+jws" }`,
  ];
  for (const header of headers) {
    const hostile = changed((jws) => {
      for (const entry of jws.signatures) entry.protected = encodeBase64url(utf8(header));
    });
    await assert.rejects(open(hostile), { code: 'TRUST_SIGNATURE' });
  }
});

test('a header outside the signature, or any other member, is refused', async () => {
  const hostile = changed((jws) => ({
    ...jws,
    signatures: jws.signatures.map((entry) => ({ ...entry, header: {} })),
  }));
  await assert.rejects(open(hostile), { code: 'TRUST_BUNDLE' });
  await assert.rejects(open(changed((jws) => ({ ...jws, more: 1 }))), { code: 'TRUST_BUNDLE' });
});

test('another payload under the old signatures is refused', async () => {
  const hostile = changed((jws) => {
    jws.payload = encodeBase64url(utf8(canonicalJson({ ...payload, expires: payload.expires + 1 })));
  });
  await assert.rejects(open(hostile), { code: 'TRUST_SIGNATURE' });
});

test('a payload that is not canonical is refused even when signed', async () => {
  const spaced = encodeBase64url(
    utf8(` ${fromUtf8(decodeBase64url((JSON.parse(text) as GeneralJws).payload))}`),
  );
  await assert.rejects(open(changed((jws) => ({ ...jws, payload: spaced }))), { code: 'NOT_CANONICAL' });
  await assert.rejects(open(` ${text}`), { code: 'NOT_CANONICAL' });
});

test('content that makes no sense is refused although it is signed', async () => {
  const [dghs, ...others] = payload.msps;
  const [signer] = payload.signers;
  assert.ok(dghs && signer);
  await refusesPayload({ typ: 'spondon-trust/v2' });
  await refusesPayload({ more: true });
  await refusesPayload({ version: 0 });
  await refusesPayload({ version: 2 });
  await refusesPayload({ previous: payload.signers[0]?.kid });
  await refusesPayload({ engine: 'solo' });
  await refusesPayload({ msps: [dghs, dghs, ...others] });
  await refusesPayload({ msps: [{ ...dghs, roots: [] }, ...others] });
  await refusesPayload({ msps: [{ ...dghs, until: 'never' }, ...others] });
  await refusesPayload({ policy: { all: [], otherOwners: 1 } });
  await refusesPayload({ policy: { all: ['DGHS', 'DGHS'], otherOwners: 0 } });
  await refusesPayload({ policy: { all: ['DGHS', 'Nobody'], otherOwners: 0 } });
  await refusesPayload({ policy: { all: ['DGHS', 'DGFP'], otherOwners: 2 } });
  await refusesPayload({ hosts: ['https://example.org'] });
});

test('a signer that stands twice, or one key under two names, is no second signer', async () => {
  const [first] = payload.signers;
  assert.ok(first);
  await refusesPayload({ signers: [first, first] });
  await refusesPayload({ signers: [first, { ...first, kid: 'another' }] });
  await refusesPayload({ signers: [] });
});

test('certificates that do not fit together are refused when the bundle is opened', async () => {
  const [dghs, dgfp] = payload.msps;
  assert.ok(dghs && dgfp);
  const rest = payload.msps.slice(1);
  await refusesPayload({ msps: [{ ...dghs, roots: [network.dghs.peer.pem] }, ...rest] }, 'CERTIFICATE');
  await refusesPayload(
    { msps: [{ ...dghs, intermediates: [network.hospital.intermediate?.pem] }, ...rest] },
    'CERTIFICATE',
  );
  await refusesPayload({ msps: [{ ...dghs, crls: [await mintCrl(network.dgfp.root, [])] }, ...rest] }, 'CRL');
  await refusesPayload({ msps: [{ ...dghs, roots: ['no certificate'] }, ...rest] }, 'PEM');
});

test('a successor is signed by every signer of the one before, whether they stay or leave', async () => {
  const held = await open(text);
  const [stays, leaves] = network.signers;
  assert.ok(stays && leaves);
  const joins = mintSigner();
  const next = { ...payload, version: 2, previous: held.hash, signers: [stays.signer, joins.signer] };
  const succeeding = await signPayload(network, { ...next, outgoing: [leaves.signer] }, [joins]);
  await assert.doesNotReject(open(succeeding, { previous: held }));
  const usurping = await signPayload(network, next, [joins]);
  await assert.rejects(open(usurping, { previous: held }), { code: 'TRUST_SUCCESSION' });
});

test('a successor names the bundle before it, by hash and number', async () => {
  const held = await open(text);
  const bundles: Partial<TrustPayload>[] = [
    { version: 3, previous: held.hash },
    { version: 2, previous: encodeBase64url(sha256(utf8('another'))) },
    { version: 2, previous: held.hash, channel: 'another' },
  ];
  for (const change of bundles) {
    const next = await open(await signPayload(network, { ...payload, ...change }));
    assert.throws(() => verifySuccession(held, next), { code: 'TRUST_SUCCESSION' });
  }
  // Going back is no succession either.
  const next = await open(await signPayload(network, { ...payload, version: 2, previous: held.hash }));
  await assert.doesNotReject(open(text, { previous: held }));
  await assert.rejects(open(text, { previous: next }), { code: 'TRUST_SUCCESSION' });
});

test('a leaving signer has to sign', async () => {
  const leaves = mintSigner();
  const hostile = await signTrustBundle({ ...payload, outgoing: [leaves.signer] }, (kid) => {
    const own = network.signers.find(({ signer }) => signer.kid === kid) ?? mintSigner();
    return signWith(own.privateKey);
  });
  await assert.rejects(open(hostile), { code: 'TRUST_SIGNATURE' });
});

test('the policy asks for all it names and for further owners, each of whom counts once', async () => {
  const bundle = await open(text);
  assert.equal(policyMet(bundle, ['DGHS', 'DGFP', 'SampleHospital']), true);
  assert.equal(policyMet(bundle, ['DGHS', 'SampleHospital']), false);
  assert.equal(policyMet(bundle, ['DGHS', 'DGFP']), false);
  // A hospital that a regulator owns is the regulator's second voice.
  assert.equal(policyMet(bundle, ['DGHS', 'DGFP', 'StateHospital']), false);
  assert.equal(policyMet(bundle, ['DGHS', 'DGFP', 'Unlisted']), false);
  assert.equal(policyMet(bundle, []), false);
});

test('one owner is a single owner however many of its MSPs sign; embedded always is', async () => {
  const bundle = await open(text);
  assert.equal(isSingleOwner(bundle, ['DGHS', 'StateHospital']), true);
  assert.equal(isSingleOwner(bundle, ['DGHS', 'DGFP']), false);
  const embedded = await open(await signPayload(network, { ...payload, engine: 'embedded' }));
  assert.equal(isSingleOwner(embedded, ['DGHS', 'DGFP']), true);
});

test('no single flipped bit of a bundle is accepted', async () => {
  const short = await signPayload(network, {
    ...payload,
    msps: payload.msps.slice(0, 1),
    policy: { all: ['DGHS'], otherOwners: 0 },
    signers: payload.signers.slice(0, 1),
  });
  const bytes = utf8(short);
  await assert.doesNotReject(open(short, { now: TODAY - DAY }));
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    await assert.rejects(async () => open(fromUtf8(flipped)), ProtocolError, `bit ${bit}`);
  }
});
