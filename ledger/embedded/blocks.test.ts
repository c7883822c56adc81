import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allBlocks, get, openToy, temporaryFolder } from './toy-ledger.test-support.js';

const code = (name: string) => ({ name: 'LedgerError', code: name });

test('blocks waits for the next one and ends when it is told to', { timeout: 10_000 }, async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  await ledger.submit('Put', ['a', '0']);
  const reading = new AbortController();
  const numbers: number[] = [];
  const follower = (async () => {
    for await (const { number } of ledger.blocks(0, reading.signal)) {
      numbers.push(number);
      if (number < 3) await ledger.submit('Put', ['a', String(number)]);
      else setImmediate(() => reading.abort());
    }
  })();
  await follower;
  assert.deepEqual(numbers, [0, 1, 2, 3]);
  for await (const { number } of ledger.blocks(4, AbortSignal.abort())) assert.fail(`block ${number}`);
});

test('blocks can begin anywhere, also beyond the last one', { timeout: 10_000 }, async (t) => {
  const ledger = await openToy(t, await temporaryFolder(t));
  for (const value of ['0', '1', '2']) await ledger.submit('Put', ['a', value]);
  assert.deepEqual(
    (await allBlocks(ledger, 2)).map(({ number }) => number),
    [2],
  );
  const later = ledger.blocks(4, new AbortController().signal)[Symbol.asyncIterator]();
  const next = later.next();
  await ledger.submit('Put', ['a', '3']);
  await ledger.submit('Put', ['a', '4']);
  assert.equal(((await next).value as { number: number }).number, 4);
});

test('closing finishes what was submitted and refuses what comes later', { timeout: 10_000 }, async (t) => {
  const folder = await temporaryFolder(t);
  const ledger = await openToy(t, folder);
  const following = assert.rejects(
    ledger.blocks(1, new AbortController().signal).next(),
    code('UNAVAILABLE'),
  );
  const submitted = ledger.submit('Put', ['a', 'one']);
  const closed = ledger.close();
  await assert.rejects(ledger.submit('Put', ['a', 'two']), code('UNAVAILABLE'));
  await submitted;
  await closed;
  await following;
  for (const call of [
    ledger.submit('Put', ['a', 'x']),
    ledger.evaluate('Get', ['a']),
    ledger.attest('a,b'),
  ]) {
    await assert.rejects(call, code('UNAVAILABLE'));
  }
  await ledger.close();
  assert.equal(await get(await openToy(t, folder), 'a'), 'one');
});
