import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { Records } from '@spondon/chaincode/records';
import { appendArguments, Facility, LogCopy, newKey, type Key } from '@spondon/chaincode/sample.test-support';
import { decodeAttestation } from '@spondon/protocol/attestation';
import { canonicalJson } from '@spondon/protocol/canonical';
import { parseLogHead } from '@spondon/protocol/records';
import type { SignedStatement } from '@spondon/protocol/statement';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { openEmbeddedLedger } from '../embedded/open.js';
import { toyOptions } from '../embedded/toy-ledger.test-support.js';
import { LedgerError, type Ledger, type Transaction } from '../port.js';
import type { FabricLedger } from './engine.js';
import { startTrial, type TrialNetwork } from './trial.test-support.js';

/** One organisation decides and anchors: on the embedded ledger there is no other. */
const MSP = 'DghsMSP';
const SEED = 20260714;
const OPERATIONS = 120;

type Argument = string | Uint8Array;
interface Call {
  readonly how: 'submit' | 'evaluate' | 'attest';
  readonly fn: string;
  readonly args: readonly Argument[];
}

/** What is done; the numbers choose among what there is by then. */
const operation = fc.record({
  do: fc.constantFrom(
    ...(['append', 'append', 'append', 'append', 'staleAppend', 'mixedAppend', 'garbage'] as const),
    ...(['revoke', 'revoke', 'revoke', 'badProof', 'annul', 'annul', 'addKey', 'endKey'] as const),
    ...(['suspend', 'reinstate', 'reinstate', 'reinstate', 'admit', 'tick', 'init'] as const),
    ...(['arguments', 'attest', 'attestUnknown'] as const),
  ),
  a: fc.nat(1000),
  b: fc.nat(1000),
});
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

describe('embedded and fabric', { skip: await whyNoTrial(), timeout: 5 * 60_000 }, () => {
  let trial: TrialNetwork;
  let folder: string;
  let fabric: FabricLedger;
  let embedded: Ledger;
  /** The embedded ledger's clock: it gets the time that the transaction had on Fabric, so that both write the same. */
  let time = Date.now();

  before(async () => {
    trial = await startTrial();
    fabric = await trial.open('dghs');
    folder = await mkdtemp(join(tmpdir(), 'spondon-ledger-'));
    const now = () => time;
    embedded = await openEmbeddedLedger({
      ...toyOptions(folder),
      mspId: MSP,
      now,
      contract: new Records(now),
    });
  });
  after(async () => {
    try {
      await embedded.close();
      await rm(folder, { recursive: true });
    } finally {
      await trial.stop();
    }
  });

  /** Does it on both, compares what comes of it, and says whether it was done. */
  async function both(call: Call): Promise<boolean> {
    const onFabric = await outcomeOf(fabric, call);
    time = onFabric.transaction?.time ?? Date.now();
    const onEmbedded = await outcomeOf(embedded, call);
    assert.deepEqual(comparable(onEmbedded), comparable(onFabric), `${call.how} ${call.fn}`);
    return onFabric.refusal === undefined;
  }

  test('do the same: same writes, heads, answers and refusals', async (t) => {
    const world = new World();
    await both({ how: 'submit', fn: 'Clock', args: [] });
    await both({
      how: 'submit',
      fn: 'Append',
      args: appendArguments(0, [await world.facilities[0].issue()]),
    });
    await both({ how: 'submit', fn: 'Init', args: [JSON.stringify([MSP])] });
    for (const facility of world.facilities) {
      await both({ how: 'submit', fn: 'Decide', args: [canonicalJson(facility.admission())] });
    }

    const [operations = []] = fc.sample(
      fc.array(operation, { minLength: OPERATIONS, maxLength: OPERATIONS }),
      { seed: SEED, numRuns: 1 },
    );
    const counts = { done: 0, refused: 0 };
    for (const each of operations) {
      const { call, done } = await world.next(each);
      const succeeded = await both(call);
      counts[succeeded ? 'done' : 'refused'] += 1;
      if (call.fn === 'Append' && succeeded) {
        const head = Buffer.from(await fabric.evaluate('Head', [MSP])).toString();
        done(parseLogHead(JSON.parse(head)).at);
      }
      await both({ how: 'evaluate', fn: 'Head', args: [MSP] });
    }
    for (const { iss } of world.facilities) await both({ how: 'evaluate', fn: 'Issuer', args: [iss] });
    for (const { iss, jti } of world.documents)
      await both({ how: 'evaluate', fn: 'Status', args: [iss, jti] });
    t.diagnostic(
      `seed ${SEED}: ${counts.done} done, ${counts.refused} refused, ${world.log.entries.length} entries`,
    );
    assert.ok(counts.done > 20 && counts.refused > 20);
  });
});

/** What a client knows: facilities, keys, its copy of the log. */
class World {
  readonly facilities: readonly [Facility, Facility] = [
    new Facility('bd.dghs.1', MSP),
    new Facility('bd.dghs.2', MSP),
  ];
  readonly log = new LogCopy();
  /** Issued, each with its place in the log. */
  readonly documents: { readonly iss: string; readonly jti: string; readonly index: number }[] = [];
  readonly #keys: Key[] = [];
  #nonce = 0;

