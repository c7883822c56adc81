import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { appendArguments, Facility } from '@spondon/chaincode/sample.test-support';
import { common } from '@hyperledger/fabric-protos';
import { canonicalJson } from '@spondon/protocol/canonical';
import { findFabric } from '@spondon/network/native/fabric';
import { untilDone } from '@spondon/network/native/health';
import { status } from '@spondon/network/native/status';
import { up } from '@spondon/network/native/up';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import type { Block, LedgerError } from '../port.js';
import { cutConnection } from './cut-connection.test-support.js';
import type { FabricLedger } from './engine.js';
import { found } from './founded.test-support.js';
import { Gateways } from './gateways.js';
import { lyingPeer } from './lying-peer.test-support.js';
import { openFabricLedger } from './open.js';
import { Orderers } from './orderers.js';
import { headOf } from './traffic.test-support.js';
import { startTrial, type TrialNetwork } from './trial.test-support.js';
import { waitingPeer } from './waiting-peer.test-support.js';

describe('a Fabric ledger whose network fails', { skip: await whyNoTrial(), timeout: 5 * 60_000 }, () => {
  let trial: TrialNetwork;
  let hospital: FabricLedger;
  const facility = new Facility('bd.dghs.1', 'HospitalGroupMSP');

  before(async () => {
    trial = await startTrial();
    ({ hospital } = await found(trial, [facility]));
  });
  after(() => trial.stop());

  const size = async (ledger = hospital) => (await headOf(ledger, hospital.mspId)).size;
  const batch = async (ledger = hospital, count = 1) => {
    const statements = await Promise.all(Array.from({ length: count }, () => facility.issue()));
    return appendArguments(await size(ledger), statements);
  };

  for (const cut of ['request', 'answer'] as const) {
    test(`a submit whose ${cut} is lost on its way through a peer is committed once, and is told so`, async (t) => {
      const settings = await trial.settings('hospital-group');
      const [own, ...others] = settings.gateways;
      assert.ok(own);
      const arguments_ = await batch(hospital, 1500);
      // The batch goes up twice: in the proposal, and in the endorsed transaction.
      const afterBytes = arguments_[1].length * (cut === 'request' ? 1.5 : 2);
      const proxy = await cutConnection(own.endpoint, cut, afterBytes);
      const gateways = [{ ...own, endpoint: proxy.endpoint }, ...others];
      const ledger = openFabricLedger({ ...settings, gateways });
      t.after(async () => {
        await ledger.close();
        proxy.close();
      });
      const before = await size(ledger);
      const { transactionId, block } = await ledger.submit('Append', arguments_);
      assert.ok(proxy.hasCut());
      assert.equal(await size(ledger), before + 1500);
      const { transactions } = await blockAt(ledger, block);
      assert.equal(transactions.find(({ id }) => id === transactionId)?.valid, true);
    });
  }

  test('a submit is told of its block while its peer still waits for an orderer', async (t) => {
    const settings = await trial.settings('hospital-group');
    const [own, ...others] = settings.gateways;
    assert.ok(own);
    const peer = await waitingPeer(own, settings.tls);
    const ledger = openFabricLedger({ ...settings, gateways: [peer, ...others] });
    t.after(async () => {
      peer.release();
      await ledger.close();
      peer.close();
    });
    const before = await size(ledger);
    await ledger.submit('Append', await batch(ledger));
    assert.equal(await size(ledger), before + 1);
    assert.equal(peer.waiting(), 1);
  });

  test('a head that no peer has yet is attested when it comes, and refused if it does not', async () => {
    const { n } = await headOf(hospital);
    const attest = (head: number) => {
      const heads = [{ mspId: hospital.mspId, n: head }];
      return hospital.attest(canonicalJson({ heads, documents: [], issuers: [facility.iss] }));
    };
    const attesting = attest(n + 1);
    await hospital.submit('Append', await batch());
    assert.equal((await attesting).endorsements.length, 3);
    const error = await failureOf(attest(n + 2));
    assert.equal(error.code, 'REFUSED');
    assert.equal(error.refusal?.code, 'HEAD_UNKNOWN');
  });

  test('without its own peer it reads, and follows blocks, through another one; a write says that nothing was sent', async () => {
    const following = new AbortController();
    const blocks = hospital.blocks(await hospital.height(), following.signal);
    const next = blocks.next();
    const before = await size();
    await kill('peer1.hospital-group.example');
    assert.equal(await size(), before);
    const error = await failureOf(hospital.submit('Tick', []));
    assert.equal(error.code, 'UNAVAILABLE', String(error));
    const regulator = await trial.open('dghs');
    await regulator.submit('Decide', [canonicalJson({ do: 'suspend', iss: facility.iss, nonce: '1' })]);
    const followed = await next;
    assert.ok(followed.done !== true);
    assert.ok(followed.value.transactions.some(({ fn }) => fn === 'Decide'));
    following.abort();
    assert.equal((await blocks.next()).done, true);

    await restart();
    assert.equal(await size(), before);
  });

  test('without orderers the outcome of a submit is unknown, and reading goes on', async () => {
    const regulator = await trial.open('dghs');
    const height = await regulator.height();
    for (const { node } of await status(trial.folder)) {
      if (node.host.startsWith('orderer')) await kill(node.host);
    }
    const suspension = canonicalJson({ do: 'suspend', iss: facility.iss, nonce: '2' });
    const error = await failureOf(regulator.submit('Decide', [suspension]));
    assert.equal(error.code, 'UNKNOWN', String(error));
    assert.equal(await regulator.height(), height);
    await restart();
  });

  test('a ledger that reaches no peer says that nothing was sent, and reads nothing', async (t) => {
    const settings = await trial.settings('hospital-group');
    const gateways = settings.gateways.map((each) => ({ ...each, endpoint: '127.0.0.1:1' }));
    const ledger = openFabricLedger({ ...settings, gateways });
    t.after(() => ledger.close());
    const calls = [
      () => ledger.submit('Tick', []),
      () => ledger.evaluate('Clock', []),
      () => ledger.attest('{}'),
      () => ledger.height(),
      () => blockAt(ledger, 0),
    ];
    for (const call of calls) assert.equal((await failureOf(call())).code, 'UNAVAILABLE');
  });

  test('a block counts with the signatures of three of the four orderers, over just this block', async (t) => {
    const settings = await trial.settings('hospital-group');
    const gateways = new Gateways(settings);
    t.after(() => gateways.close());
    const read = (bytes: Uint8Array) => common.Block.deserializeBinary(bytes);
    const fetch = async (number: number) => read(await gateways.block(number));
    const first = read(settings.firstBlock);
    const height = await hospital.height();
    const orderers = await Orderers.before(0, first, fetch);
    for (let number = 0; number < height; number += 1) orderers.take(await fetch(number));

    const last = height - 1;
    const taking = async (change: (block: common.Block, signatures: common.Metadata) => void) => {
      const block = await fetch(last);
      const list = block.getMetadata()?.getMetadataList_asU8() ?? [];
      const signatures = common.Metadata.deserializeBinary(list[0] ?? new Uint8Array());
      change(block, signatures);
      block.getMetadata()?.setMetadataList([signatures.serializeBinary(), ...list.slice(1)]);
      // Ready for the block in question, as after a restart.
      (await Orderers.before(last, first, fetch)).take(block);
    };
    await taking(() => undefined);
    const damaged = { name: 'LedgerError', code: 'DAMAGED' };
    const drop = (signatures: common.Metadata, keep: readonly number[]) => {
      const all = signatures.getSignaturesList();
      signatures.setSignaturesList(keep.map((at) => all[at] as common.MetadataSignature));
    };
    await taking((_, signatures) => drop(signatures, [0, 1, 2]));
    await assert.rejects(
      taking((_, signatures) => drop(signatures, [0, 1])),
      damaged,
    );
    await assert.rejects(
      taking((_, signatures) => drop(signatures, [0, 1, 1, 0])),
      damaged,
    );
    await assert.rejects(
      taking((block) => block.getHeader()?.setDataHash(new Uint8Array(32))),
      damaged,
    );
    await assert.rejects(
      taking((block) => block.getHeader()?.setPreviousHash(new Uint8Array(32))),
      damaged,
    );
    // An older configuration, whose orderers might have left.
    await assert.rejects(
      taking((_, signatures) => signatures.setValue(new Uint8Array())),
      damaged,
    );
    // A forged first block does not get the next one believed.
    const foreign = read(settings.firstBlock);
    foreign.setData(new common.BlockData());
    await assert.rejects(Orderers.before(1, foreign, fetch), damaged);
  });

  test("other organisations' peers agree about the blocks, and one that holds another ends following", async (t) => {
    const settings = await trial.settings('dghs');
    assert.deepEqual(
      settings.witnesses.map(({ mspId }) => mspId),
      ['DgfpMSP', 'HospitalGroupMSP'],
    );
    const honest = openFabricLedger(settings);
    const height = await honest.height();
    const following = new AbortController();
    const blocks = honest.blocks(height - 1, following.signal);
    await blocks.next();
    await untilDone(() => {
      const agreed = [...honest.agreedAt().values()];
      return agreed.every((at) => at !== null) ? Promise.resolve() : Promise.reject(new Error('not yet'));
    });
    following.abort();
    await honest.close();

    const liar = await lyingPeer('HospitalGroupMSP', { height, hash: new Uint8Array(32).fill(1) });
    const ledger = openFabricLedger({ ...settings, witnesses: [...settings.witnesses.slice(0, 1), liar] });
    t.after(async () => {
      await ledger.close();
      liar.close();
    });
    const forked = async () => {
      for await (const { number } of ledger.blocks(height - 1, new AbortController().signal))
        assert.ok(number >= 0);
    };
    assert.equal((await failureOf(forked())).code, 'FORKED');
    // For ever, until somebody has found out why.
    assert.equal((await failureOf(blockAt(ledger, 0))).code, 'FORKED');
  });

  test('a closed ledger takes nothing more', async () => {
    const ledger = openFabricLedger(await trial.settings('hospital-group'));
    const following = blockAt(ledger, await ledger.height());
    const failure = failureOf(following);
    await ledger.close();
    assert.equal((await failure).code, 'UNAVAILABLE');
    assert.equal((await failureOf(ledger.submit('Tick', []))).code, 'UNAVAILABLE');
  });

  async function kill(host: string): Promise<void> {
    const pid = (await status(trial.folder)).find(({ node }) => node.host === host)?.pid;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
  }

  async function restart(): Promise<void> {
    const { topology, folder } = trial;
    const fabric = await findFabric(topology.release, process.env);
    await up({ topology, fabric, folder, say: () => undefined });
  }
});

async function blockAt(ledger: FabricLedger, number: number): Promise<Block> {
  const reading = new AbortController();
  for await (const block of ledger.blocks(number, reading.signal)) {
    reading.abort();
    return block;
  }
  throw new assert.AssertionError({ message: 'no block' });
}

async function failureOf(call: Promise<unknown>): Promise<LedgerError> {
  return call.then(
    () => assert.fail('it was accepted'),
    (error: unknown) => error as LedgerError,
  );
}
