import assert from 'node:assert/strict';
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { utf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import { CONFIG_KEY, issuerKey, statusKey, voteKey } from '@spondon/protocol/records';
import type { Write } from '@spondon/ledger/port';
import { temporaryFolder } from '../sample.test-support.js';
import { Registry } from './registry.js';

const FILE = 'registry.jsonl';
const hospital = { name: 'ঢাকা Hospital', state: 'admitted' };

function write(key: string, value: unknown): Write {
  return { key, value: value === null ? null : utf8(canonicalJson(value)) };
}

test('issuers and annulments are known at once, and again after reopening at the checkpoint', async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await Registry.open(folder, 0);
  registry.apply(1, write(issuerKey('bd.dghs.1'), hospital));
  registry.apply(2, write(issuerKey('bd.dghs.1'), { ...hospital, state: 'suspended' }));
  registry.apply(3, write(issuerKey('bd.dghs.2'), hospital));
  registry.apply(4, write(statusKey('bd.dghs.1', 'A'), { reason: 'error', index: 3 }));
  registry.apply(5, write(statusKey('bd.dghs.1', 'B'), { reason: 'error', index: 4, annulled: 9 }));
  registry.apply(6, write('log/HospitalMSP', { n: 1 }));
  assert.deepEqual([registry.addLog(6, 'HospitalMSP'), registry.addLog(7, 'ClinicMSP')], [0, 1]);
  const length = registry.journalLength;
  await registry.checkpoint();
  assert.equal(registry.journalLength, length);
  assert.equal((await readFile(join(folder, FILE))).length, length);
  const reopened = await Registry.open(folder, length);
  for (const known of [registry, reopened]) {
    assert.deepEqual(known.issuer('bd.dghs.1'), { ...hospital, state: 'suspended' });
    assert.deepEqual([...known.issuers().keys()], ['bd.dghs.1', 'bd.dghs.2']);
    assert.equal(known.issuer('bd.dghs.3'), undefined);
    assert.equal(known.annulment('bd.dghs.1', 'A'), undefined);
    assert.equal(known.annulment('bd.dghs.1', 'B')?.annulled, 9);
    assert.equal(known.annulment('bd.dghs.2', 'B'), undefined);
    assert.deepEqual(known.logs, ['HospitalMSP', 'ClinicMSP']);
    await known.close();
  }
});

test('what waits for the votes of other regulators is known until it is decided', async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await Registry.open(folder, 0);
  const transaction = (fn: string, argument: string, time: number, writes: readonly Write[]) => ({
    id: '',
    valid: true,
    creatorMspId: '',
    time,
    fn,
    args: [utf8(argument)],
    writes,
  });
  const regulators = ['AMSP', 'BMSP'];
  registry.applyDecision(1, transaction('Init', '', 1, [write(CONFIG_KEY, { regulators })]));
  const action = (nonce: string) => canonicalJson({ do: 'suspend', iss: 'bd.dghs.1', nonce });
  for (const [id, at] of [
    ['aa', 2],
    ['bb', 3],
  ] as const) {
    const vote = write(voteKey(id), { voters: ['AMSP'] });
    registry.applyDecision(at, transaction('Decide', action(id), at, [vote]));
  }
  registry.applyDecision(4, transaction('Decide', action('aa'), 4, [write(voteKey('aa'), null)]));
  await registry.checkpoint();
  const reopened = await Registry.open(folder, registry.journalLength);
  for (const known of [registry, reopened]) {
    assert.deepEqual(known.regulators, regulators);
    assert.deepEqual([...known.decisions()], [['bb', { action: action('bb'), voters: ['AMSP'], at: 3 }]]);
    assert.deepEqual(known.logs, []);
    await known.close();
  }
});

test('what was written after the last checkpoint is cut off and can be applied again', async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await Registry.open(folder, 0);
  registry.apply(1, write(issuerKey('bd.dghs.1'), hospital));
  await registry.checkpoint();
  const committed = registry.journalLength;
  registry.apply(2, write(issuerKey('bd.dghs.2'), hospital));
  await registry.checkpoint();
  await registry.close();
  const journal = await readFile(join(folder, FILE));
  // A crash before the checkpoint came to count, in the middle of a line.
  await appendFile(join(folder, FILE), '{"block":3,"key":"iss');
  const reopened = await Registry.open(folder, committed);
  assert.deepEqual([...reopened.issuers().keys()], ['bd.dghs.1']);
  reopened.apply(2, write(issuerKey('bd.dghs.2'), hospital));
  await reopened.checkpoint();
  await reopened.close();
  assert.deepEqual(await readFile(join(folder, FILE)), journal);
});

test('a checkpoint takes what was there when it was asked for', async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await Registry.open(folder, 0);
  registry.apply(1, write(issuerKey('bd.dghs.1'), hospital));
  const length = registry.journalLength;
  const checkpoint = registry.checkpoint();
  registry.apply(2, write(issuerKey('bd.dghs.2'), hospital));
  await checkpoint;
  assert.equal((await readFile(join(folder, FILE))).length, length);
  assert.ok(registry.journalLength > length);
  await registry.close();
});

test('a journal that is too short or cannot be read is reported as damage', async (t) => {
  const folder = await temporaryFolder(t);
  const registry = await Registry.open(folder, 0);
  registry.apply(1, write(issuerKey('bd.dghs.1'), hospital));
  await registry.checkpoint();
  await registry.close();
  const length = registry.journalLength;
  const path = join(folder, FILE);
  await writeFile(path, Buffer.alloc(length, '{'));
  await assert.rejects(Registry.open(folder, length), { code: 'LOG_DAMAGED' });
  await truncate(path, length - 1);
  await assert.rejects(Registry.open(folder, length), { code: 'LOG_DAMAGED' });
});
