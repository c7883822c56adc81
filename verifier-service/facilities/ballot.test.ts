import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex, utf8 } from '@spondon/protocol/bytes';
import { sha256 } from '@spondon/protocol/crypto-node';
import { LedgerError } from '@spondon/ledger/port';
import type { OpenDecision } from '@spondon/anchor-worker/log/registry';
import { Ballot } from './ballot.js';

const REGULATORS = ['DghsMSP', 'DgfpMSP'];

/** A ledger on which the regulators vote, and a ballot of each organisation asked for. */
function voting(regulators = REGULATORS) {
  const decisions = new Map<string, OpenDecision>();
  const carriedOut: string[] = [];
  /** What the next submits come to instead of an answer; the vote counts all the same where `isLost`. */
  const failures: { readonly error: LedgerError; readonly isLost: boolean }[] = [];
  let votes = 0;
  const vote = (mspId: string, action: string) => {
    const id = toHex(sha256(utf8(action)));
    const voters = decisions.get(id)?.voters ?? [];
    if (voters.includes(mspId)) throw refusal('ALREADY_VOTED');
    if (!regulators.includes(mspId)) throw refusal('NOT_REGULATOR');
    votes += 1;
    decisions.delete(id);
    if (voters.length + 1 === regulators.length) carriedOut.push(action);
    else decisions.set(id, { action, voters: [...voters, mspId], at: votes });
  };
  const ballotOf = (mspId: string) => {
    const submit = (_: string, [action = '']: readonly (string | Uint8Array)[]) => {
      const failure = failures.shift();
      if (!failure || failure.isLost) vote(mspId, String(action));
      if (failure) return Promise.reject(failure.error);
      return Promise.resolve({ transactionId: '', block: votes });
    };
    let nonce = 0;
    return new Ballot({
      ledger: {
        mspId,
        submit: async (fn, args) => submit(fn, args),
        height: () => Promise.resolve(votes + 1),
      },
      decisions: () => decisions,
      regulators: () => (regulators.length > 1 ? regulators : []),
      applied: () => Promise.resolve(),
      decided: () => Promise.resolve(),
      hash: sha256,
      random: (length) => new Uint8Array(length).fill((nonce += 1)),
    });
  };
  return { ballotOf, decisions, carriedOut, failures, votes: () => votes };
}

function refusal(code: string): LedgerError {
  return new LedgerError('REFUSED', code, { code, message: code });
}

const suspension = { do: 'suspend', iss: 'bd.dghs.1' };

test('a sole regulator decides at once', async () => {
  const { ballotOf, carriedOut } = voting(['DghsMSP']);
  assert.equal(await ballotOf('DghsMSP').propose(suspension), null);
  assert.equal(carriedOut.length, 1);
});

test('what one of two regulators proposes waits for the other, and says what and for whom', async () => {
  const { ballotOf, carriedOut } = voting();
  const proposal = await ballotOf('DghsMSP').propose(suspension);
  assert.ok(proposal);
  assert.deepEqual(proposal.waitingFor, ['DgfpMSP']);
  assert.equal(proposal.action['iss'], 'bd.dghs.1');
  const other = ballotOf('DgfpMSP');
  assert.deepEqual(other.proposals(), [proposal]);
  assert.equal(await other.confirm(proposal.id), null);
  assert.equal(carriedOut.length, 1);
  await assert.rejects(other.confirm(proposal.id), { code: 'DECISION_UNKNOWN' });
});

test('the same thing asked for by both is one decision, and asked for twice by one is one vote', async () => {
  const { ballotOf, carriedOut, votes } = voting();
  const ours = ballotOf('DghsMSP');
  const first = await ours.propose(suspension);
  assert.deepEqual(await ours.propose(suspension), first);
  assert.equal(votes(), 1);
  assert.equal(await ballotOf('DgfpMSP').propose(suspension), null);
  assert.equal(carriedOut.length, 1);
});

test('a vote whose answer was lost counts, and cast again it is no second one', async () => {
  const { ballotOf, failures, votes } = voting();
  const ours = ballotOf('DghsMSP');
  failures.push({ error: new LedgerError('UNKNOWN', 'no answer'), isLost: true });
  await assert.rejects(ours.propose(suspension), { code: 'UNKNOWN' });
  assert.ok(await ours.propose(suspension));
  assert.equal(votes(), 1);
  // Tried again at once, and both attempts came through.
  failures.push({ error: new LedgerError('CONFLICT', 'the clock ticked'), isLost: true });
  assert.ok(await ours.propose({ ...suspension, iss: 'bd.dghs.2' }));
  assert.equal(votes(), 2);
});

test('who is no regulator is told so, and what the contract refuses is told in its words', async () => {
  const { ballotOf, failures, votes } = voting();
  await assert.rejects(ballotOf('HospitalGroupMSP').propose(suspension), { code: 'NOT_REGULATOR' });
  assert.equal(votes(), 0);
  failures.push({ error: refusal('ISSUER_STATE'), isLost: false });
  await assert.rejects(ballotOf('DghsMSP').propose(suspension), {
    code: 'REFUSED_BY_LEDGER',
    details: { refusal: 'ISSUER_STATE' },
  });
});
