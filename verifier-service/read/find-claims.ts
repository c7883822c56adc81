import { claimsFromUrl, documentIdFromUrl } from '@spondon/protocol/claims';
import { parseDocumentId } from '@spondon/protocol/document-id';
import { ServiceError } from '../error.js';
import { fileKindOf } from './file-kind.js';
import { openImage } from './image-pages.js';
import type { Pages } from './pages.js';
import type { PdfOpener } from './pdf-pages.js';
import { readDamagedCode } from './qr/damaged.js';
import type { ReadCodes } from './qr-codes.js';
import { searchCodes, type SearchResult } from './search.js';

/** Claims as they stand in the file. The JWS is not even parsed: whoever made the file controls all of this. */
export interface FoundClaims {
  readonly source: 'xmp' | 'qr';
  readonly jws: string;
  /** Of the QR's URL. */
  readonly host?: string;
  /** From 1; of the first page that has it. */
  readonly page?: number;
}

/** A label's QR: names a document, and claims nothing. */
export interface FoundLabel {
  /** Canonical spelling. */
  readonly documentId: string;
  readonly host: string;
  readonly page: number;
}

export interface ClaimsReading {
  /** Distinct by source and JWS: what XMP and QR say may differ, and then somebody edited one. */
  readonly claims: readonly FoundClaims[];
  readonly labels: readonly FoundLabel[];
  /**
   * Whether every page was looked at. When false, 'no code found' means nothing: the file is of another type,
   * damaged, too large, or took too long.
   */
  readonly complete: boolean;
}

export interface FindClaimsDeps {
  readonly xmpClaims: (bytes: Uint8Array) => string | null;
  readonly pdf: PdfOpener;
  readonly readCodes: ReadCodes;
  /** False from the moment when the time for looking is up. */
  readonly hasTime: () => boolean;
}

/** Looks into a PDF, PNG, JPEG, WebP or TIFF. Never rejects for what a file holds. */
export async function findClaims(bytes: Uint8Array, deps: FindClaimsDeps): Promise<ClaimsReading> {
  const inXmp = claimsInXmp(bytes, deps.xmpClaims);
  try {
    const { codes, complete } = await codesIn(bytes, deps, inXmp.length === 0);
    return { ...read(inXmp, codes), complete };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { ...read(inXmp, []), complete: false };
  }
}

export function claimsInXmp(bytes: Uint8Array, xmpClaims: FindClaimsDeps['xmpClaims']): FoundClaims[] {
  const jws = fileKindOf(bytes) === 'pdf' ? xmpClaims(bytes) : null;
  return jws === null ? [] : [{ source: 'xmp', jws }];
}

async function codesIn(bytes: Uint8Array, deps: FindClaimsDeps, lookHarder: boolean): Promise<SearchResult> {
  const { readCodes, hasTime } = deps;
  const pages = await open(bytes, deps.pdf);
  const isOurs = (text: string) => claimsFromUrl(text) !== null || labelOf(text) !== null;
  try {
    // A file that still has its XMP was never on paper: its code is clean or not there.
    return await searchCodes(pages, { readCodes, readDamagedCode, isOurs, hasTime, lookHarder });
  } finally {
    pages.close();
  }
}

async function open(bytes: Uint8Array, pdf: PdfOpener): Promise<Pages> {
  switch (fileKindOf(bytes)) {
    case 'pdf':
      return pdf.open(bytes);
    case 'image':
      return openImage(bytes);
    case 'other':
      throw new ServiceError(
        'FILE_TYPE_UNKNOWN',
        'Codes can be looked for in PDF, PNG, JPEG, WebP and TIFF.',
      );
  }
}

function read(inXmp: readonly FoundClaims[], codes: readonly { text: string; page: number }[]) {
  const claims = new Map<string, FoundClaims>();
  const labels = new Map<string, FoundLabel>();
  const inOrder = codes.toSorted((a, b) => a.page - b.page);
  for (const { text, page } of inOrder) {
    const url = claimsFromUrl(text);
    if (url && !claims.has(url.jws)) claims.set(url.jws, { source: 'qr', ...url, page: page + 1 });
    const label = labelOf(text);
    if (label && !labels.has(label.documentId)) labels.set(label.documentId, { ...label, page: page + 1 });
  }
  return { claims: [...inXmp, ...claims.values()], labels: [...labels.values()] };
}

function labelOf(text: string): { host: string; documentId: string } | null {
  const label = documentIdFromUrl(text);
  if (!label) return null;
  try {
    return { host: label.host, documentId: parseDocumentId(label.documentId) };
  } catch {
    return null;
  }
}
