import assert from 'node:assert/strict';
import { createPrivateKey, randomBytes } from 'node:crypto';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import Database from 'libsql';
import { encodeBlock, openBlock } from '../block.js';
import { encodeIdentity } from '../envelope.js';
import { assembleTransaction, endorse, responsePayload } from './endorsement.js';
import { FRAME_HEADER_BYTES, encodeFrame, frameLength } from './frame.js';
import type { SigningIdentity } from './identity.js';
import { propose } from './proposal.js';
import { signDer } from '../signature.js';
import { allBlocks, keeper, openToy, temporaryFolder } from './toy-ledger.test-support.js';
import { verifyLedger } from './verify.js';

const WHOLE = { channel: 'records', chaincode: 'records' };
const damage = (message: RegExp) => ({ name: 'LedgerError', code: 'DAMAGED', message });

/** A closed ledger with four blocks, a conflict in the third, and keys `a`, `b`, `n`. */
async function sampleLedger(t: TestContext): Promise<string> {
  const folder = await temporaryFolder(t);
  const ledger = await openToy(t, folder);
  await ledger.submit('Put', ['a', 'one']);
  await ledger.submit('Put', ['b', 'two']);
  await Promise.allSettled([ledger.submit('Increment', ['n']), ledger.submit('Increment', ['n'])]);
  await ledger.submit('Policy', ['a', 'owner']);
  await ledger.close();
  return folder;
}

test('a sound ledger is found sound, open or closed, and is not changed', async (t) => {
  const folder = await sampleLedger(t);
  const files = ['blocks', 'state.db', 'identity.json'].map((name) => join(folder, name));
  const before = await Promise.all(files.map((file) => readFile(file)));
  const sound = { blocks: 4, transactions: 5, interrupted: 0, stateCompared: true };
  assert.deepEqual(await verifyLedger({ folder, ...WHOLE }), sound);
  assert.deepEqual(await Promise.all(files.map((file) => readFile(file))), before);
  const ledger = await openToy(t, folder);
  const [live] = await Promise.all([ledger.verifyBlocks(), ledger.submit('Increment', ['n'])]);
  assert.ok(live.blocks === 4 || live.blocks === 5);
  assert.equal((await ledger.verifyBlocks()).blocks, 5);
});

test('a flipped bit anywhere in the block file is found, with its block and place', async (t) => {
  const folder = await sampleLedger(t);
  const path = join(folder, 'blocks');
  const sound = await readFile(path);
  const starts = frameStarts(sound);
  assert.equal(starts.length, 4);
  for (let at = 0; at < sound.length; at += 97) {
    const changed = Buffer.from(sound);
    changed.writeUInt8(changed.readUInt8(at) ^ (1 << (at % 8)), at);
    await writeFile(path, changed);
    const number = starts.findLastIndex((start) => start <= at);
    const message = new RegExp(`^block ${number}, at byte ${starts[number]} of the block file: `);
    await assert.rejects(verifyLedger({ folder, ...WHOLE }), damage(message), `byte ${at}`);
  }
});

function frameStarts(file: Buffer): number[] {
  const starts: number[] = [];
  for (let at = 0; at < file.length; at += frameLength(file.readUInt32BE(at + 4))) starts.push(at);
  return starts;
}

test('a changed row or column of the state is found', async (t) => {
  const folder = await sampleLedger(t);
  const changes = [
    [`UPDATE state SET value = x'00' WHERE key = 'b'`, /differs at key "b"/],
    [`UPDATE state SET policy = x'00' WHERE key = 'a'`, /differs at key "a"/],
    [`UPDATE state SET policy = NULL WHERE key = 'a'`, /differs at key "a"/],
    [`UPDATE state SET block = 9 WHERE key = 'n'`, /differs at key "n"/],
    [`UPDATE state SET tx = 9 WHERE key = 'n'`, /differs at key "n"/],
    [`UPDATE state SET key = 'bb' WHERE key = 'b'`, /differs at key "b"/],
    [`INSERT INTO state VALUES ('aa', x'00', NULL, 0, 0)`, /differs at key "aa"/],
    [`DELETE FROM state WHERE key = 'n'`, /differs at key "n"/],
    [`DELETE FROM state`, /differs at key "a"/],
    [`UPDATE block SET offset = offset + 1 WHERE number = 2`, /block 2 at the wrong place/],
    [`DELETE FROM block WHERE number = 3`, /block 3 at the wrong place/],
    [`UPDATE position SET hash = x'00'`, /names another block 3/],
    [`UPDATE position SET file_end = 1`, /names another block 3/],
    [`UPDATE position SET height = 5`, /the file ends, and 5 blocks were committed/],
    [`UPDATE position SET height = 3`, /names another block 2/],
    [`DROP TABLE state`, /cannot be read/],
  ] as const;
  const sound = await readFile(join(folder, 'state.db'));
  for (const [sql, message] of changes) {
    for (const suffix of ['', '-wal', '-shm']) await rm(join(folder, `state.db${suffix}`), { force: true });
    await writeFile(join(folder, 'state.db'), sound);
    const database = new Database(join(folder, 'state.db'));
    database.exec(sql);
    database.close();
    await assert.rejects(verifyLedger({ folder, ...WHOLE }), damage(message), sql);
  }
});

test('a missing state, and an interrupted write, are told and are no damage', async (t) => {
  const folder = await sampleLedger(t);
  await rm(join(folder, 'state.db'));
  await appendFile(join(folder, 'blocks'), encodeFrame(4, randomBytes(100)).subarray(0, 50));
  const expected = { blocks: 4, transactions: 5, interrupted: 50, stateCompared: false };
  assert.deepEqual(await verifyLedger({ folder, ...WHOLE }), expected);
});

