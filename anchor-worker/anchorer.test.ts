import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { LedgerError } from '@spondon/ledger/port';
import type { SignedStatement } from '@spondon/protocol/statement';
import type { AnchorerOptions } from './anchorer.js';
import { type Life, until, World } from './anchoring.test-support.js';
import { queueLength } from './queue.js';
import { issue, issues, revoke } from './sample.test-support.js';
import type { Fate } from './toy-ledger.test-support.js';

async function begin(
  t: TestContext,
  options: Partial<AnchorerOptions> = {},
): Promise<{ world: World; life: Life }> {
  const world = await World.create(t);
  return { world, life: await world.live(t, options) };
}

function textsOf(statements: readonly SignedStatement[]): string[] {
  return statements.map(({ text }) => text);
}

/** Each submit meets the next of these fates, and then none but the best. */
function meet(world: World, ...fates: Fate[]): void {
  world.ledger.fate = () => fates.shift() ?? 'done';
}

test('a lone statement is anchored at once, and leaves the queue', async (t) => {
  const { world, life } = await begin(t);
  const statement = await issue('lone');
  await life.accept([statement]);
  await until(() => world.isDrained());
  assert.deepEqual(world.ledger.texts(), [statement.text]);
  assert.deepEqual(
    life.store.findByCode(statement.statement.jti).map(({ signed }) => signed),
    [statement],
  );
  assert.deepEqual([life.anchored, life.waits, life.troubles], [1, [], []]);
  assert.ok(life.shrunk > 0);
});

test('what was queued before the start is anchored without being woken', async (t) => {
  const { world, life } = await begin(t);
  await life.stop();
  await life.accept(await issues('early', 3));
  await world.live(t);
  await until(() => world.isDrained());
  assert.equal(world.ledger.texts().length, 3);
});

test('what arrives while a batch is on its way makes the next one, in order', async (t) => {
  const { world, life } = await begin(t);
  const statements = await issues('stream', 30);
  world.ledger.holdsBlocks = true;
  for (const statement of statements) await life.accept([statement]);
  // The first one is on the ledger, and not read back yet.
  assert.equal(world.ledger.texts().length, 1);
  world.ledger.holdsBlocks = false;
  world.ledger.wake();
  await until(() => world.isDrained());
  assert.deepEqual(world.ledger.texts(), textsOf(statements));
  assert.equal(world.ledger.submitted.length, 2);
});

test('more than one batch of statements is anchored in order', async (t) => {
  const { world, life } = await begin(t);
  const statements = await issues('many', 5000);
  await life.accept(statements);
  await until(() => world.isDrained());
  assert.deepEqual(world.ledger.texts(), textsOf(statements));
  assert.equal(world.ledger.submitted.length, 2);
  assert.equal(life.anchored, 5000);
});

test('while many wait, the next batch is sent before the one on the ledger was read back, and no third', async (t) => {
  const { world, life } = await begin(t, { mostStatements: 4 });
  const statements = await issues('many', 14);
  world.ledger.holdsBlocks = true;
  await life.accept(statements);
  await until(() => world.ledger.texts().length === 8);
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
  assert.deepEqual([world.ledger.texts().length, await queueLength(life.db)], [8, 14]);
  world.ledger.holdsBlocks = false;
  world.ledger.wake();
  await until(() => world.isDrained());
  assert.deepEqual(world.ledger.texts(), textsOf(statements));
  assert.deepEqual([world.ledger.submitted.length, life.anchored, life.troubles], [4, 14, []]);
});

test('a revocation does not wait until a long queue has come to its end', async (t) => {
  const { world, life } = await begin(t, { mostStatements: 4 });
  const [before, after] = [await issues('before', 7), await issues('after', 40)];
  const revocation = await revoke('before-1');
  await life.accept([...before, revocation, ...after]);
  await until(() => world.isDrained());
  const texts = world.ledger.texts();
  assert.deepEqual([...texts].sort(), textsOf([...before, revocation, ...after]).sort());
  assert.ok(texts.indexOf(revocation.text) < 12);
});

