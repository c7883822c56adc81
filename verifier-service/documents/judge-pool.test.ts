import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { publicKeyFromJwk } from '@spondon/protocol/crypto';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { signingInputOf } from '@spondon/protocol/jws';
import { parseStatement } from '@spondon/protocol/statement';
import {
  HOME_HOSPITAL,
  HOSPITAL,
  issueStatement,
  newHomeKey,
  scratchFolders,
  signed,
} from '../deployment/deployment.test-support.js';
import { KnownSignatures, verifyOnce } from '../verify/known-signatures.js';
import { createStatementJudge } from './judge-pool.js';
import { type JudgeJob, judgeStatements } from './judge.js';

const AT = Date.now();
const key = newHomeKey();
const point = publicKeyFromJwk(key.jwk);
const known = await KnownSignatures.open(join(await scratchFolders()(), 'known'));
const statements = createStatementJudge(known, 2);
after(() => statements.close());

const jobOf = (texts: readonly string[]): JudgeJob => ({
  iss: HOME_HOSPITAL,
  keys: new Map([[key.kid, point]]),
  texts,
  at: AT,
});

void test('in threads many statements are judged as a few are here, in their order', async () => {
  const bad = new Map([
    [0, 'no statement'],
    [249, await signed(issueStatement(), newHomeKey())],
    [250, await signed(issueStatement(), { ...newHomeKey(), kid: key.kid })],
    [251, await signed(issueStatement({ iss: HOSPITAL }), key)],
    [599, await signed(issueStatement({ iat: Math.floor(AT / 1000) + 400 }), key)],
  ]);
  const good = await Promise.all(Array.from({ length: 600 }, () => signed(issueStatement(), key)));
  const texts = good.map((text, at) => bad.get(at) ?? text);
  const judgements = await statements.judge(jobOf(texts));
  assert.deepEqual(judgements, await judgeStatements(jobOf(texts), verify));
  assert.deepEqual(
    judgements.flatMap((judgement) => ('code' in judgement ? [judgement.code] : [])),
    ['STATEMENT_INVALID', 'KEY_UNKNOWN', 'SIGNATURE_INVALID', 'WRONG_ISSUER', 'IAT_AHEAD'],
  );
});

void test('what was found good is known, whether it was judged here or in a thread, and nothing else', async () => {
  const never = verifyOnce(() => Promise.resolve(false), known, sha256);
  const isKnown = (text: string) => never(point, parseStatement(text).signature, signingInputOf(text));
  for (const count of [2, 20]) {
    const good = await Promise.all(Array.from({ length: count }, () => signed(issueStatement(), key)));
    const forged = await signed(issueStatement(), { ...newHomeKey(), kid: key.kid });
    await statements.judge(jobOf([...good, forged]));
    for (const text of good) assert.equal(await isKnown(text), true);
    assert.equal(await isKnown(forged), false);
  }
});
