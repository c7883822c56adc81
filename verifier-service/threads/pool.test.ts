import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ServiceError } from '../error.js';
import { createThreadPool, type ThreadPool, type ThreadPoolOptions } from './pool.js';
import type { TestJob, TestResult } from './pool.test-support.js';

const MODULE = new URL('./pool.test-support.js', import.meta.url);

function openPool(options: Partial<ThreadPoolOptions> = {}): ThreadPool<TestJob, TestResult> {
  return createThreadPool({ module: MODULE, threads: 1, maxQueue: 100, timeoutMs: 60_000, ...options });
}

function echo(byte: number): TestJob {
  return { do: 'echo', bytes: Uint8Array.of(byte) };
}

function codeOf(error: unknown): string {
  return error instanceof ServiceError ? error.code : String(error);
}

test('every job gets its own answer, whatever the number of threads', async () => {
  const pool = openPool({ threads: 2 });
  const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => pool.run(echo(i))));
  assert.deepEqual(
    answers,
    Array.from({ length: 20 }, (_, i) => Uint8Array.of(i)),
  );
  await pool.close();
});

test('transferred bytes leave the caller', async () => {
  const pool = openPool();
  const bytes = Uint8Array.of(1, 2, 3);
  assert.deepEqual(await pool.run({ do: 'echo', bytes }, [bytes.buffer]), Uint8Array.of(1, 2, 3));
  assert.equal(bytes.length, 0);
  await pool.close();
});

test('a refusal by the handler arrives whole, and the thread lives on', async () => {
  const pool = openPool();
  await assert.rejects(pool.run({ do: 'refuse' }), {
    name: 'ServiceError',
    code: 'FILE_DAMAGED',
    message: 'This file is damaged.',
    details: { page: 3 },
  });
  assert.deepEqual(await pool.run(echo(1)), Uint8Array.of(1));
  await pool.close();
});

for (const fate of ['throw', 'exit', 'hoard', 'unclonable'] as const)
  test(`a thread lost to '${fate}' fails its job alone and is replaced`, async () => {
    const pool = openPool({ resourceLimits: { maxOldGenerationSizeMb: 32 } });
    const outcomes = await Promise.allSettled([pool.run(echo(1)), pool.run({ do: fate }), pool.run(echo(2))]);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : codeOf(outcome.reason))),
      [Uint8Array.of(1), 'PROCESSING_FAILED', Uint8Array.of(2)],
    );
    await pool.close();
  });

test('what a thread threw is told by place, not by message: the message may quote the document', async () => {
  const pool = openPool();
  const error: unknown = await pool.run({ do: 'throw' }).catch((reason: unknown) => reason);
  assert.ok(error instanceof Error && error.cause instanceof Error && error.cause.stack);
  assert.match(error.cause.stack, /^TypeError\n\s+at .*pool\.test-support/);
  assert.doesNotMatch(`${error.message}${error.stack}${error.cause.message}${error.cause.stack}`, /Ayesha/);
  await pool.close();
});

test('a thread that hangs is ended at the time limit and replaced', async () => {
  const pool = openPool({ timeoutMs: 3_000 });
  await assert.rejects(pool.run({ do: 'hang' }), { code: 'PROCESSING_TIMEOUT' });
  assert.deepEqual(await pool.run(echo(1)), Uint8Array.of(1));
  await pool.close();
});

test('a job beyond the queue is refused at once and the accepted ones are done', async () => {
  const pool = openPool({ maxQueue: 2 });
  const accepted = [pool.run(echo(1)), pool.run(echo(2)), pool.run(echo(3))];
  await assert.rejects(pool.run(echo(4)), { code: 'OVERLOADED' });
  assert.equal((await Promise.all(accepted)).length, 3);
  await pool.close();
});

test('close finishes accepted jobs and refuses new ones', async () => {
  const pool = openPool();
  const accepted = [pool.run(echo(1)), pool.run(echo(2))];
  const closed = pool.close();
  await assert.rejects(pool.run(echo(3)), { code: 'SHUTTING_DOWN' });
  assert.deepEqual(await Promise.all(accepted), [Uint8Array.of(1), Uint8Array.of(2)]);
  await closed;
  await pool.close();
});

test('threads see nothing of the environment', async () => {
  process.env['SPONDON_MASTER_KEY'] = 'secret';
  const pool = openPool();
  assert.deepEqual(await pool.run({ do: 'environment' }), []);
  await pool.close();
});

test('an idle thread ends and the next job gets a fresh one', async () => {
  const pool = openPool({ idleMs: 0 });
  assert.deepEqual(await pool.run(echo(1)), Uint8Array.of(1));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(await pool.run(echo(2)), Uint8Array.of(2));
  await pool.close();
});

test('an idle pool that nobody closed does not keep the process alive', async () => {
  const program = `
    import { createThreadPool } from ${JSON.stringify(new URL('./pool.js', import.meta.url).href)};
    const pool = createThreadPool({
      module: new URL(${JSON.stringify(MODULE.href)}), threads: 1, maxQueue: 1, timeoutMs: 60000,
    });
    await pool.run({ do: 'echo', bytes: new Uint8Array(1) });
    console.log('answered');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  assert.equal(stdout, 'answered\n');
});
