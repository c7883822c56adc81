import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  HOUR,
  NOW,
  annulled,
  answered,
  code,
  elsewhere,
  file,
  fromEvidence,
  issuerWith,
  otherFile,
  outage,
  overdue,
  pending,
  qr,
  record,
  revokedFor,
  superseded,
} from '../testing/finding.js';
import { judge, type Judgement } from '../verdict.js';
import { checkCodes } from './codes.js';
import { VERDICTS, noteMessages, summaryOf } from './summaries.js';

const time = { now: NOW };

function sentences({ summary, checks, notes }: Judgement): string[] {
  return [summary, ...checks.map(({ message }) => message), ...notes.map(({ message }) => message)];
}

test('codes are stable words and their sentences are sentences', () => {
  for (const [name, { message }] of Object.entries(checkCodes)) {
    assert.match(name, /^[a-z]+(-[a-z]+)*$/);
    assert.match(message, /^[A-Z{].*\.$/);
  }
  for (const message of Object.values(noteMessages)) assert.match(message, /^[A-Z].*\.$/);
  for (const verdict of VERDICTS) {
    for (const asked of ['file', 'code', 'claims'] as const)
      assert.match(summaryOf(verdict, asked, 'X'), /\.$/);
  }
});

test('whatever a sentence leaves blank is filled in', () => {
  const records = [
    record(),
    elsewhere(),
    pending,
    overdue,
    superseded,
    annulled,
    fromEvidence,
    revokedFor('error'),
  ];
  for (const found of records) {
    for (const finding of [
      file(answered(found)),
      code(answered(found)),
      qr(answered(found)),
      qr(answered()),
      qr(outage),
    ]) {
      for (const words of sentences(judge(finding, { ...time, maxStatusAge: 24 * HOUR }))) {
        assert.doesNotMatch(words, /[{}]|undefined|\bnull\b|NaN| {2}/);
      }
    }
  }
});

test('a name in the register cannot put words into a sentence', () => {
  const issuer = issuerWith({ name: '{contact}{issuer}$&' });
  const words = sentences(judge(file(answered(record({ issuer }))), time));
  assert.ok(words.includes('The record bears the electronic signature of {contact}{issuer}$&.'));
  assert.ok(words.some((sentence) => sentence.includes('the file that {contact}{issuer}$& issued, and')));
});

test('a code or a QR code alone never says that this document is genuine', () => {
  for (const finding of [code(answered(record())), qr(answered(record()))]) {
    const { summary, checks } = judge(finding, time);
    assert.match(summary, /sheet/);
    assert.doesNotMatch(summary, /genuine/i);
    assert.equal(checks.find(({ id }) => id === 'file')?.state, 'unavailable');
  }
  assert.match(judge(qr(answered(record())), time).summary, /^These facts were signed by Sample Hospital/);
});

test('what is signed and not anchored after an hour is not to be relied on, and the answer says so', () => {
  for (const finding of [file(answered(overdue)), qr(answered())]) {
    const { checks } = judge(finding, time);
    assert.ok(
      checks.some(({ state, message }) => state === 'failed' && message.includes('Do not rely on it')),
    );
  }
  const anHour = record({ anchoring: { state: 'pending', acceptedAt: NOW - HOUR } });
  assert.ok(judge(file(answered(anHour)), time).checks.some((check) => check.code === 'anchor-pending'));
});

test('an outage and an unknown file accuse nobody', () => {
  for (const finding of [file(outage), code(outage), otherFile(answered())]) {
    assert.doesNotMatch(sentences(judge(finding, time)).join(' '), /fake|forged|altered|do not rely/i);
  }
});
