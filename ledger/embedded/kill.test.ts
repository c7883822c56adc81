import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allBlocks, get, openToy, temporaryFolder } from './toy-ledger.test-support.js';

const CHILD = fileURLToPath(new URL('submit-until-killed.test-support.js', import.meta.url));
const KILLS = 6;

/** Runs the submitting process, kills it when it has acknowledged `acknowledgements`, and gives what it acknowledged. */
async function submitAndKill(folder: string, acknowledgements: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === acknowledgements) child.kill('SIGKILL');
  }
  const [, signal] = (await ended) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL');
  return lines;
}

test('nothing acknowledged is lost, and nothing happens twice, however often the process is killed', async (t) => {
  const folder = await temporaryFolder(t);
  const acknowledged: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    acknowledged.push(...(await submitAndKill(folder, 1 + Math.floor(Math.random() * 60))));
  }
  const ledger = await openToy(t, folder);
  assert.equal((await ledger.verifyBlocks()).stateCompared, true);
  const valid = (await allBlocks(ledger)).flatMap(({ transactions }) =>
    transactions.filter((each) => each.valid),
  );
  const values = new Map(valid.map(({ id, writes }) => [id, Buffer.from(writes[0]?.value ?? []).toString()]));
  assert.equal(values.size, valid.length, 'no transaction stands in two blocks');
  for (const line of acknowledged) {
    const [, value, id = ''] = line.split(' ');
    assert.equal(values.get(id), value, line);
  }
  // Each increment read the one before: with none lost or doubled the last value counts them.
  for (const key of ['a', 'b', 'c']) {
    const increments = valid.filter(
      ({ fn, args }) => fn === 'Increment' && Buffer.from(args[0] ?? []).toString() === key,
    );
    assert.equal(await get(ledger, key), String(increments.length));
  }
});
