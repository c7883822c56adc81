import { availableParallelism } from 'node:os';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { createThreadPool } from '../threads/pool.js';
import { type KnownSignatures, verifyOnce } from '../verify/known-signatures.js';
import { type JudgeJob, type Judgement, judgeStatements } from './judge.js';
import type { JudgedPortion } from './judge-thread.js';

/** Judges posted statements, each by itself, in order. */
export interface StatementJudge {
  /** Rejects with `OVERLOADED` or `SHUTTING_DOWN`, see `ThreadPool`: nothing was judged then. */
  readonly judge: (job: JudgeJob) => Promise<Judgement[]>;
  /** Finishes what it accepted. */
  readonly close: () => Promise<void>;
}

/** So few take less time than the way to a thread and back. */
const MAX_HERE = 8;
/** Statements that a thread takes at a time: a request of a thousand takes every core. */
const PORTION = 250;
/** Some 130 KB each. */
const MAX_WAITING = 256;
const TIMEOUT_MS = 30_000;
const DIGEST_BYTES = 32;

/**
 * Reading a statement and verifying its signature is most of the work of taking it in: batches are judged in threads,
 * beside the event loop, and not on those threads of the runtime through which every file is written.
 */
export function createStatementJudge(
  known: KnownSignatures,
  threads = availableParallelism(),
): StatementJudge {
  const pool = createThreadPool<JudgeJob, JudgedPortion>({
    module: new URL('./judge-thread.js', import.meta.url),
    threads,
    maxQueue: MAX_WAITING,
    timeoutMs: TIMEOUT_MS,
  });
  const verifyHere = verifyOnce(verify, known, sha256);

  async function judgeInThread(job: JudgeJob): Promise<readonly Judgement[]> {
    const { judgements, digests } = await pool.run(job);
    for (let at = 0; at < digests.length; at += DIGEST_BYTES) {
      known.add(digests.subarray(at, at + DIGEST_BYTES));
    }
    return judgements;
  }

  return {
    judge: async (job) => {
      if (job.texts.length <= MAX_HERE) return judgeStatements(job, verifyHere);
      const portions: JudgeJob[] = [];
      for (let from = 0; from < job.texts.length; from += PORTION) {
        portions.push({ ...job, texts: job.texts.slice(from, from + PORTION) });
      }
      return (await Promise.all(portions.map(judgeInThread))).flat();
    },
    close: () => pool.close(),
  };
}
