import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { State, type BlockEffects } from './state.js';
import { temporaryFolder } from './toy-ledger.test-support.js';

async function openState(t: TestContext): Promise<State> {
  const state = new State(join(await temporaryFolder(t), 'state.db'));
  t.after(() => state.close());
  return state;
}

function block(
  number: number,
  writes: Record<string, string | null>,
  policies: Record<string, string> = {},
): BlockEffects {
  const set = {
    reads: [],
    writes: Object.entries(writes).map(([key, value]) => ({
      key,
      value: value === null ? null : Buffer.from(value),
    })),
    policies: Object.entries(policies).map(([key, policy]) => ({ key, policy: Buffer.from(policy) })),
  };
  const [offset, end] = [number * 100, number * 100 + 100];
  return { number, hash: Uint8Array.of(number), offset, end, effects: [{ transaction: 3, set }] };
}

const text = (bytes: Uint8Array | null | undefined) => bytes && Buffer.from(bytes).toString();

test('a value carries the version of the transaction that wrote it last, its policy included', async (t) => {
  const state = await openState(t);
  state.apply([block(0, { a: 'one', b: 'x' })]);
  assert.deepEqual(state.get('a')?.version, { block: 0, transaction: 3 });
  state.apply([block(1, {}, { a: 'owner' })]);
  assert.deepEqual(state.get('a')?.version, { block: 1, transaction: 3 });
  assert.deepEqual([text(state.get('a')?.value), text(state.get('a')?.policy)], ['one', 'owner']);
  state.apply([block(2, { a: null })]);
  assert.equal(state.get('a'), null);
  assert.deepEqual(state.get('b')?.version, { block: 0, transaction: 3 });
});

test('position and index follow the blocks', async (t) => {
  const state = await openState(t);
  assert.deepEqual([state.position.height, state.position.end, state.position.hash.length], [0, 0, 0]);
  state.apply([block(0, { a: 'one' }), block(1, { a: 'two' })]);
  assert.deepEqual(state.position, { height: 2, end: 200, hash: Uint8Array.of(1) });
  assert.deepEqual(
    [0, 1, 2].map((number) => state.offsetOf(number)),
    [0, 100, undefined],
  );
});

test('blocks are applied all or none', async (t) => {
  const state = await openState(t);
  state.apply([block(0, { a: 'one' })]);
  // The second one is there already: its number stands in the index.
  assert.throws(() => state.apply([block(1, { a: 'two' }), block(0, { a: 'three' })]));
  assert.equal(text(state.get('a')?.value), 'one');
  assert.equal(state.position.height, 1);
  state.apply([block(1, { a: 'two' })]);
  assert.equal(text(state.get('a')?.value), 'two');
});

test('whoever looks sees one moment, and nobody waits for it', async (t) => {
  const path = join(await temporaryFolder(t), 'state.db');
  const state = new State(path);
  state.apply([block(0, { a: 'one' })]);
  const looking = new State(path, 'look');
  state.apply([block(1, { a: 'two' })]);
  assert.deepEqual([looking.position.height, text(looking.get('a')?.value)], [1, 'one']);
  looking.close();
  state.close();
});

test('keys come in the order of their bytes, page by page', async (t) => {
  const state = await openState(t);
  const key = fc.string({ unit: 'binary', minLength: 1 }).filter((each) => !each.includes('\0'));
  const keys =
    fc.sample(fc.uniqueArray(key, { minLength: 40, maxLength: 40 }), { numRuns: 1, seed: 1 })[0] ?? [];
  state.apply([block(0, Object.fromEntries(keys.map((each) => [each, 'x'])))]);
  const found: string[] = [];
  for (;;) {
    const page = state.entriesAfter(found.at(-1) ?? '', 7);
    if (page.length === 0) break;
    found.push(...page.map(([each]) => each));
  }
  assert.deepEqual(
    found,
    [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
});
