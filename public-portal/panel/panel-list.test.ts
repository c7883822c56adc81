import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Claims } from '@spondon/protocol/claims';
import type { Answer } from '../check/answer.js';
import { onPanel, panelListOf } from './panel-list.js';

const certificate = {
  iss: 'bd.dghs.10000001',
  jti: '7K3MQ2XD9FHTW4ZB8',
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
  asOf: null,
  hasOtherEvidence: false,
  checkedAt: 0,
};

const listOf = (heading: string, ...cells: string[]) =>
  panelListOf('panel.csv', [[heading], ...cells.map((cell) => [cell])], 0) ?? assert.fail('no list');

test('a centre is on the list by its id, name or licence, however they are spelt', () => {
  for (const [heading, cell] of [
    ['Issuer ID', 'BD.DGHS.10000001'],
    ['Name of centre', 'DHAKA MEDICAL CHECK UP LTD'],
    ['লাইসেন্স', 'l-7 / 2020'],
  ] as const)
    assert.deepEqual(onPanel(answer, listOf(heading, cell)), { centre: true, physician: null }, cell);
});

test('a physician is on the list by registration number, never by name', () => {
  for (const heading of ['BMDC Reg. No.', 'Physician registration', 'Doctor’s licence no'])
    assert.deepEqual(
      onPanel(answer, listOf(heading, 'bmdc a12345')),
      { centre: null, physician: true },
      heading,
    );
  assert.equal(panelListOf('panel.csv', [['Physician'], ['Dr. K. Haque']], 0), null);
});

test('the same digits, written otherwise, are for the officer to look at', () => {
  for (const number of ['12345', 'A-012345', 'BMDC 12345'])
    assert.equal(onPanel(answer, listOf('Registration no', number))?.physician, 'unclear', number);
  assert.equal(onPanel(answer, listOf('Registration no', 'A-12346'))?.physician, false);
});

test('a part of a name is not the name', () => {
  assert.deepEqual(onPanel(answer, listOf('Centre', 'Dhaka Medical')), { centre: false, physician: null });
});

test('a list of centres alone says nothing of physicians, and one of physicians nothing of centres', () => {
  assert.deepEqual(onPanel(answer, listOf('Clinic', 'Another')), { centre: false, physician: null });
  assert.deepEqual(onPanel(answer, listOf('Registration no', 'BMDC A-99999')), {
    centre: null,
    physician: false,
  });
});

test('a document that names no physician is judged by its centre alone', () => {
  const list = panelListOf(
    'panel.csv',
    [
      ['Licence', 'BMDC'],
      ['L-7/2020', 'BMDC A-12345'],
    ],
    0,
  );
  assert.ok(list);
  assert.deepEqual(onPanel({ ...answer, facts: [] }, list), { centre: true, physician: null });
  assert.equal(onPanel({ ...answer, document: null }, list), null);
});

test('headings are found below a title', () => {
  const list = panelListOf('panel.csv', [['Approved 2026'], [], ['Sl', 'Centre'], ['1', 'L-7/2020']], 0);
  assert.deepEqual(list?.centres, ['l72020']);
});

test('a table whose headings tell of nobody, or with nobody under them, is no list', () => {
  for (const cells of [
    [
      ['apples', 'pears'],
      ['Cox', 'Conference'],
    ],
    [['Centre'], ['no'], ['12']],
    [],
  ])
    assert.equal(panelListOf('nonsense.csv', cells, 0), null);
});
