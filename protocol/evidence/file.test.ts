import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBase64url } from '../base64url.js';
import { fromUtf8, utf8 } from '../bytes.js';
import { canonicalJson } from '../canonical.js';
import { sha256, verify } from '../crypto-node.js';
import { ProtocolError } from '../error.js';
import { verifyEvidence } from '../evidence.js';
import { formatEvidence, isEvidence, parseEvidence, type Evidence } from './file.js';
import { TODAY } from '../testing/mint.js';
import { mintEvidence, mintNetwork, signPayload, trustPayload } from '../testing/network.js';
import { openTrustBundle } from '../trust.js';

/** Evidence as a hostile file: every spelling, every bit. Under a policy of one organisation, to save signatures. */

const network = await mintNetwork();
const policy = { all: ['SampleHospital'], otherOwners: 0 };
const options = { now: TODAY, hash: sha256, verify };
const bundle = await openTrustBundle(await signPayload(network, trustPayload(network, { policy })), options);
const good = await mintEvidence(network, { endorsers: [network.hospital] });

/** The codes of the checks that did not pass. */
async function complaintsAbout(evidence: Evidence): Promise<string[]> {
  const { checks } = await verifyEvidence(evidence, { bundle, ...options });
  return checks.filter(({ state }) => state !== 'passed').map(({ code }) => code);
}

test('an evidence file is known as one, also when it is damaged, and nothing else is', () => {
  const text = formatEvidence(good);
  for (const meant of [
    text,
    ` ${text}\n`,
    text.replace('"index":', '"index": '),
    '{"typ":"spondon-evidence/v1"}',
  ])
    assert.equal(isEvidence(meant), true);
  for (const other of ['', '%PDF-', '{', '{}', '[]', 'null', text.slice(0, -1), text.replace('/v1', '/v9')])
    assert.equal(isEvidence(other), false);
});

test('the text of evidence reads back as the same evidence', () => {
  assert.deepEqual(parseEvidence(formatEvidence(good)), good);
});

test('any other spelling or member of the file is refused', () => {
  const text = formatEvidence(good);
  const value = JSON.parse(text) as Record<string, unknown>;
  const hostile = [
    ` ${text}`,
    text.replace('"index":2', '"index":2.0'),
    text.replace('"index":2', '"index":2,"index":2'),
    canonicalJson({ ...value, more: 1 }),
    canonicalJson({ ...value, typ: 'spondon-evidence/v2' }),
    canonicalJson({ ...value, index: -1 }),
    canonicalJson({ ...value, path: {} }),
    canonicalJson({ ...value, path: [`${encodeBase64url(good.entry)}=`] }),
    canonicalJson({ ...value, mspId: 'a/b' }),
    'null',
    '',
  ];
  for (const other of hostile) assert.throws(() => parseEvidence(other), ProtocolError, other.slice(0, 80));
  assert.throws(() => parseEvidence('x'.repeat(1024 * 1024 + 1)), { code: 'TOO_LARGE' });
});

test('hostile evidence fails a check and never throws', async () => {
  const bytes = fc.uint8Array({ maxLength: 100 });
  const endorsement = fc.record({ endorser: bytes, signature: bytes });
  const hostile = fc.record({
    channel: fc.constantFrom('records', 'x'),
    mspId: fc.constantFrom('SampleHospital', 'X'),
    entry: fc.oneof(bytes, fc.constant(good.entry)),
    index: fc.oneof(fc.nat(), fc.constant(good.index)),
    size: fc.oneof(fc.maxSafeNat(), fc.constant(good.size)),
    path: fc.oneof(fc.array(bytes), fc.constant(good.path)),
    attestation: fc.record({
      payload: fc.oneof(bytes, fc.constant(good.attestation.payload)),
      endorsements: fc.array(fc.oneof(endorsement, fc.constantFrom(...good.attestation.endorsements)), {
        maxLength: 4,
      }),
    }),
  });
  await fc.assert(
    fc.asyncProperty(hostile, async (evidence) => {
      if ((await complaintsAbout(evidence)).length > 0) return;
      // Accepted: then it is the good evidence, but that a signature may stand twice.
      const { endorsements } = good.attestation;
      const single = { ...evidence, attestation: { ...evidence.attestation, endorsements } };
      assert.equal(formatEvidence(single), formatEvidence(good));
    }),
  );
});

test('no single flipped bit of an evidence file is accepted', async () => {
  const bytes = utf8(formatEvidence(good));
  assert.deepEqual(await complaintsAbout(good), []);
  let verified = 0;
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    let parsed: Evidence;
    try {
      parsed = parseEvidence(fromUtf8(flipped));
    } catch (error) {
      assert.ok(error instanceof ProtocolError, `bit ${bit}`);
      continue;
    }
    verified += 1;
    assert.notDeepEqual(await complaintsAbout(parsed), [], `bit ${bit}`);
  }
  // Some flips only show in the verification, or the test would prove little.
  assert.ok(verified > 1000);
});
