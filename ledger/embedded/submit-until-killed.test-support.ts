import { writeSync } from 'node:fs';
import { openEmbeddedLedger } from './open.js';
import { get, toyOptions } from './toy-ledger.test-support.js';

/**
 * A process that submits to the ledger in the folder that its argument names, several at a time, until somebody kills
 * it. Writes a line for each transaction that was acknowledged: `<key> <value> <transaction id>`.
 */
const ledger = await openEmbeddedLedger(toyOptions(process.argv[2] ?? ''));
const padding = 'x'.repeat(20_000);

async function increment(key: string): Promise<never> {
  for (;;) {
    const value = Number(await get(ledger, key)) + 1;
    const { transactionId } = await ledger.submit('Increment', [key]);
    writeSync(1, `${key} ${value} ${transactionId}\n`);
    await ledger.submit('Put', ['padding', padding]);
  }
}

await Promise.all(['a', 'b', 'c'].map(increment));
