// @ts-check
/**
 * Runs the compiled tests of every workspace and closes with one line: `N passed, N failed, N skipped`.
 *
 *   node scripts/run-tests.mjs [--long] [--on postgres|consortium] [part of a path]...
 *
 * With `--on`, the tests of the API alone, with their service on a PostgreSQL, or as a consortium's member runs it: two
 * copies behind HAProxy, with PostgreSQL, Kubo and a Fabric network, which is started once for all of them.
 *
 * With arguments, only test files whose path contains one of them (`protocol`, `stamp/qr`). `--long`: only those that
 * are left out otherwise because they take minutes (`*.long.test.ts`). Ends with 1 when a test failed, a file was not
 * built, or nothing ran.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { inspect, parseArgs } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
/** The machines that this runs on have 2 cores. */
const CONCURRENCY = 2;
const FILE_TIMEOUT_MS = 10 * 60_000;
const SUFFIX = '.test.ts';
const LONG_SUFFIX = '.long.test.ts';

/** @returns {string[]} */
function workspaces() {
  /** @type {{ workspaces: string[] }} */
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return manifest.workspaces.filter((workspace) => existsSync(path.join(root, workspace)));
}

/**
 * Test sources of one workspace, relative to it. The compiled files are found from these and not in `dist`, where
 * tests linger whose source is gone.
 * @param {string} workspace
 * @returns {string[]}
 */
function testSources(workspace) {
  /** @param {string} folder @returns {string[]} */
  const walk = (folder) =>
    readdirSync(path.join(root, workspace, folder), { withFileTypes: true }).flatMap((entry) => {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        return ['dist', 'node_modules'].includes(entry.name) ? [] : walk(name);
      }
      return name.endsWith(SUFFIX) ? [name] : [];
    });
  return walk('.').sort();
}

/** @typedef {{ source: string, compiled: string }} TestFile paths relative to the root */

/** @param {boolean} long @param {readonly string[]} parts @returns {TestFile[]} */
function testFiles(long, parts) {
  return workspaces()
    .flatMap((workspace) =>
      testSources(workspace).map((source) => ({
        source: path.join(workspace, source),
        compiled: path.join(workspace, 'dist', source.replace(/\.ts$/, '.js')),
      })),
    )
    .filter(({ source }) => source.endsWith(LONG_SUFFIX) === long)
    .filter(({ source }) => parts.length === 0 || parts.some((part) => source.includes(part)));
}

const MOST_OF_AN_ERROR = 4000;

/**
 * The error that a test threw, without the runner's wrapping; or how the process of a whole file ended.
 * @param {unknown} error
 */
function describeError(error) {
  if (error instanceof Error && 'signal' in error && 'exitCode' in error) {
    const { signal, exitCode } = error;
    return `its process ended with ${signal === null ? `code ${exitCode}` : signal}`;
  }
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(cause instanceof Error)) return typeof cause === 'string' ? cause : inspect(cause);
  const { stack = String(cause) } = cause;
  const own = stack.replace(/\n\s+at [^\n]*(?:node:(?:internal|async_hooks)|\(<anonymous>\))[^\n]*/g, '');
  // The message of an assertion may hold a whole answer.
  return own.length > MOST_OF_AN_ERROR
    ? `${own.slice(0, MOST_OF_AN_ERROR)} … (${own.length} characters)`
    : own;
}

/** @param {string} text */
const indented = (text) => text.replace(/^/gm, '    ');

/** @param {number} milliseconds */
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

/** What came of the tests so far, and what each file said while its tests ran. */
class Outcome {
  passed = 0;
  /** @type {{ file: string, title: string, error: string }[]} */
  failures = [];
  /** @type {{ file: string, title: string, reason: string }[]} */
  skipped = [];
  /** @type {Map<string, string>} */
  output = new Map();

  /** @param {string} file @param {string} title @param {string} error */
  fail(file, title, error) {
    this.failures.push({ file, title, error });
  }

  get closingLine() {
    return `${this.passed} passed, ${this.failures.length} failed, ${this.skipped.length} skipped`;
  }

  get succeeded() {
    return this.failures.length === 0 && this.passed + this.skipped.length > 0;
  }
}

