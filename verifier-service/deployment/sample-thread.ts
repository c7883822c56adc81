import { randomInt } from 'node:crypto';
import { readBanglaFont } from '@spondon/fixtures/bangla-font';
import { sampleDocument, type SampleDetails } from '@spondon/fixtures/documents';
import type { DocumentKind } from '@spondon/protocol/statement';
import { serveJobs } from '../threads/serve.js';

export interface SampleJob {
  readonly kind: DocumentKind;
  readonly language: 'en' | 'bn';
  /** Unix ms. */
  readonly issuedAt: number;
}

export interface DrawnSample {
  readonly fileName: string;
  /** A PDF. */
  readonly file: Uint8Array<ArrayBuffer>;
  readonly details: SampleDetails;
}

const random = (): number => randomInt(2 ** 32) / 2 ** 32;
const banglaFont = await readBanglaFont();

serveJobs(async ({ kind, language, issuedAt }: SampleJob) => {
  const order = { kind, language, random, issuedAt: new Date(issuedAt), banglaFont };
  const { fileName, file, details } = await sampleDocument(order);
  const result: DrawnSample = { fileName, file: new Uint8Array(file), details };
  return { result, transfer: [] };
});
