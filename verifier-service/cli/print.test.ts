import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../verify/answer.js';
import { printAnswer } from './print.js';

void test('every document that an answer is about is named, with what it is to the first', () => {
  const issuer = { issuerId: 'bd.dghs.1', name: 'A Hospital', telephone: '+880 2 1' };
  const document = { documentId: '7K3M-Q2XD-9FHT-W4ZB-8', kind: 'report', issuer, anchoredAt: '2026-03-14' };
  const others = [
    { ...document, issuer: { issuerId: 'bd.dghs.2', name: 'B Clinic' }, mark: 'conflict' },
    { ...document, issuer: { issuerId: 'bd.dghs.3', name: null }, mark: 'not-signed' },
  ];
  const answer = { verdict: 'conflict', summary: 'Several.', checks: [], notes: [], document, others };
  const written: string[] = [];
  const out = { write: (text: string) => written.push(text) > 0 };
  printAnswer(out, answer as unknown as Answer, false);
  const shown = written.join('');
  assert.match(shown, /document +7K3M-Q2XD-9FHT-W4ZB-8 \(report\)/);
  assert.match(shown, /also +7K3M-Q2XD-9FHT-W4ZB-8 \(report\) by B Clinic: another document under this code/);
  assert.match(shown, /also .* by bd\.dghs\.3: bears no valid signature/);
});
