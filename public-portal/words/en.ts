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
  framed:
    'This check belongs to {hosts}, and a page around it can imitate it. When much depends on the answer, open {hosts} itself and look at your address bar.',
  openFull: 'Open {host}',
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
  scan: 'Scan its QR code',
  codeLabel: 'Code beside the QR code, 17 letters and digits',
  codeHint: 'For example 7K3M-Q2XD-9FHT-W4ZB-8. Capitals, spaces and hyphens do not matter.',
  codeCheck: 'Check the code',
  codeMistyped: 'One of these is mistyped: the last sign does not fit the others. Compare it with the paper.',
  codeSymbols: '{count} of 17',
  codeComplete: 'Complete, and typed correctly',
  paperTitle: 'With a sheet of paper in hand',
  paperSteps: [
    'Scan its QR code here, or with your telephone’s own camera: it opens this page.',
    'Look at the address: it must be the one printed beside the code.',
    'Compare each fact shown here with the paper. A genuine code can be copied onto another sheet.',
  ],

  reading: 'Reading the file',
  checking: 'Checking',
  cancel: 'Cancel',
  again: 'Check another',

  verdict: (verdict, asked) => (verdict === 'valid' ? valid[asked] : verdicts[verdict]),
  summary: (verdict, asked, issuer) => summaryOf(verdict, asked, issuer ?? 'The facility'),
  asOf: '{verdict}, as of {date}',
  asOfSummary:
    'So says the evidence, which was made on {date}. Nobody could be asked now whether the document was withdrawn since: check it again when there is a connection.',
  statusThen: 'Status on that day',
  otherEvidence:
    'The evidence file that came along is about another document, or damaged. It was not used for this answer.',
  stepsTitle: 'What was checked',
  steps: {
    read: 'Read what you brought',
    record: 'Find the record',
    file: 'Compare the file with the record',
    signature: 'Facility’s signature',
    issuer: 'Facility recognised by the health authorities',
    anchor: 'Registered, and by whom confirmed',
    status: 'Status today',
    claims: 'Facts in the code',
  },
  states: {
    passed: 'Passed',
    failed: 'Failed',
    unavailable: 'Could not be checked',
    missing: 'Not found',
    waiting: 'Waiting',
    running: 'Running',
  },
  message: (check) => check.message,
  notes: noteMessages,
  readWhole: 'All of it was read on this device.',
  gaps: {
    'too-large':
      'Its fingerprint was taken. It is too large to be searched for a code: type the code instead.',
    'not-shown':
      'Its fingerprint was taken. This browser cannot show this kind of file, so it was not searched for a code: bring it as PDF, JPEG or PNG, or type the code.',
    damaged:
      'Its fingerprint was taken. Part of it is damaged or under a password, so not all of it was searched for a code: type the code instead.',
    'out-of-time':
      'Its fingerprint was taken. Not every page could be searched for a code in the time there is: check it by itself, or type the code.',
    'no-decoder':
      'Its fingerprint was taken. What reads codes could not be fetched: check the connection and try again, or type the code.',
    'not-needed': 'Its fingerprint is registered: its pages need not be searched.',
  },
  codesFound: 'A code was found in it.',
  severalCodesFound: '{count} codes were found in it.',
  codesFoundInPart: 'A code was found in it. Not all of it could be searched for others.',
  noCodeFound: 'No code was found in it.',
  foreignCode:
    'A code in it leads to {host}, which is not an address of this check: it was ignored. Do not open it.',

  factsTitle: 'Compare with the paper',
  factsHint: 'This is what the facility signed. Every fact must be the same on the document in your hand.',
  noFacts: 'The facts stand in the QR code. Check the file, or scan the QR code, to see them here.',
  factsNotSigned:
    'The facts in this code are not shown: no facility signed them as they are. Ask the facility that is named on the document.',
  severalFacts:
    'Codes of several documents were found. The answer above is about one of them: check each of the others by itself.',
  answeredFacts: '(the answer above is about this one)',
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
  },
  kinds: {
    certificate: 'Medical certificate',
    report: 'Report',
    prescription: 'Prescription',
    slip: 'Payment slip',
  },
  issuedBy: 'Issued by',
  rests: {
    evidence:
      'Your browser checked the signatures of {witnesses} itself. This answer does not rest on our word.',
    owner:
      'Your browser checked the signatures itself. They are those of {witnesses} alone: no other organisation confirms them.',
    service: 'This answer rests on the word of this service alone.',
    nothing: 'Nobody could be asked: only what is on this device was used.',
  },
  witnesses: (owners) => owners.join(', '),
  listAge: 'List of recognised facilities: fetched {age}.',
  listNever: 'There is no list of recognised facilities on this device yet.',
  ages: {
    minutes: '{count} min ago',
    hours: '{count} h ago',
    day: '{count} day ago',
    days: '{count} days ago',
  },
  sizes: { byte: '{count} byte', bytes: '{count} bytes', kilobytes: '{count} KB', megabytes: '{count} MB' },
  justNow: 'just now',
  saveEvidence: 'Save the evidence',
  report: {
    save: 'Save a signed report (PDF)',
    waiting: 'The report is being made',
    unreachable:
      'The report could not be had: the service does not answer. Try again in a minute, or print this answer.',
  },
  print: 'Print this answer',
  yourselfTitle: 'Check this without us',
  yourselfSteps: [
    'Save the evidence file, and get the trust list from the health authorities, not from us.',
    'On any computer with Node.js, with the network unplugged if you like:',
  ],
  yourselfHere:
    'Or here: this page works without a network once it was opened. Drop the document together with its evidence file, and nobody is asked.',
  checkedAt: 'Checked on {moment} at {host}',

  bulk: {
    title: 'Many documents',
    hint: 'Several files, a folder, a ZIP, or a table (CSV or Excel) with a column of codes are checked together. With a table that names the files, names and dates of birth are compared too.',
    chooseFolder: 'Choose a folder',
    progress: '{done} of {all} checked',
    pause: 'Pause',
    resume: 'Go on',
    done: 'All are checked',
    unanswered: 'Done, but {count} could not be checked: the service did not answer. Try those again.',
    retry: 'Try those again',
    all: 'All',
    filter: 'Show',
    columns: {
      document: 'Document',
      verdict: 'Answer',
      issuer: 'Issued by',
      person: 'Person',
      identity: 'Compared with your table',
      panel: 'Your list',
      registered: 'Registered',
    },
    states: { waiting: 'Waiting', working: 'Being checked' },
    faults: {
      unreadable: 'Cannot be read: choose it again',
      empty: 'The file is empty',
      'not-a-code': 'Not a code of ours: mistyped?',
      missing: 'The table names a file that is not among those brought',
      'no-code': 'This row of the table names neither a code nor a file',
      'foreign-host': 'Its code leads to another address: do not open it',
      'not-evidence': 'Not an evidence file of ours, or damaged: ask for it again',
      bug: 'Something went wrong here; check it by itself',
    },
    identity: {
      'not-checked': 'Identity not checked',
      same: 'The same',
      unclear: 'Look yourself',
      different: 'Different',
    },
    fields: { name: 'Name', birthDate: 'Date of birth', number: 'Document number' },
    difference: '{field}: table {expected}, signed {signed}',
    saveCsv: 'Save as CSV',
    saveEvidence: 'Save all evidence (ZIP)',
    saveReport: 'Save a signed report (PDF)',
    leftOut: '{count} of them could not be asked about and are not in the report: the CSV names them.',
    closed:
      '{name} could not be opened: it is damaged, under a password, or within another archive. Unpack it, and bring what is in it.',
    sheetFaults: {
      unreadable: '{name} could not be read as a table. Save it as CSV or XLSX and try again.',
      'no-column': '{name} has no column of codes or files. Head one of its columns ‘code’ or ‘file’.',
    },
    sheetRead: '{name} was read as a table. Rows: {rows}, with {columns}.',
    nothing: 'There was nothing to check in what you brought.',
    previous: 'Previous',
    next: 'Next',
    page: 'Page {page} of {pages}',
    sorted: 'Sort by {column}',
    back: 'Back to the table',
    kept: 'Your table of many documents is kept until this page is closed.',
  },

  panel: {
    title: 'For embassies: your list of physicians and centres',
    hint: 'Load the list of those from whom you accept examinations, as CSV or Excel. Head its columns ‘centre’, ‘licence’ or ‘registration number’. It stays in this browser, and each answer says who is on it.',
    choose: 'Load a list',
    forget: 'Forget the list',
    loaded: '{name}, loaded {age}. Names and numbers of centres: {centres}; of physicians: {physicians}.',
    unreadable:
      '{name} holds no list that could be read. Save it as CSV or XLSX, and head its columns ‘centre’, ‘licence’ or ‘registration number’.',
    centreOn: 'The facility is on your list.',
    centreOff: 'The facility is not on your list.',
    physicianOn: 'The physician’s registration number is on your list.',
    physicianOff: 'The physician’s registration number is not on your list.',
    physicianUnclear:
      'Your list has a registration number with the same digits, written otherwise: look yourself.',
    allOn: 'On it',
    notAllOn: 'Not on it',
  },

  failures: {
    unreadable:
      'This file could not be read from your disk. Was it moved or opened elsewhere? Choose it again.',
    empty: 'This file is empty. Ask the sender for it again.',
    'foreign-host':
      'This code leads to {host}, which is not an address of this check. Somebody may want you to believe a false answer: do not open it, and ask the facility.',
    'cut-link':
      'This link is incomplete or damaged. Scan the QR code again, or type the code that stands beside it.',
    mistyped:
      'The code in this address is mistyped: its last sign does not fit the others. Type the code that stands on the paper.',
    'not-a-code': 'This is not a code of ours. It has 17 letters and digits and stands beside the QR code.',
    'not-evidence':
      'The JSON file is not an evidence file of ours, or it is damaged. Ask for it again, or check the document without it.',
    bug: 'Something went wrong in this page. That says nothing about the document. Reload the page and try again.',
  },
  footer: 'Spondon keeps no account, no cookie and no copy of what you check.',
  months: MONTHS,
  digits: '0123456789',
  camera: {
    title: 'Scan the QR code',
    close: 'Close',
    opening: 'Opening the camera. Your browser may ask whether this page may use it.',
    hint: 'Hold the QR code inside the frame. It is read by itself, and no picture leaves this device.',
    other: 'That is another QR code. Look for the one that has a code of 17 letters and digits beside it.',
    light: 'Light',
    which: 'Camera',
    unnamed: 'Camera {number}',
    photo: 'Take a photo instead',
    sight: 'What the camera sees',
    faults: {
      'not-allowed':
        'This page may not use the camera. Allow it in the browser’s settings for this page, or take a photo instead.',
      'no-camera': 'No camera was found. Choose a photo of the document, or type its code.',
      'in-use':
        'The camera does not answer: another program may be using it. Close that, or take a photo instead.',
      insecure:
        'Browsers open the camera only for pages whose address begins with https. Take a photo instead, or type the code.',
      unsupported: 'This browser cannot scan with the camera. Take a photo instead, or type the code.',
      'no-decoder':
        'What reads QR codes could not be fetched. Check the connection and open the camera again, or type the code.',
    },
  },
};
