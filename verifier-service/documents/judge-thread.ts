import { concatBytes } from '@spondon/protocol/bytes';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { serveJobs } from '../threads/serve.js';
import { verifyOnce } from '../verify/known-signatures.js';
import { judgeStatements, type JudgeJob, type Judgement } from './judge.js';

/** What the thread behind `createStatementJudge` answers. */
export interface JudgedPortion {
  readonly judgements: readonly Judgement[];
  /** Of the signatures that were found good, 32 bytes each: for `KnownSignatures`. */
  readonly digests: Uint8Array;
}

serveJobs(async (job: JudgeJob): Promise<{ result: JudgedPortion }> => {
  const digests: Uint8Array[] = [];
  const found = { has: () => false, add: (digest: Uint8Array) => void digests.push(digest) };
  const judgements = await judgeStatements(job, verifyOnce(verify, found, sha256));
  return { result: { judgements, digests: concatBytes(...digests) } };
});
