import type { CheckId, CheckState } from '@spondon/protocol/verdict/codes';
import type { Verdict } from '@spondon/protocol/verdict/summaries';
import type { DocumentKind } from '@spondon/protocol/statement';
import type { IssuerKind } from '@spondon/protocol/records';

/**
 * What a report says of its own. Labels are in both languages, the one asked for first; sentences are in English, as
 * those of the checks are.
 */

export type Language = 'en' | 'bn';
export type Bilingual = Readonly<Record<Language, string>>;

export const TITLE: Bilingual = { en: 'Verification report', bn: 'যাচাই প্রতিবেদন' };

export const HEADINGS = {
  document: { en: 'The registered document', bn: 'নিবন্ধিত নথি' },
  given: { en: 'What was checked', bn: 'যা যাচাই করা হয়েছে' },
  checks: { en: 'Each check', bn: 'প্রতিটি যাচাই' },
  results: { en: 'Results', bn: 'ফলাফল' },
  documents: { en: 'Each document', bn: 'প্রতিটি নথি' },
  notes: { en: 'Please note', bn: 'লক্ষ করুন' },
  limits: { en: 'What this report does not say', bn: 'এই প্রতিবেদন যা বলে না' },
  recheck: { en: 'Check it again, without this service', bn: 'এই সেবা ছাড়াই আবার যাচাই করুন' },
} as const satisfies Record<string, Bilingual>;

export const LABELS = {
  code: { en: 'Document code', bn: 'নথির কোড' },
  kind: { en: 'Kind', bn: 'ধরন' },
  issuer: { en: 'Issued by', bn: 'প্রদানকারী' },
  registered: { en: 'Registered', bn: 'নিবন্ধনের সময়' },
  received: { en: 'Received', bn: 'গ্রহণের সময়' },
  validUntil: { en: 'Valid until', bn: 'মেয়াদ' },
  registeredHash: { en: 'SHA-256 of its file', bn: 'ফাইলের হ্যাশ' },
  others: { en: 'Also registered', bn: 'আরও নিবন্ধিত' },
  fileName: { en: 'File name', bn: 'ফাইলের নাম' },
  fileSize: { en: 'Size', bn: 'আকার' },
  hash: { en: 'SHA-256', bn: 'হ্যাশ' },
  verdict: { en: 'Verdict', bn: 'সিদ্ধান্ত' },
  count: { en: 'Documents', bn: 'সংখ্যা' },
  rows: { en: 'Numbers in the list', bn: 'তালিকার ক্রমিক' },
} as const satisfies Record<string, Bilingual>;

export const KINDS: Readonly<Record<DocumentKind, Bilingual>> = {
  prescription: { en: 'Prescription', bn: 'ব্যবস্থাপত্র' },
  report: { en: 'Test report', bn: 'পরীক্ষার প্রতিবেদন' },
  slip: { en: 'Payment slip', bn: 'অর্থ পরিশোধের রসিদ' },
  certificate: { en: 'Medical certificate', bn: 'চিকিৎসা সনদ' },
};

export const ISSUER_KINDS: Readonly<Record<IssuerKind, string>> = {
  hospital: 'hospital',
  diagnostic: 'diagnostic centre',
  clinic: 'clinic',
  regulator: 'health authority',
};