/** Makes another block 0 of the one there, with right hashes and checksums, and removes those after it. */
async function forge(
  folder: string,
  change: (envelope: Uint8Array) => { readonly envelope: Uint8Array; readonly flag?: number },
): Promise<void> {
  const path = join(folder, 'blocks');
  const file = await readFile(path);
  const [, next] = frameStarts(file);
  const { envelopes } = openBlock(Uint8Array.from(file.subarray(FRAME_HEADER_BYTES, (next ?? 0) - 4)));
  const { envelope, flag = 0 } = change(envelopes[0] ?? new Uint8Array());
  const { bytes } = encodeBlock(0, new Uint8Array(), [envelope], Uint8Array.of(flag));
  await writeFile(path, encodeFrame(0, bytes));
  await rm(join(folder, 'state.db'));
}

test('a block that was made up with right hashes and checksums is found by what its transactions lack', async (t) => {
  const cases: [string, Parameters<typeof forge>[1], RegExp][] = [
    ['called invalid', (envelope) => ({ envelope, flag: 11 }), /a validation flag is wrong/],
    ['of another kind of envelope', () => ({ envelope: Uint8Array.of() }), /^block 0, /],
    ['unreadable', () => ({ envelope: Uint8Array.of(0xff) }), /^block 0, /],
    ['cut short', (envelope) => ({ envelope: envelope.subarray(0, -80) }), /^block 0, /],
    [
      'with another argument',
      (envelope) => ({ envelope: replaced(envelope, 'one', 'two') }),
      /another proposal/,
    ],
  ];
  for (const [name, change, message] of cases) {
    const folder = await sampleLedger(t);
    await forge(folder, change);
    await assert.rejects(verifyLedger({ folder, ...WHOLE }), damage(message), name);
  }
});

function replaced(bytes: Uint8Array, from: string, to: string): Uint8Array {
  return Uint8Array.from(Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll(from, to), 'latin1'));
}

/** The ledger's own identities, as somebody who stole the keys has them, and a stranger's. */
async function identities(folder: string): Promise<Record<'peer' | 'client' | 'stranger', SigningIdentity>> {
  const stored = JSON.parse(await readFile(join(folder, 'identity.json'), 'utf8')) as Record<string, string>;
  const read = async (name: string, mspId = 'SoloMSP'): Promise<SigningIdentity> => {
    const plaintext = await keeper.open(Buffer.from(stored[`${name}Key`] ?? '', 'base64url'));
    const key = createPrivateKey({ key: Buffer.from(plaintext), format: 'der', type: 'pkcs8' });
    return { serialized: encodeIdentity(mspId, stored[name] ?? ''), sign: (data) => signDer(key, data) };
  };
  return { peer: await read('peer'), client: await read('client'), stranger: await read('root', 'OtherMSP') };
}

test('transactions of anybody else, or for anything else, are found', async (t) => {
  const folder = await sampleLedger(t);
  const { peer, client, stranger } = await identities(folder);
  const make = (changes: {
    readonly creator?: SigningIdentity;
    readonly endorser?: SigningIdentity;
    readonly signer?: SigningIdentity;
    readonly channel?: string;
    readonly chaincode?: string;
  }) => {
    const chaincode = { name: changes.chaincode ?? 'records', version: '1.0' };
    const creator = changes.creator ?? client;
    const proposal = propose({
      channel: changes.channel ?? 'records',
      chaincode: chaincode.name,
      creator: creator.serialized,
      nonce: randomBytes(24),
      time: 0,
      input: [Buffer.from('Put')],
    });
    const writes = [{ key: 'a', value: Uint8Array.of(1) }];
    const payload = responsePayload(
      proposal,
      chaincode,
      { reads: [], writes, policies: [] },
      new Uint8Array(),
    );
    const endorsement = endorse(payload, changes.endorser ?? peer);
    return assembleTransaction(proposal, payload, endorsement, changes.signer ?? creator);
  };
  const cases: [Parameters<typeof make>[0], RegExp | null][] = [
    [{}, null],
    [{ channel: 'shares' }, /another channel or chaincode/],
    [{ chaincode: 'shares' }, /another channel or chaincode/],
    [{ creator: stranger }, /another creator/],
    [{ creator: peer }, /another creator/],
    [{ endorser: stranger }, /another endorser/],
    [{ endorser: client }, /another endorser/],
    [{ signer: peer }, /the creator's signature/],
    [{ endorser: { ...client, serialized: peer.serialized } }, /the endorser's signature/],
  ];
  for (const [changes, message] of cases) {
    await rm(join(folder, 'state.db'), { force: true });
    const { bytes } = encodeBlock(0, new Uint8Array(), [make(changes)], Uint8Array.of(0));
    await writeFile(join(folder, 'blocks'), encodeFrame(0, bytes));
    const verified = verifyLedger({ folder, ...WHOLE });
    if (message) await assert.rejects(verified, damage(message), String(message));
    else assert.equal((await verified).blocks, 1);
  }
});

test('what follows the fields of a block is found, though it changes nothing', async (t) => {
  const folder = await temporaryFolder(t);
  const ledger = await openToy(t, folder);
  await ledger.submit('Put', ['a', 'one']);
  await ledger.close();
  const path = join(folder, 'blocks');
  const file = await readFile(path);
  const block = Uint8Array.from([...file.subarray(20, -4), 0x42, 0x01, 0x00]);
  await writeFile(path, encodeFrame(0, block));
  await rm(join(folder, 'state.db'));
  assert.equal((await allBlocks(await openToy(t, folder))).length, 1);
  await rm(join(folder, 'state.db'));
  await assert.rejects(verifyLedger({ folder, ...WHOLE }), damage(/holds more than a block does/));
});
