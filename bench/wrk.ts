import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { documentHash } from './home-signer.js';

/** Look-ups by hash with wrk: it takes so little of its own core that it does not disturb what it measures. */
export interface LookUps {
  readonly url: string;
  /** Hashes of the documents 0 to `documents - 1` are asked for, at random. */
  readonly documents: number;
  /** Share of look-ups with a hash that is in no log. */
  readonly unknown: number;
  readonly seconds: number;
  readonly connections: number;
  /** Processor to run on; any when absent. */
  readonly pin?: string;
}

export interface LookUpResult {
  readonly times: number;
  /** For as long as wrk asked. */
  readonly seconds: number;
  /** Latencies, ms. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  /** Shares of the answers. */
  readonly valid: number;
  readonly notFound: number;
}

interface WrkSummary {
  readonly requests: number;
  readonly microseconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
  readonly valid: number;
  readonly notFound: number;
  readonly errors: number;
}

const HASH_DIGITS = 64;

/** `ARGUMENTS`: file of hashes, their number, share of unknown ones. Answers are counted, so that a wrong load shows. */
const SCRIPT = `
local threads = {}
function setup(thread) thread:set("seed", #threads + 1); table.insert(threads, thread) end

function init(arguments)
  local file = assert(io.open(arguments[1], "r"))
  hashes = file:read("*a")
  file:close()
  count, unknown = tonumber(arguments[2]), tonumber(arguments[3])
  math.randomseed(seed * 7919)
  valid, missing, others = 0, 0, 0
end

function request()
  local hash
  if math.random() < unknown then
    local words = {}
    for word = 1, 8 do words[word] = string.format("%08x", math.random(0, 2147483647)) end
    hash = table.concat(words)
  else
    local at = math.random(0, count - 1) * ${HASH_DIGITS}
    hash = hashes:sub(at + 1, at + ${HASH_DIGITS})
  end
  return wrk.format("GET", "/v1/verify/" .. hash)
end

function response(status, headers, body)
  if status ~= 200 then others = others + 1
  elseif body:find('"verdict":"valid"', 1, true) then valid = valid + 1
  elseif body:find('"verdict":"not-found"', 1, true) then missing = missing + 1
  else others = others + 1 end
end

function done(summary, latency)
  local sum = { valid = 0, missing = 0, others = 0 }
  for _, thread in ipairs(threads) do
    for name in pairs(sum) do sum[name] = sum[name] + thread:get(name) end
  end
  local failed = summary.errors
  io.write(string.format(
    'SUMMARY {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"longest":%d,"valid":%d,"notFound":%d,"errors":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    sum.valid, sum.missing, sum.others + failed.connect + failed.read + failed.write + failed.timeout))
end
`;

export async function lookUp(load: LookUps): Promise<LookUpResult> {
  const folder = await mkdtemp(join(tmpdir(), 'spondon-bench-wrk-'));
  try {
    const script = join(folder, 'look-up.lua');
    const hashes = join(folder, 'hashes');
    await writeFile(script, SCRIPT);
    await writeFile(hashes, hexHashes(load.documents));
    const { requests, microseconds, ...summary } = await runWrk(load, script, hashes);
    if (summary.errors > 0) throw new Error(`${summary.errors} of ${requests} look-ups failed`);
    return {
      times: requests,
      seconds: microseconds / 1e6,
      p50: summary.p50 / 1000,
      p99: summary.p99 / 1000,
      longest: summary.longest / 1000,
      valid: summary.valid / requests,
      notFound: summary.notFound / requests,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runWrk(load: LookUps, script: string, hashes: string): Promise<WrkSummary> {
  const { pin, connections, seconds, url, documents, unknown } = load;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', script, url];
  args.push('--', hashes, String(documents), String(unknown));
  const run = promisify(execFile);
  const { stdout } = await (pin === undefined
    ? run('wrk', args)
    : run('taskset', ['-c', pin, 'wrk', ...args]));
  const summary = /^SUMMARY (.*)$/m.exec(stdout)?.[1];
  if (summary === undefined) throw new Error(`wrk said: ${stdout}`);
  return JSON.parse(summary) as WrkSummary;
}

/** The version that is installed. Throws when there is none. */
export async function wrkVersion(): Promise<string> {
  try {
    // Its exit code is 1 even so.
    await promisify(execFile)('wrk', ['-v']);
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    const version = /^wrk (\S+)/.exec(stdout ?? '')?.[1];
    if (version !== undefined) return version;
    throw new Error('This needs wrk: apt-get install wrk', { cause: error });
  }
  return 'unknown';
}

function hexHashes(count: number): Buffer {
  const hashes = Buffer.alloc(count * HASH_DIGITS);
  for (let number = 0; number < count; number += 1) {
    hashes.write(documentHash(number).toString('hex'), number * HASH_DIGITS, 'latin1');
  }
  return hashes;
}
