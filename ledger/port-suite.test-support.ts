/* eslint-disable @typescript-eslint/no-floating-promises -- the runner itself awaits what it is given */
import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { decodeAttestation } from '@spondon/protocol/attestation';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { canonicalJson } from '@spondon/protocol/canonical';
import { kidOf, type EcPublicJwk, type Sign } from '@spondon/protocol/crypto';
import { generatePrivateKey, publicJwkOf, sha256, signWith } from '@spondon/protocol/crypto-node';
import { newDocumentId } from '@spondon/protocol/document-id';
import { packStatements, unpackStatements } from '@spondon/protocol/pack';
import { logKey, parseLogHead, type LogHead } from '@spondon/protocol/records';
import { parseStatement, signStatement, type SignedStatement } from '@spondon/protocol/statement';
import { decodeIdentity } from './envelope.js';
import { verifyDer } from './signature.js';
import { LedgerError, type Block, type Ledger } from './port.js';

/** A channel with the contract `records`, which nobody else writes to while the suite runs. */
export interface Channel {
  /** Of an organisation that may have issuers. */
  readonly ledger: Ledger;
  /** One for each regulator; `ledger` may be among them. */
  readonly regulators: readonly Ledger[];
  readonly close: () => Promise<void>;
}

/** What every engine promises to those who use the port, whatever stands behind it. */
export function promisesOfTheLedger(engine: string, open: () => Promise<Channel>): void {
  describe(`a ledger (${engine})`, { timeout: 120_000 }, () => {
    let channel: Channel;
    let facility: Facility;
    before(async () => {
      channel = await open();
      facility = await admitFacility(channel);
    });
    after(() => channel.close());

    test('submit names the transaction and the block in which blocks() finds it, arguments and all', async () => {
      const { ledger } = channel;
      const args = [String(await sizeOf(ledger)), await facility.issue(3), '[]'];
      const submitted = await ledger.submit('Append', args);
      const block = await blockOf(ledger, submitted.block);
      const transaction = block.transactions.find(({ id }) => id === submitted.transactionId);
      assert.ok(transaction?.valid);
      assert.deepEqual([transaction.fn, transaction.creatorMspId], ['Append', ledger.mspId]);
      assert.deepEqual(transaction.args.map(hex), args.map(hex));
      assert.ok(Math.abs(transaction.time - Date.now()) < 5 * 60_000);
      const written = transaction.writes.find(({ key }) => key === logKey(ledger.mspId));
      const { size } = JSON.parse(Buffer.from(written?.value ?? []).toString()) as LogHead;
      assert.equal(size, await sizeOf(ledger));
    });

    test('what submit committed is what evaluate reads next', async () => {
      const { ledger } = channel;
      const size = await sizeOf(ledger);
      await ledger.submit('Append', [String(size), await facility.issue(2), '[]']);
      assert.equal(await sizeOf(ledger), size + 2);
    });

    test('a large batch travels unchanged', async () => {
      const { ledger } = channel;
      const packed = await facility.issue(2000);
      const { block } = await ledger.submit('Append', [String(await sizeOf(ledger)), packed, '[]']);
      const args = (await blockOf(ledger, block)).transactions.flatMap((transaction) => transaction.args);
      assert.ok(args.some((arg) => Buffer.compare(arg, packed) === 0));
      assert.equal(unpackStatements(packed).length, 2000);
    });

    test('a refusal has code, position and message, and changes nothing', async () => {
      const { ledger } = channel;
      const height = await ledger.height();
      const stranger = new Facility('bd.test.stranger');
      const batch = packStatements([...(await facility.statements(1)), ...(await stranger.statements(1))]);
      const refusal = await refusalOf(ledger.submit('Append', [String(await sizeOf(ledger)), batch, '[]']));
      assert.deepEqual([refusal.code, refusal.position], ['ISSUER_UNKNOWN', 1]);
      assert.notEqual(refusal.message, '');
      const mismatch = await refusalOf(ledger.submit('Append', ['999999999', await facility.issue(1), '[]']));
      assert.deepEqual([mismatch.code, mismatch.position], ['SIZE_MISMATCH', undefined]);
      assert.equal((await refusalOf(ledger.evaluate('Head', []))).code, 'ARGUMENT');
      assert.equal((await refusalOf(ledger.attest('{}'))).code, 'ARGUMENT');
      assert.equal(await ledger.height(), height);
    });

    test('of concurrent appends at one size exactly one is committed, the others conflict or are refused', async () => {
      const { ledger } = channel;
      const size = await sizeOf(ledger);
      const batches = await Promise.all([1, 2, 3, 4].map(() => facility.issue(1)));
      const outcomes = await Promise.allSettled(
        batches.map((batch) => ledger.submit('Append', [String(size), batch, '[]'])),
      );
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') continue;
        const error = outcome.reason as LedgerError;
        assert.ok(error.code === 'CONFLICT' || error.refusal?.code === 'SIZE_MISMATCH', String(error));
      }
      assert.equal(await sizeOf(ledger), size + 1);
    });

    test('evaluate writes nothing, also when it calls a writing function', async () => {
      const { ledger } = channel;
      const [size, height] = [await sizeOf(ledger), await ledger.height()];
      assert.equal(
        (await ledger.evaluate('Append', [String(size), await facility.issue(1), '[]'])).length,
        0,
      );
      assert.deepEqual([await sizeOf(ledger), await ledger.height()], [size, height]);
    });

    test('blocks are numbered and chained from wherever one begins, and wait for more', async () => {
      const { ledger } = channel;
      const height = await ledger.height();
      const reading = new AbortController();
      const blocks: Block[] = [];
      const append = async () =>
        ledger.submit('Append', [String(await sizeOf(ledger)), await facility.issue(1), '[]']);
      for await (const block of ledger.blocks(height - 1, reading.signal)) {
        blocks.push(block);
        if (blocks.length < 3) await append();
        else reading.abort();
      }
      const numbers = blocks.map(({ number }) => number);
      assert.deepEqual(numbers, [height - 1, height, height + 1]);
      for (const [index, { hash }] of blocks.slice(0, -1).entries()) {
        assert.equal(hex(hash), hex(blocks[index + 1]?.previousHash ?? new Uint8Array()));
      }
    });

    test("an attestation carries the contract's answer under good signatures and leaves no block", async () => {
      const { ledger } = channel;
      const [head, height] = [await headOf(ledger), await ledger.height()];
      const request = { heads: [{ mspId: ledger.mspId, n: head.n }], documents: [], issuers: [facility.iss] };
      const { payload, endorsements } = await ledger.attest(canonicalJson(request));
      const { outcome, state } = decodeAttestation(payload);
      assert.deepEqual([outcome.status, outcome.writes, outcome.chaincode.name], [200, false, 'records']);
      assert.deepEqual(state.heads, [{ mspId: ledger.mspId, ...head }]);
      assert.equal(state.channel, ledger.channel);
      assert.deepEqual(
        state.issuers.map(({ iss }) => iss),
        [facility.iss],
      );
      assert.ok(endorsements.length > 0);
      for (const { endorser, signature } of endorsements) {
        const { publicKey } = new X509Certificate(decodeIdentity(endorser).certificate);
        assert.ok(verifyDer(publicKey, signature, Buffer.concat([payload, endorser])));
      }
      assert.equal(await ledger.height(), height);
    });
  });
}