/** Counts and times of one file, which the runner sums up itself. */
const SUMMARY = /^(?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /;

/** @param {string | boolean | undefined} mark of a test: a reason, or that there is one */
const isSet = (mark) => mark !== undefined && mark !== false;

/**
 * Runs one file in a process of its own.
 * @param {TestFile} file
 * @param {Outcome} outcome
 */
async function runFile({ source, compiled }, outcome) {
  const started = performance.now();
  const full = path.join(root, compiled);
  let [passed, failed, skipped] = [0, 0, 0];
  let output = '';
  /** @type {string[]} */
  let names = [];
  // run()'s own `timeout` is for tests; only its signal ends the process of a file, on every version of Node.
  const overdue = new AbortController();
  const timer = setTimeout(() => overdue.abort(), FILE_TIMEOUT_MS);
  const stream = run({ files: [full], concurrency: 1, signal: overdue.signal });
  /** @typedef {import('node:test').EventData.TestPass | import('node:test').EventData.TestFail} Finished */
  /** @param {Finished} data */
  const titleOf = (data) => [...names.slice(0, data.nesting), data.name].join(' › ');
  /** @param {Finished} data @param {unknown} reason */
  const skip = (data, reason) => {
    skipped += 1;
    const text = typeof reason === 'string' ? reason : isSet(data.todo) ? 'to do' : '';
    outcome.skipped.push({ file: source, title: titleOf(data), reason: text });
  };
  stream.on('test:start', (data) => {
    names = [...names.slice(0, data.nesting), data.name];
  });
  stream.on('test:pass', (data) => {
    if (isSet(data.skip) || isSet(data.todo)) {
      skip(data, data.skip);
    } else if (data.details.type !== 'suite' && data.name !== full) {
      passed += 1;
    }
  });
  stream.on('test:fail', (data) => {
    const { error } = data.details;
    // A suite fails with its tests, which were told already.
    if (inspect(error).includes("failureType: 'subtestsFailed'")) return;
    if (isSet(data.todo)) {
      skip(data, data.todo);
      return;
    }
    failed += 1;
    const title = data.name === full ? 'the file itself' : titleOf(data);
    const late = overdue.signal.aborted && data.name === full;
    outcome.fail(source, title, late ? `not done after ${seconds(FILE_TIMEOUT_MS)}` : describeError(error));
  });
  stream.on('test:stdout', (data) => (output += data.message));
  stream.on('test:stderr', (data) => (output += data.message));
  stream.on('test:diagnostic', ({ message }) => {
    if (!SUMMARY.test(message)) output += `${message}\n`;
  });
  for await (const event of stream) void event;
  clearTimeout(timer);

  outcome.passed += passed;
  if (failed > 0 && output !== '') outcome.output.set(source, output);
  if (passed + failed + skipped === 0) {
    failed += 1;
    outcome.fail(source, 'the file itself', 'it holds no test');
  }
  const counts = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`];
  const mark = failed > 0 ? '✗' : '✓';
  console.log(
    `${mark} ${source}: ${counts.filter(Boolean).join(', ')} (${seconds(performance.now() - started)})`,
  );
}

/** @param {Outcome} outcome */
function report(outcome) {
  /** @param {{ file: string }} a @param {{ file: string }} b */
  const byFile = (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0);
  if (outcome.skipped.length > 0) console.log('\nSkipped');
  for (const { file, title, reason } of outcome.skipped.sort(byFile)) {
    console.log(`  ${file} › ${title}${reason === '' ? '' : `: ${reason}`}`);
  }
  if (outcome.failures.length > 0) console.log('\nFailed');
  for (const { file, title, error } of outcome.failures.sort(byFile)) {
    console.log(`  ${file} › ${title}\n${indented(error)}\n`);
  }
  for (const [file, output] of outcome.output) {
    console.log(`  Output of ${file}\n${indented(output.trimEnd())}\n`);
  }
}

const outcome = new Outcome();
/** Tests that ask a service as its users do, wherever it keeps its data. */
const OF_THE_API = /^verifier-service\/(?:routes\/|app\.test)/;

const { values, positionals } = parseArgs({
  options: { long: { type: 'boolean', default: false }, on: { type: 'string' } },
  allowPositionals: true,
});
const { long, on } = values;
if (on !== undefined) {
  if (!['postgres', 'consortium'].includes(on)) throw new Error('--on is postgres or consortium');
  process.env.TESTS_ON = on;
}
const queue = testFiles(long, positionals).filter(
  ({ source }) => on === undefined || OF_THE_API.test(source),
);

/** @param {number} concurrency */
async function runAll(concurrency) {
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        if (existsSync(path.join(root, file.compiled))) await runFile(file, outcome);
        else outcome.fail(file.source, 'the file itself', 'it is not built: npm run build');
      }
    }),
  );
}

/** Where a program is missing, every file counts as skipped. */
async function runOnConsortium() {
  const { startConsortium, whyNoConsortium } =
    await import('../verifier-service/dist/deployment/consortium.test-support.js');
  const why = await whyNoConsortium();
  if (why !== false) {
    for (const { source: file } of queue) outcome.skipped.push({ file, title: 'all of it', reason: why });
    return;
  }
  const { env, stop } = await startConsortium();
  // What was started ends with the run, also when that is cut short.
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => void stop().finally(() => process.exit(1)));
  Object.assign(process.env, env);
  try {
    // One after the other: they are deployments of one organisation, whose log has one leader.
    await runAll(1);
  } finally {
    await stop();
  }
}

const started = performance.now();
await (on === 'consortium' ? runOnConsortium() : runAll(CONCURRENCY));
report(outcome);
console.log(`\n${seconds(performance.now() - started)}`);
console.log(outcome.closingLine);
process.exitCode = outcome.succeeded ? 0 : 1;