test('a row stays in the queue until its entry was read back from the ledger', async (t) => {
  const { world, life } = await begin(t);
  world.ledger.holdsBlocks = true;
  await life.accept(await issues('held', 3));
  await until(() => world.ledger.texts().length === 3);
  assert.equal(await queueLength(life.db), 3);
  world.ledger.holdsBlocks = false;
  world.ledger.wake();
  await until(() => world.isDrained());
});

const FATES: Fate[] = ['not-sent', 'lost', 'done-unanswered', 'late', 'conflict'];

for (const fate of FATES) {
  test(`after a submit that was ${fate} everything is anchored exactly once`, async (t) => {
    const fates: Fate[][] = [
      [fate],
      [fate, fate],
      ['done', fate],
      [fate, 'done', fate],
      [fate, 'lost', fate],
    ];
    for (const [each, mostStatements] of fates.flatMap((each) => [
      [each, 4096] as const,
      [each, 2] as const,
    ])) {
      const world = await World.create(t);
      meet(world, ...each);
      const life = await world.live(t, { mostStatements });
      const [first, second, third] = [await issues('a', 3), await issues('b', 3), await issues('c', 3)];
      for (const statements of [first, second, third]) await life.accept(statements);
      await until(() => world.isDrained());
      world.ledger.arriveLate();
      assert.deepEqual([...world.ledger.texts()].sort(), textsOf([...first, ...second, ...third]).sort());
      await life.stop();
    }
  });
}