/** An issuer with one key. */
class Facility {
  readonly jwk: EcPublicJwk;
  readonly #sign: Sign;

  constructor(readonly iss: string) {
    const privateKey = generatePrivateKey('P-256');
    this.jwk = publicJwkOf(privateKey);
    this.#sign = signWith(privateKey);
  }

  async statements(count: number): Promise<SignedStatement[]> {
    const sign = async () =>
      parseStatement(
        await signStatement(
          {
            op: 'issue',
            iss: this.iss,
            iat: Math.floor(Date.now() / 1000),
            jti: newDocumentId((length) => randomBytes(length)),
            kind: 'report',
            sha256: encodeBase64url(randomBytes(32)),
            claims: encodeBase64url(randomBytes(32)),
          },
          kidOf(this.jwk, sha256),
          this.#sign,
        ),
      );
    return Promise.all(Array.from({ length: count }, sign));
  }

  /** A packed batch of new documents. */
  async issue(count: number): Promise<Uint8Array> {
    return packStatements(await this.statements(count));
  }
}

/** Starts the channel when nobody has, and has the regulators admit a facility of `ledger`'s organisation. */
async function admitFacility({ ledger, regulators }: Channel): Promise<Facility> {
  const [first] = regulators;
  if ((await clockOf(ledger)) === null) {
    await first?.submit('Init', [JSON.stringify(regulators.map(({ mspId }) => mspId))]);
  }
  const facility = new Facility(`bd.test.${randomBytes(4).toString('hex')}`);
  const action = {
    do: 'admit',
    iss: facility.iss,
    name: 'Sample Hospital',
    kind: 'hospital',
    mspId: ledger.mspId,
    licence: 'TEST-1',
    telephone: '+88021234567',
    jwk: facility.jwk,
    nonce: '1',
  };
  for (const regulator of regulators) await regulator.submit('Decide', [canonicalJson(action)]);
  return facility;
}

async function clockOf(ledger: Ledger): Promise<unknown> {
  return JSON.parse(Buffer.from(await ledger.evaluate('Clock', [])).toString()) as unknown;
}

async function headOf(ledger: Ledger): Promise<LogHead> {
  const head = await ledger.evaluate('Head', [ledger.mspId]);
  return parseLogHead(JSON.parse(Buffer.from(head).toString()));
}

async function sizeOf(ledger: Ledger): Promise<number> {
  const head = JSON.parse(
    Buffer.from(await ledger.evaluate('Head', [ledger.mspId])).toString(),
  ) as LogHead | null;
  return head?.size ?? 0;
}

async function blockOf(ledger: Ledger, number: number): Promise<Block> {
  const reading = new AbortController();
  for await (const block of ledger.blocks(number, reading.signal)) {
    reading.abort();
    return block;
  }
  throw new Error('no block');
}

async function refusalOf(call: Promise<unknown>): Promise<NonNullable<LedgerError['refusal']>> {
  const error = await call.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof LedgerError && error.code === 'REFUSED' && error.refusal, String(error));
  return error.refusal;
}

function hex(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
