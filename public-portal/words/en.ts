import { MONTHS } from '@spondon/protocol/civil-time';
import { noteMessages, summaryOf } from '@spondon/protocol/verdict/summaries';
import type { Words } from './words.js';

const valid = {
  file: 'Genuine',
  code: 'Registered: now compare',
  claims: 'Signed: now compare',
} as const;

const verdicts = {
  pending: 'Not registered yet',
  revoked: 'Withdrawn',
  superseded: 'Replaced',
  expired: 'Expired',
  'not-original': 'Not the original file',
  altered: 'Contradicts the register',
  conflict: 'More than one document',
  'not-found': 'Cannot be confirmed',
  unavailable: 'Could not be checked',
} as const;

export const en: Words = {
  language: 'en',
  otherLanguage: 'বাংলা',
  title: 'Is this document genuine?',
  lead: 'Check a prescription, report, payment slip or medical certificate from Bangladesh against the register in which hospitals record what they issue. No account is needed.',
  skip: 'Skip to the check',
  genuineHosts: 'This check is found at {hosts} and nowhere else. Look at your address bar.',
  wrongHost:
    'You are on {host}, which is not one of the addresses of this check. Do not trust what this page says.',

  dropTitle: 'Check a file',
  dropHint: 'Drop a PDF, a photo or a scan here',
  dropNow: 'Let go to check it',
  chooseFile: 'Choose a file',
  staysHere: 'The file stays on this device. Only its fingerprint is looked up.',
  codeTitle: 'Check a printed code',
  codeLabel: 'Code beside the QR code, 17 letters and digits',
  codeHint: 'For example 7K3M-Q2XD-9FHT-W4ZB-C. Capitals and hyphens do not matter.',
  codeCheck: 'Check the code',
  codeMistyped: 'One of these is mistyped: the last sign does not fit the others. Compare it with the paper.',
  codeSymbols: '{count} of 17',
  codeComplete: 'Complete, and typed correctly',
  paperTitle: 'With a sheet of paper in hand',
  paperSteps: [
    'Scan its QR code with your telephone’s camera: it opens this page.',
    'Look at the address: it must be the one printed beside the code.',
    'Compare each fact shown here with the paper. A genuine code can be copied onto another sheet.',
  ],

  reading: 'Reading the file',
  checking: 'Checking',
  cancel: 'Cancel',
  again: 'Check another',

  verdict: (verdict, asked) => (verdict === 'valid' ? valid[asked] : verdicts[verdict]),
  summary: (verdict, asked, issuer) => summaryOf(verdict, asked, issuer ?? 'The facility'),
  stepsTitle: 'What was checked',
  steps: {
    read: 'Read what you brought',
    record: 'Find the record',
    file: 'Compare the file with the record',
    signature: 'Facility’s signature',
    issuer: 'Facility recognised by the health authorities',
    anchor: 'Registered, and by whom confirmed',
    status: 'Not withdrawn',
    claims: 'Facts in the code',
  },
  states: {
    passed: 'Passed',
    failed: 'Failed',
    unavailable: 'Could not be checked',
    waiting: 'Waiting',
    running: 'Running',
  },
  message: (check) => check.message,
  notes: noteMessages,
  readWhole: 'All of it was read on this device.',
  readPartly: 'Its fingerprint was taken. Not every page could be searched for a code.',
  readNotNeeded: 'There is no file to read: a code was given.',
  codesFound: 'A code was found in it.',
  noCodeFound: 'No code was found in it.',
  foreignCode:
    'A code in it leads to {host}, which is not an address of this check: it was ignored. Do not open it.',

  factsTitle: 'Compare with the paper',
  factsHint: 'This is what the facility signed. Every fact must be the same on the document in your hand.',
  noFacts: 'The facts stand in the QR code. Check the file, or scan the QR code, to see them here.',
  fields: {
    name: 'Patient’s name',
    birthDate: 'Patient’s date of birth',
    idLast4: 'Passport or ID number ends in',
    purpose: 'Purpose',
    result: 'Result',
    validUntil: 'Valid until',
    physician: 'Physician',
    registrationNumber: 'Physician’s registration number',
    test: 'Test',
    specimenDate: 'Specimen taken on',
    prescriber: 'Prescribed by',
    drugs: 'Medicines',
    items: 'Number of items',
    amount: 'Amount',
    date: 'Date',
    kind: 'Kind of document',
    licence: 'Licence',
    telephone: 'Telephone',
    documentId: 'Code',
    registered: 'Registered',
    issued: 'Issued',
    sha256: 'Fingerprint of the original (SHA-256)',
    file: 'File',
    size: 'Size',
  },
  kinds: {
    certificate: 'Medical certificate',
    report: 'Report',
    prescription: 'Prescription',
    slip: 'Payment slip',
  },
  issuedBy: 'Issued by',
  aboutTitle: 'The document',
  rests: {
    evidence:
      'Your browser checked the signatures of {witnesses} itself. This answer does not rest on our word.',
    owner:
      'Your browser checked the signatures itself. They are those of {witnesses} alone: no other organisation confirms them.',
    service: 'This answer rests on the word of this service alone.',
    nothing: 'Nobody could be asked: only what is on this device was used.',
  },
  listAge: 'List of recognised facilities: fetched {age}.',
  listNever: 'There is no list of recognised facilities on this device yet.',
  ages: { minutes: '{count} min ago', hours: '{count} h ago', days: '{count} days ago' },
  justNow: 'just now',
  saveEvidence: 'Save the evidence',
  print: 'Print this answer',
  yourselfTitle: 'Check this without us',
  yourselfSteps: [
    'Save the evidence file, and get the trust list from the health authorities, not from us.',
    'On any computer with Node.js, with the network unplugged if you like:',
  ],
  checkedAt: 'Checked on {moment} at {host}',

  failures: {
    unreadable:
      'This file could not be read from your disk. Was it moved or opened elsewhere? Choose it again.',
    empty: 'This file is empty. Ask the sender for it again.',
    'foreign-host':
      'This code leads to {host}, which is not an address of this check. Somebody may want you to believe a false answer: do not open it, and ask the facility.',
    'not-a-code': 'This is not a code of ours. It has 17 letters and digits and stands beside the QR code.',
    bug: 'Something went wrong in this page. That says nothing about the document. Reload the page and try again.',
  },
  footer: 'Spondon keeps no account, no cookie and no copy of what you check.',
  months: MONTHS,
  digits: '0123456789',
};
