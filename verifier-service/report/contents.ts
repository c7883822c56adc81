import type { Answer } from '../verify/answer.js';
import type { Language } from './words.js';

/** All that a report says, before it is set in type. */
export interface ReportContents {
  readonly language: Language;
  /** Of the portal, such as https://verify.example.gov.bd. */
  readonly origin: string;
  /** Unix ms: when it was looked up. */
  readonly at: number;
  /** At least one. */
  readonly items: readonly ReportItem[];
  readonly trust: TrustInReport;
}

/** One answer of the service, and what the visitor says of the file. */
export interface ReportItem {
  readonly asked: Asked;
  readonly answer: Answer;
  /** The visitor's word, of any content. */
  readonly fileName?: string;
  readonly fileSize?: number;
  /** Name of the attachment with the document's evidence; null when there is none. */
  readonly evidence: string | null;
}

export type Asked =
  | { readonly by: 'file'; /** Hexadecimal. */ readonly sha256: string }
  | { readonly by: 'code'; /** With hyphens. */ readonly code: string };

export interface TrustInReport {
  /** Name of the attachment. */
  readonly name: string;
  readonly fingerprint: string;
}

/** A file that travels within the report. */
export interface Attachment {
  /** Printable ASCII. */
  readonly name: string;
  readonly description: string;
  readonly mediaType: string;
  readonly text: string;
}