  /** `done` takes note that an append was anchored, at a time. */
  async next({ do: what, a, b }: Operation): Promise<{ call: Call; done: (at: number) => void }> {
    const facility = this.facilities[a % 2] ?? this.facilities[0];
    const size = this.log.entries.length;
    const issue = (count: number, by = facility) =>
      Promise.all(Array.from({ length: count }, () => by.issue()));
    const decide = (action: object) =>
      this.#submit('Decide', [
        canonicalJson({ ...action, iss: facility.iss, nonce: String((this.#nonce += 1)) }),
      ]);
    const document = this.documents[b % Math.max(1, this.documents.length)];
    switch (what) {
      case 'append':
        return this.#append(await issue(1 + (b % 5)));
      case 'staleAppend':
        return this.#append(await issue(1), [], size + 1 + (b % 3));
      case 'mixedAppend': {
        const stranger = new Facility('bd.dghs.404', MSP);
        return this.#append([...(await issue(1 + (b % 3))), ...(await issue(1, stranger))]);
      }
      case 'garbage':
        return this.#submit('Append', [String(size), Buffer.from('no batch'), '[]']);
      case 'revoke':
      case 'badProof': {
        if (!document) return this.#append(await issue(1));
        const owner = this.facilities.find(({ iss }) => iss === document.iss) ?? facility;
        const proven = what === 'revoke' ? document.index : (document.index + 1) % size;
        const position = b % 2;
        const others = await issue(position, owner);
        return this.#append(
          [...others, await owner.revoke(document.jti)],
          [this.log.proof(position, proven)],
        );
      }
      case 'suspend':
      case 'reinstate':
        return decide({ do: what });
      case 'addKey': {
        const key = this.#keys[b % 3] ?? newKey();
        this.#keys.push(key);
        return decide({ do: what, jwk: key.jwk });
      }
      case 'endKey': {
        const kid = this.#keys[b % 3]?.kid ?? facility.key.kid;
        // Its own key is ended in the future, so that the facility can go on.
        return decide({ do: what, kid, until: Date.now() + 3_600_000, why: 'rotated' });
      }
      case 'annul':
        return document
          ? this.#submit('Decide', [
              canonicalJson({
                do: what,
                iss: document.iss,
                jti: document.jti,
                nonce: String((this.#nonce += 1)),
              }),
            ])
          : decide({ do: 'suspend' });
      case 'admit':
        return this.#submit('Decide', [canonicalJson(facility.admission())]);
      case 'tick':
        return this.#submit('Tick', []);
      case 'arguments':
        return { call: { how: 'evaluate', fn: 'Head', args: ['x'.repeat(b % 3), 'y'] }, done: ignore };
      case 'attest': {
        const documents = document ? [{ iss: document.iss, jti: document.jti }] : [];
        return this.#attest({ heads: [], documents, issuers: [facility.iss] });
      }
      case 'attestUnknown':
        return this.#attest({ heads: [{ mspId: MSP, n: 100_000 + b }], documents: [], issuers: [] });
      case 'init':
        return this.#submit('Init', [JSON.stringify([MSP])]);
    }
  }

  #append(
    statements: readonly SignedStatement[],
    proofs: readonly unknown[] = [],
    size = this.log.entries.length,
  ) {
    const done = (at: number) => {
      for (const [offset, { statement }] of statements.entries()) {
        if (statement.op !== 'issue') continue;
        const index = this.log.entries.length + offset;
        this.documents.push({ iss: statement.iss, jti: statement.jti, index });
      }
      this.log.add(at, statements);
    };
    return { call: this.#submit('Append', appendArguments(size, statements, proofs)).call, done };
  }

  #submit(fn: string, args: readonly Argument[]) {
    return { call: { how: 'submit', fn, args } as const, done: ignore };
  }

  #attest(request: object) {
    return { call: { how: 'attest', fn: 'Attest', args: [canonicalJson(request)] } as const, done: ignore };
  }
}

const ignore = () => undefined;

interface Done {
  readonly refusal?: string;
  readonly answer?: unknown;
  readonly transaction?: Transaction;
}

async function outcomeOf(ledger: Ledger, { how, fn, args }: Call): Promise<Done> {
  try {
    if (how === 'evaluate') return { answer: Buffer.from(await ledger.evaluate(fn, args)).toString() };
    if (how === 'attest') {
      const { payload } = await ledger.attest(String(args[0]));
      const { heads, statuses, issuers, clock } = decodeAttestation(payload).state;
      return { answer: { heads, statuses, issuers, clock } };
    }
    const { transactionId, block } = await ledger.submit(fn, args);
    return { transaction: await transactionIn(ledger, block, transactionId) };
  } catch (error) {
    if (!(error instanceof LedgerError) || !error.refusal) throw error;
    // Messages may name moments.
    const { code, position } = error.refusal;
    return { refusal: `${error.code} ${code} ${String(position)}` };
  }
}

async function transactionIn(ledger: Ledger, number: number, transactionId: string): Promise<Transaction> {
  const reading = new AbortController();
  for await (const block of ledger.blocks(number, reading.signal)) {
    reading.abort();
    const found = block.transactions.find(({ id }) => id === transactionId);
    if (found) return found;
  }
  throw new assert.AssertionError({ message: `${transactionId} is not in block ${number}` });
}

function comparable({ refusal, answer, transaction }: Done): unknown {
  if (!transaction) return { refusal, answer };
  const { fn, args, time, valid, creatorMspId, writes } = transaction;
  const text = (value: Uint8Array | null) => value && Buffer.from(value).toString();
  return {
    ...{ fn, time, valid, creatorMspId },
    args: args.map((arg) => Buffer.from(arg).toString('hex')),
    writes: writes.map(({ key, value }) => ({ key, value: text(value) })),
  };
}
