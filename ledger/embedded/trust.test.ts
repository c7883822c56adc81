import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { openTrustBundle } from '@spondon/protocol/trust';
import { openToy, temporaryFolder } from './toy-ledger.test-support.js';

const DAY_MS = 24 * 60 * 60_000;
const NOON = Date.UTC(2026, 5, 1, 12);
const hosts = ['verify.example.org'];
const opening = { now: NOON, hash: sha256, verify };

test('the bundle opens, and says what this ledger is', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t), { now: () => NOON });
  const { payload, msps } = await openTrustBundle(await ledger.trustBundle({ hosts, now: NOON }), opening);
  const { engine, channel, chaincodes, policy, version, previous } = payload;
  assert.deepEqual(
    { engine, channel, chaincodes, hosts: payload.hosts, policy, version, previous },
    {
      engine: 'embedded',
      channel: 'records',
      chaincodes: [{ name: 'records', version: '1.0' }],
      hosts,
      policy: { all: ['SoloMSP'], otherOwners: 0 },
      version: 1,
      previous: null,
    },
  );
  const msp = msps.get('SoloMSP');
  assert.equal(msp?.owner, 'Sample Owner');
  assert.ok(msp.from <= NOON && msp.from > NOON - DAY_MS);
});

test('it stays the same text while it says the same, also after reopening', async (t) => {
  const folder = await temporaryFolder(t);
  const ledger = await openToy(t, folder, { now: () => NOON });
  const first = await ledger.trustBundle({ hosts, now: NOON });
  assert.equal(await ledger.trustBundle({ hosts, now: NOON + 100 * DAY_MS }), first);
  await ledger.close();
  const reopened = await openToy(t, folder, { now: () => NOON });
  assert.equal(await reopened.trustBundle({ hosts, now: NOON + 100 * DAY_MS }), first);
});

test('other hosts, another contract version or half its time gone make a successor under the same fingerprint', async (t) => {
  const folder = await temporaryFolder(t);
  const ledger = await openToy(t, folder, { now: () => NOON });
  const first = await openTrustBundle(await ledger.trustBundle({ hosts, now: NOON }), opening);
  const more = [...hosts, 'localhost:8080'];
  const second = await openTrustBundle(await ledger.trustBundle({ hosts: more, now: NOON }), {
    ...opening,
    pin: first.fingerprint,
    previous: first,
  });
  assert.deepEqual([second.payload.version, second.payload.hosts], [2, more]);

  const later = NOON + 201 * DAY_MS;
  const renewed = await openTrustBundle(await ledger.trustBundle({ hosts: more, now: later }), {
    ...opening,
    previous: second,
  });
  assert.ok(renewed.payload.expires - later > 365 * DAY_MS);
  await ledger.close();

  const upgraded = await openToy(t, folder, {
    chaincode: { name: 'records', version: '2.0' },
    now: () => NOON,
  });
  const fourth = await openTrustBundle(await upgraded.trustBundle({ hosts: more, now: later }), {
    ...opening,
    previous: renewed,
  });
  const versions = fourth.payload.chaincodes.map(({ version }) => version);
  assert.deepEqual(versions, ['1.0', '2.0'], 'evidence made under the old version stays good');
});

test('bundles asked for at once never bear one number twice', async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t), { now: () => NOON });
  const wanted = ['a.example', 'b.example', 'c.example'];
  const texts = await Promise.all(wanted.map((host) => ledger.trustBundle({ hosts: [host], now: NOON })));
  const bundles = await Promise.all(texts.map((text) => openTrustBundle(text, opening)));
  assert.deepEqual(
    bundles.map(({ payload }) => payload.version),
    [1, 2, 3],
  );
});

test('a bundle that was tampered with is damage, not a reason to begin again', async (t) => {
  const folder = await temporaryFolder(t);
  const ledger = await openToy(t, folder, { now: () => NOON });
  await ledger.trustBundle({ hosts, now: NOON });
  const path = join(folder, 'trust.json');
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('"payload":"ey', '"payload":"eY'));
  await assert.rejects(ledger.trustBundle({ hosts, now: NOON }), { code: 'DAMAGED' });
});
