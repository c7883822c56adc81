import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf, judge, type Observation } from './answers.js';

const answered = (status: number, body: object) => ({ status, text: JSON.stringify(body) });

test('pending, valid, revoked and an outage that is named are honest answers about an acknowledged document', () => {
  for (const verdict of ['pending', 'valid', 'revoked'])
    assert.equal(judge('look-up', answered(200, { verdict }), false).outcome, 'answered');
  assert.equal(judge('look-up', answered(200, { verdict: 'unavailable' }), false).outcome, 'refused');
  assert.equal(judge('issue', answered(503, { code: 'LEDGER_UNAVAILABLE' }), false).outcome, 'refused');
  assert.equal(judge('issue', answered(409, { code: 'IDEMPOTENCY_IN_PROGRESS' }), false).outcome, 'refused');
});

test("'not found', a fault, and silence of a service that runs are wrong", () => {
  assert.equal(judge('look-up', answered(200, { verdict: 'not-found' }), false).outcome, 'wrong');
  assert.equal(judge('evidence', answered(404, { code: 'DOCUMENT_UNKNOWN' }), false).outcome, 'wrong');
  assert.equal(judge('issue', answered(500, { code: 'INTERNAL' }), false).outcome, 'wrong');
  assert.equal(judge('look-up', { status: 503, text: 'Bad gateway' }, false).outcome, 'wrong');
  assert.equal(judge('look-up', null, false).outcome, 'wrong');
  assert.equal(judge('look-up', null, true).outcome, 'refused');
});

/** Questions sent at a time, each with how it ended and how long that took. */
const observed = (...list: [sent: number, outcome: Observation['outcome'], took: number][]): Observation[] =>
  list.map(([sent, outcome, took]) => ({
    question: 'look-up',
    sent,
    known: sent + took,
    outcome,
    told: outcome,
  }));

test('an outage lasts from the first refused question until the next that is answered', () => {
  const { refusedMs, wrong } = figuresOf(
    observed([0, 'answered', 9], [100, 'refused', 9], [900, 'refused', 9], [1_500, 'answered', 10]),
    9_000,
  );
  assert.equal(refusedMs, 1_410);
  assert.deepEqual(wrong, []);
});

test('an answer that comes late is an outage, and so is one that never ends', () => {
  assert.equal(figuresOf(observed([0, 'answered', 20_000]), 30_000).refusedMs, 20_000);
  const together = observed([0, 'answered', 20_000], [10, 'answered', 19_000], [20, 'answered', 21_000]);
  assert.equal(figuresOf(together, 30_000).refusedMs, 21_020, 'of several at a time each moment counts once');
  assert.equal(figuresOf(observed([0, 'answered', 9], [100, 'refused', 9]), 5_100).refusedMs, 5_000);
});
