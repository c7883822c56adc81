import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claims } from '@spondon/protocol/claims';
import type { Answer } from '../check/check.js';
import { onPanel, panelListOf } from './panel-list.js';

const certificate = {
  iss: 'bd.dghs.10000001',
  jti: '7K3MQ2XD9FHTW4ZBC',
  iat: 1_767_225_600,
  kind: 'certificate',
  subject: { name: 'Ayesha Rahman', birthDate: '1990-05-07' },
  facts: {
    purpose: 'Visa',
    result: 'Fit',
    validUntil: '2027-01-01',
    physician: 'Dr. K. Haque',
    registrationNumber: 'BMDC A-12345',
  },
} as const satisfies Claims;

const answer: Answer = {
  asked: 'file',
  verdict: 'valid',
  checks: [],
  notes: [],
  document: {
    documentId: certificate.jti,
    kind: 'certificate',
    sha256: '',
    issuerId: certificate.iss,
    issuer: 'Dhaka Medical Check-up Ltd.',
    licence: 'L-7/2020',
    telephone: null,
    issuedAt: 0,
    anchoredAt: 0,
  },
  facts: [certificate],
  restsOn: 'evidence',
  endorsedBy: [],
  evidence: null,
  checkedAt: 0,
};

const listOf = (...cells: string[]) => panelListOf('panel.csv', [cells], 0) ?? assert.fail('empty');

test('a centre is on the list by its id, name or licence, however they are spelt', () => {
  for (const cell of ['BD.DGHS.10000001', 'DHAKA MEDICAL CHECK UP LTD', 'l-7 / 2020'])
    assert.deepEqual(onPanel(answer, listOf(cell)), { centre: true, physician: false }, cell);
});

test('a physician is on the list by registration number, never by name', () => {
  assert.deepEqual(onPanel(answer, listOf('bmdc a12345')), { centre: false, physician: true });
  assert.deepEqual(onPanel(answer, listOf('Dr. K. Haque')), { centre: false, physician: false });
});

test('a part of a name is not the name', () => {
  assert.deepEqual(onPanel(answer, listOf('Dhaka Medical')), { centre: false, physician: false });
});

test('a document that names no physician is judged by its centre alone', () => {
  assert.deepEqual(onPanel({ ...answer, facts: [] }, listOf('L-7/2020')), { centre: true, physician: null });
  assert.equal(onPanel({ ...answer, document: null }, listOf('L-7/2020')), null);
});

test('a table without a name in it is no list', () => {
  assert.equal(panelListOf('empty.csv', [['', 'no', '12']], 0), null);
});
