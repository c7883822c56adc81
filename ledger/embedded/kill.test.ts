import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { EmbeddedLedger } from './engine.js';
import type { Notice } from './recovery.js';
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
  await assertHolds(ledger, acknowledged);
});

const strace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;

test(
  'a state that could not be flushed is deleted and made anew at the next start',
  { skip: !strace },
  async (t) => {
    const folder = await temporaryFolder(t);
    const log = join(folder, 'state.db-wal');
    const failing = ['-f', '-o', '/dev/null', '-P', log, '-e', 'inject=fsync,fdatasync:error=EIO:when=2+'];
    const child = spawn('strace', [...failing, process.execPath, CHILD, folder]);
    const [lines, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    assert.match(errors, /SQLITE_IOERR_FSYNC/);
    assert.equal(existsSync(join(folder, 'state.db')), false);
    const notices: Notice[] = [];
    const ledger = await openToy(t, folder, { notice: (notice) => notices.push(notice) });
    assert.deepEqual(notices, [{ event: 'replayed', from: 0, to: await ledger.height() }]);
    await assertHolds(ledger, lines.trim().split('\n'));
  },
);

/** Everything that was acknowledged is there, once. */
async function assertHolds(ledger: EmbeddedLedger, acknowledged: readonly string[]): Promise<void> {
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
}