test('waiting grows while the ledger cannot be reached, and is short again after a success', async (t) => {
  const { world, life } = await begin(t);
  meet(world, ...new Array<Fate>(10).fill('not-sent'), 'done', 'not-sent');
  await life.accept([await issue('a')]);
  await until(() => world.isDrained());
  assert.deepEqual(life.waits, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  await life.accept([await issue('b')]);
  await until(() => world.isDrained());
  assert.deepEqual(life.waits.slice(10), [50]);
  assert.equal(life.troubles.length, 11);
});

test('trouble is over with the next batch, or when nothing waits any more', async (t) => {
  const { world, life } = await begin(t);
  // The second is found anchored: nothing is left to send.
  for (const fate of ['not-sent', 'done-unanswered'] as const) {
    meet(world, fate);
    await life.accept([await issue(fate)]);
    await until(() => life.trouble !== undefined);
    await until(() => life.trouble === undefined);
    assert.ok(await world.isDrained());
  }
  assert.equal(life.troubles.length, 2);
});

test('while rows cannot leave the queue, because the disk is full, their statements are not sent again', async (t) => {
  const { world, life } = await begin(t);
  const prepare = world.database.prepare.bind(world.database);
  let full = true;
  world.database.prepare = (sql) => {
    if (full && sql.startsWith('delete')) throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
    return prepare(sql);
  };
  const statements = await issues('a', 3);
  await life.accept(statements);
  await until(() => life.waits.length > 3);
  assert.equal(await queueLength(world.db), 3);
  full = false;
  await until(() => world.isDrained());
  await until(() => life.trouble === undefined);
  assert.deepEqual(world.ledger.texts(), textsOf(statements));
});

test('a conflict is tried again at once and worries nobody, unless it never ends', async (t) => {
  const { world, life } = await begin(t);
  meet(world, 'conflict', 'conflict', 'conflict');
  await life.accept([await issue('a')]);
  await until(() => world.isDrained());
  assert.deepEqual([life.waits, life.troubles], [[], []]);
  meet(world, ...new Array<Fate>(5).fill('conflict'));
  await life.accept([await issue('b')]);
  await until(() => world.isDrained());
  assert.deepEqual(life.waits, [50, 100]);
});

test('somebody else who appends to the same log costs a turn and nothing else', async (t) => {
  const { world, life } = await begin(t);
  await life.accept([await issue('a')]);
  await until(() => world.isDrained());
  world.ledger.holdsBlocks = true;
  const foreign = await issues('foreign', 5);
  world.ledger.append(foreign);
  const own = await issues('own', 2);
  await life.accept(own);
  await until(() => world.ledger.submitted.length === 2);
  world.ledger.holdsBlocks = false;
  world.ledger.wake();
  await until(() => world.isDrained());
  assert.deepEqual(world.ledger.texts().slice(1), textsOf([...foreign, ...own]));
  assert.deepEqual(life.troubles, []);
});

test('two workers on one queue anchor everything exactly once', async (t) => {
  const world = await World.create(t);
  const first = await world.live(t);
  const second = await world.live(t, { db: first.db });
  const statements = await issues('shared', 60);
  for (let from = 0; from < 60; from += 4) {
    await first.accept(statements.slice(from, from + 4));
    await second.accept([]);
  }
  await until(() => world.isDrained());
  assert.deepEqual([...world.ledger.texts()].sort(), textsOf(statements).sort());
});

test('a statement that was anchored and is queued once more is not anchored again', async (t) => {
  const { world, life } = await begin(t);
  const statement = await issue('a');
  await life.accept([statement]);
  await until(() => world.isDrained());
  await life.accept([statement]);
  await until(() => world.isDrained());
  assert.deepEqual(world.ledger.texts(), [statement.text]);
});

test('a refused statement is set aside with the reason, and the others are anchored', async (t) => {
  const { world, life } = await begin(t);
  const statements = await issues('a', 9);
  const bad = statements[4];
  assert.ok(bad);
  world.ledger.judge = (batch) => {
    const position = batch.findIndex(({ text }) => text === bad.text);
    return position < 0 ? null : { code: 'IAT_AHEAD', position, message: 'too early' };
  };
  await life.accept(statements);
  await until(() => world.isDrained());
  assert.deepEqual(world.ledger.texts(), textsOf(statements.filter((statement) => statement !== bad)));
  assert.deepEqual(await world.refusals(), new Map([[bad.text, 'IAT_AHEAD']]));
  assert.deepEqual([life.setAside, life.troubles, life.waits], [['IAT_AHEAD'], [], []]);
});

for (const [code, alike] of [
  ['ISSUER_SUSPENDED', { iss: 'bd.dghs.2' }],
  ['ISSUER_UNKNOWN', { iss: 'bd.dghs.2' }],
  ['WRONG_MSP', { iss: 'bd.dghs.2' }],
  ['KEY_NOT_VALID', { kid: 'old-key' }],
  ['KEY_UNKNOWN', { kid: 'old-key' }],
] as const) {
  test(`${code} is about every such statement of the batch, and about no other`, async (t) => {
    const { world, life } = await begin(t);
    const good = await issues('good', 20);
    const bad = await Promise.all(Array.from({ length: 20 }, (_, at) => issue(`bad-${at}`, alike)));
    const isBad = new Set(textsOf(bad));
    world.ledger.judge = (batch) => {
      const position = batch.findIndex(({ text }) => isBad.has(text));
      return position < 0 ? null : { code, position, message: 'no' };
    };
    const mixed = good.flatMap((statement, at) => [statement, bad[at] ?? statement]);
    await life.accept(mixed);
    await until(() => world.isDrained());
    assert.deepEqual(world.ledger.texts(), textsOf(good));
    assert.deepEqual([...(await world.refusals()).keys()], textsOf(bad));
    assert.equal(world.ledger.submitted.length, 2);
  });
}

test('a statement that spoils its batch without being named is found and set aside, alone', async (t) => {
  const { world, life } = await begin(t);
  const statements = await issues('a', 100);
  const poison = [statements[0], statements[37], statements[38], statements[99]].map(
    (statement) => statement?.text,
  );
  world.ledger.judge = (batch) =>
    batch.some(({ text }) => poison.includes(text))
      ? { code: 'ARGUMENT', message: 'something is wrong' }
      : null;
  await life.accept(statements);
  // The last one needs somebody after it to show that it is not the ledger.
  await until(async () => (await queueLength(life.db)) === 1);
  await life.accept([await issue('after')]);
  await until(() => world.isDrained());
  assert.deepEqual([...(await world.refusals()).keys()], poison);
  assert.equal(world.ledger.texts().length, 97);
});

test('a statement that spoils its batch is set aside while others go on, and is no trouble', async (t) => {
  const { world, life } = await begin(t);
  const statements = await issues('a', 40);
  const poison = statements[3]?.text;
  world.ledger.judge = (batch) =>
    batch.some(({ text }) => text === poison) ? { code: 'ARGUMENT', message: 'something is wrong' } : null;
  await life.accept(statements);
  await until(() => world.isDrained());
  assert.deepEqual([...(await world.refusals()).keys()], [poison]);
  assert.deepEqual([life.troubles, life.waits], [[], []]);
  assert.ok(world.ledger.submitted.length < 25);
});

test('a ledger that refuses everything has nothing set aside, and all is anchored once it works again', async (t) => {
  const { world, life } = await begin(t);
  const statements = await issues('a', 200);
  world.ledger.judge = () => ({ code: 'ARGUMENT', message: 'what is this?' });
  await life.accept(statements);
  await until(() => life.troubles.length >= 5);
  assert.deepEqual(await world.refusals(), new Map());
  assert.ok(life.troubles.every((error) => error instanceof LedgerError));
  world.ledger.judge = () => null;
  await until(() => world.isDrained());
  assert.deepEqual(await world.refusals(), new Map());
  assert.deepEqual([...world.ledger.texts()].sort(), textsOf(statements).sort());
});

test('a lone statement that is refused without being named stays queued, and somebody is told', async (t) => {
  const { world, life } = await begin(t);
  world.ledger.judge = () => ({ code: 'ARGUMENT', message: 'what is this?' });
  await life.accept([await issue('a')]);
  await until(() => life.waits.length >= 4);
  assert.deepEqual(life.waits.slice(0, 4), [50, 100, 200, 400]);
  assert.deepEqual([await queueLength(life.db), await world.refusals()], [1, new Map()]);
});

for (const code of ['CLOCK_SKEW', 'NOT_INITIALISED']) {
  test(`${code} says nothing about the statements: they wait`, async (t) => {
    const { world, life } = await begin(t);
    let refusals = 3;
    world.ledger.judge = () => (refusals-- > 0 ? { code, message: 'later' } : null);
    await life.accept(await issues('a', 5));
    await until(() => world.isDrained());
    assert.equal(world.ledger.texts().length, 5);
    assert.deepEqual(await world.refusals(), new Map());
    assert.deepEqual(life.waits, [50, 100, 200]);
  });
}

test('a revocation that is queued with its issue comes after it', async (t) => {
  const { world, life } = await begin(t);
  const statements = [await issue('a'), await revoke('a'), await issue('b'), await revoke('b')];
  await life.accept(statements);
  await until(() => world.isDrained());
  const order = [0, 2, 1, 3].map((at) => statements[at]?.text);
  assert.deepEqual(world.ledger.texts(), order);
});

test('the revocation of a document whose issue was refused is set aside too', async (t) => {
  const { world, life } = await begin(t);
  const [issued, revocation] = [await issue('a'), await revoke('a')];
  world.ledger.judge = (batch) =>
    batch[0]?.text === issued.text ? { code: 'IAT_AHEAD', position: 0, message: 'too early' } : null;
  await life.accept([issued, revocation]);
  await until(() => world.isDrained());
  assert.deepEqual(
    await world.refusals(),
    new Map([
      [issued.text, 'IAT_AHEAD'],
      [revocation.text, 'ISSUE_UNKNOWN'],
    ]),
  );
});

test('a revocation is not given up because its issue was not read from the ledger yet', async (t) => {
  const { world, life } = await begin(t);
  await life.accept([await issue('first')]);
  await until(() => world.isDrained());
  // Another worker anchored the issue and removed its row; this one has not seen the block.
  world.ledger.holdsBlocks = true;
  world.ledger.append([await issue('a')]);
  await life.accept([await revoke('a')]);
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
  assert.equal(await queueLength(life.db), 1);
  world.ledger.holdsBlocks = false;
  world.ledger.wake();
  await until(() => world.isDrained());
  assert.deepEqual(await world.refusals(), new Map());
  assert.equal(world.ledger.texts().at(-1), (await revoke('a')).text);
});

test('stopping finishes the batch under way and leaves the rest queued', async (t) => {
  const { world, life } = await begin(t);
  world.ledger.holdsBlocks = true;
  const [first, second] = await issues('a', 2);
  assert.ok(first && second);
  await life.accept([first]);
  await until(() => world.ledger.texts().length === 1);
  await life.accept([second]);
  const stopped = life.stop();
  world.ledger.holdsBlocks = false;
  world.ledger.wake();
  await stopped;
  assert.deepEqual(world.ledger.texts(), [first.text]);
  const left = await world.db.selectFrom('queue').select('statement').execute();
  assert.deepEqual(left, [{ statement: second.text }]);
});

test('stopping does not wait for the next attempt', async (t) => {
  const world = await World.create(t);
  const life = await world.live(t, {
    wait: (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
  });
  world.ledger.fate = () => 'not-sent';
  await life.accept([await issue('a')]);
  await until(() => life.troubles.length === 1);
  await life.stop();
  assert.equal(await queueLength(world.db), 1);
});

test('a follower that failed stops the anchoring, without losing or doubling anything', async (t) => {
  const { world, life } = await begin(t);
  await life.accept(await issues('a', 3));
  await until(() => world.isDrained());
  const [block] = world.ledger.chain;
  assert.ok(block);
  // The ledger shows another history.
  world.ledger.chain.push({ ...block, number: 1, previousHash: new Uint8Array(32) });
  world.ledger.wake();
  await until(() => life.troubles.length > 0);
  world.ledger.chain.pop();
  const more = await issues('b', 3);
  await life.accept(more);
  await until(() => life.waits.length > 3);
  const next = await world.live(t);
  await until(() => world.isDrained());
  assert.deepEqual(world.ledger.texts().slice(3), textsOf(more));
  assert.ok(next.anchored <= 3);
});

/** Kills the worker at its n-th call, for every n until it gets through; the next life must end it well. */
test('killed at any call to database or ledger, and started again, everything is anchored exactly once', async (t) => {
  const statements = [
    ...(await issues('a', 3)),
    await revoke('a-1'),
    await issue('bad'),
    await revoke('bad'),
    ...(await issues('b', 5)),
  ];
  const good = textsOf(statements.filter((_, at) => at !== 4 && at !== 5)).sort();
  const bad = (await issue('bad')).text;
  for (const [dyingCallWorks, mostStatements] of [
    [false, 4096],
    [true, 4096],
    [false, 2],
    [true, 2],
  ] as const) {
    let finished = false;
    for (let calls = 0; !finished; calls += 1) {
      const world = await World.create(t);
      world.ledger.judge = (batch) => {
        const position = batch.findIndex(({ text }) => text === bad);
        return position < 0 ? null : { code: 'IAT_AHEAD', position, message: 'too early' };
      };
      const first = await world.live(t, { mostStatements });
      await first.accept(statements);
      first.dyingCallWorks = dyingCallWorks;
      first.callsLeft = calls;
      await until(async () => first.isDead || (await world.isDrained()));
      finished = !first.isDead;
      const second = await world.live(t);
      await until(() => world.isDrained());
      assert.deepEqual([...world.ledger.texts()].sort(), good);
      assert.deepEqual([...(await world.refusals()).values()], ['IAT_AHEAD', 'ISSUE_UNKNOWN']);
      assert.deepEqual(second.troubles, []);
    }
  }
});