/** A code alone never reads 'genuine': nobody saw the sheet that it stands on. */
export const VERDICTS: Readonly<Record<Verdict, Bilingual | Readonly<Record<'file' | 'code', Bilingual>>>> = {
  valid: {
    file: { en: 'Genuine', bn: 'আসল' },
    code: { en: 'Registered, not withdrawn', bn: 'নিবন্ধিত, প্রত্যাহৃত নয়' },
  },
  pending: { en: 'Not registered yet', bn: 'এখনো নিবন্ধিত নয়' },
  revoked: { en: 'Withdrawn', bn: 'প্রত্যাহৃত' },
  superseded: { en: 'Replaced by a newer one', bn: 'নতুনটি দিয়ে প্রতিস্থাপিত' },
  expired: { en: 'No longer valid', bn: 'মেয়াদোত্তীর্ণ' },
  'not-original': { en: 'Not the original file', bn: 'মূল ফাইল নয়' },
  altered: { en: 'Contradicts the register', bn: 'নিবন্ধনের সঙ্গে মেলে না' },
  conflict: { en: 'Several documents under this code', bn: 'একই কোডে একাধিক নথি' },
  'not-found': { en: 'Cannot be confirmed', bn: 'নিশ্চিত করা যায়নি' },
  unavailable: { en: 'Could not be checked', bn: 'যাচাই করা যায়নি' },
};

export const CHECKS: Readonly<Record<CheckId, Bilingual>> = {
  file: { en: 'File', bn: 'ফাইল' },
  record: { en: 'Record', bn: 'রেকর্ড' },
  signature: { en: 'Signature', bn: 'স্বাক্ষর' },
  issuer: { en: 'Issuer', bn: 'প্রদানকারী' },
  anchor: { en: 'Registration', bn: 'নিবন্ধন' },
  status: { en: 'Status', bn: 'অবস্থা' },
  claims: { en: 'Printed code', bn: 'ছাপা কোড' },
};

export const STATES: Readonly<Record<CheckState, Bilingual>> = {
  passed: { en: 'passed', bn: 'ঠিক আছে' },
  failed: { en: 'failed', bn: 'ঠিক নেই' },
  unavailable: { en: 'not checked', bn: 'যাচাই হয়নি' },
};

export function verdictWords(verdict: Verdict, asked: 'file' | 'code'): Bilingual {
  const words = VERDICTS[verdict];
  return 'en' in words ? words : words[asked];
}

/** What a report leaves open: of one document, and of several. */
export const limits = {
  truth: {
    one: 'It does not say that what the document states is true, or that whoever presents it is the person named in it.',
    many: 'It does not say that what the documents state is true, or that whoever presents one is the person named in it.',
  },
  file: {
    one: 'The service did not see the file: it was given its SHA-256 and looked that up.',
    many: 'The service did not see the files: it was given their SHA-256 and looked that up.',
  },
  stated: {
    one: 'File name and size are as stated by whoever asked for this report, and were not checked.',
    many: 'File names and sizes are as stated by whoever asked for this report, and were not checked.',
  },
  code: {
    one: 'It is about the document registered under this code. The register does not hold what that document says, and no sheet and no file was compared with it: a genuine code can be copied onto another sheet.',
    many: 'Where a code was asked about, no sheet and no file was compared with the record: a genuine code can be copied onto another sheet.',
  },
  time: (host: string): string =>
    `It says how things stood at the time of checking, by the clock of the service. A document can be withdrawn at any moment: before you rely on it, check again at ${host}.`,
  paper: (host: string): string =>
    `On paper it proves nothing by itself. In the PDF file, an electronic signature shows that the service at ${host} made this report and that nothing in it was changed since.`,
} as const;

export const recheck = {
  attached: (count: number): string =>
    `${count === 1 ? 'The evidence of the document is' : `The evidence of ${count} documents is`} attached to this PDF, and so is the trust bundle. Save them (in the reader’s list of attachments, or with pdfdetach -saveall) and verify them offline, with a copy of the program that you did not get from this service:`,
  nothing:
    'There is no evidence to attach: nothing that is registered was found. What is not found now may be found later, when it has been registered or when the original file is at hand.',
  fingerprint:
    'Compare the trust bundle’s fingerprint with one that you got from the health authorities in another way, and give that to the program as --pin:',
  command: (subject: string, evidence: string): string =>
    `npx spondon verify ${subject} --evidence ${evidence} --trust trust.json`,
  certificate: (origin: string): string =>
    `The certificate that this report is signed with can be fetched at ${origin}/v1/reports/certificate.`,
} as const;
