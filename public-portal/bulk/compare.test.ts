import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claims } from '@spondon/protocol/claims';
import { compare } from './compare.js';

const claims = {
  iss: 'bd.dghs.10000001',
  jti: '7K3MQ2XD9FHTW4ZB8',
  iat: 1_767_225_600,
  kind: 'report',
  subject: { name: 'Md. Ayesha Rahman', birthDate: '1990-05-07', idLast4: '123A' },
  facts: { test: 'CBC', specimenDate: '2026-01-02', result: 'Normal' },
} as const satisfies Claims;

const row = (more: { name?: string; birthDate?: string; number?: string }) => ({
  line: 2,
  code: '',
  file: '',
  name: '',
  birthDate: '',
  number: '',
  ...more,
});
const agreement = (more: Parameters<typeof row>[0]) => compare(row(more), claims).map((one) => one.agreement);

test('a name is the same in any case and with any punctuation', () => {
  assert.deepEqual(agreement({ name: 'MD AYESHA  RAHMAN' }), ['same']);
});

test('a name that lacks a word, or turns them round, is for a person to judge', () => {
  assert.deepEqual(agreement({ name: 'Ayesha Rahman' }), ['unclear']);
  assert.deepEqual(agreement({ name: 'Rahman, Ayesha Md' }), ['unclear']);
});

test('another name is different, also one that only shares a family name', () => {
  assert.deepEqual(agreement({ name: 'Karim Rahman' }), ['different']);
  assert.deepEqual(agreement({ name: 'Rahman' }), ['different']);
});

test('Bangla names are compared whole, with their vowel signs', () => {
  const bangla = { ...claims, subject: { ...claims.subject, name: 'আয়েশা রহমান' } };
  assert.equal(compare(row({ name: 'আয়েশা রহমান' }), bangla)[0]?.agreement, 'same');
  assert.equal(compare(row({ name: 'আয়শা রহমান' }), bangla)[0]?.agreement, 'different');
});

test('a date is the same in every spelling that can be read one way', () => {
  for (const birthDate of ['1990-05-07', '1990/5/7', '7 May 1990', '07-May-1990'])
    assert.deepEqual(agreement({ birthDate }), ['same'], birthDate);
});

test('a date of figures that fits when read one of two ways is for a person to judge', () => {
  assert.deepEqual(agreement({ birthDate: '07/05/1990' }), ['unclear']);
  assert.deepEqual(agreement({ birthDate: '05/07/1990' }), ['unclear']);
  assert.deepEqual(agreement({ birthDate: '17/05/1990' }), ['different']);
  assert.deepEqual(agreement({ birthDate: 'in May' }), ['different']);
});

test('of a document number its end is compared', () => {
  assert.deepEqual(agreement({ number: 'BX 009-123a' }), ['same']);
  assert.deepEqual(agreement({ number: 'BX009123B' }), ['different']);
});

test('what the table leaves empty, or the claims do not state, is not compared', () => {
  assert.deepEqual(agreement({}), []);
  const { name, birthDate } = claims.subject;
  assert.deepEqual(compare(row({ number: 'X1' }), { ...claims, subject: { name, birthDate } }), []);
});
