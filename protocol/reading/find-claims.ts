import { claimsFromUrl, documentIdFromUrl } from '../claims.js';
import { parseDocumentId } from '../document-id.js';
import { ProtocolError, type ProtocolErrorCode } from '../error.js';
import { fileKindOf, type PictureKind } from './file-kind.js';
import type { Pages } from './pages.js';
import { hasPdfEnd } from './pdf-end.js';
import type { PdfOpener } from './pdf-pages.js';
import { readDamagedCode } from './qr/damaged.js';
import type { ReadCodes } from './qr-codes.js';
import { searchCodes, type SearchOptions, type SearchResult } from './search.js';

/** Claims as they stand in a file. The JWS is not even parsed: whoever made the file controls all of this. */
export interface ClaimsInFile {
  readonly source: 'xmp' | 'qr';
  readonly jws: string;
  /** Of the QR's URL. */
  readonly host?: string;
  /** From 1; of the first page that has it. */
  readonly page?: number;
}

/** A label's QR: names a document, and claims nothing. */
export interface LabelInFile {
  /** Canonical spelling. */
  readonly documentId: string;
  readonly host: string;
  readonly page: number;
}

export interface ClaimsReading {
  /** Distinct by source and JWS: what XMP and QR say may differ, and then somebody edited one. */
  readonly claims: readonly ClaimsInFile[];
  readonly labels: readonly LabelInFile[];
  /**
   * Whether every page was looked at. When false, 'no code found' means nothing: the file is of another type,
   * damaged, cut off, too large, or took too long.
   */
  readonly complete: boolean;
  /** Why the file could not be opened at all. */
  readonly refused?: ProtocolErrorCode;
}

export interface FindClaimsDeps {
  readonly xmpClaims: (bytes: Uint8Array) => string | null;
  readonly pdf: PdfOpener;
  /** Throws `FILE_TYPE_UNKNOWN`, `FILE_DAMAGED` or `FILE_BOMB`. */
  readonly openPicture: (bytes: Uint8Array, kind: PictureKind) => Promise<Pages>;
  readonly readCodes: ReadCodes;
  /** False from the moment when the time for looking is up. */
  readonly hasTime: () => boolean;
  /** Told of what was found so far, for callers who may have to end a search that hangs. */
  readonly onFound?: (soFar: ClaimsReading) => void;
}

/** Looks into a PDF or a picture. Never rejects for what a file holds. */
export async function findClaims(bytes: Uint8Array, deps: FindClaimsDeps): Promise<ClaimsReading> {
  const inXmp = claimsInXmp(bytes, deps.xmpClaims);
  try {
    const { codes, complete } = await codesIn(bytes, deps, {
      // A file that still has its XMP was never on paper: its code is clean or not there.
      ...(inXmp.length === 0 && { readDamagedCode }),
      onFound: (codesSoFar) => deps.onFound?.({ ...read(inXmp, codesSoFar), complete: false }),
    });
    return { ...read(inXmp, codes), complete };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { ...read(inXmp, []), complete: false, refused: error.code };
  }
}

export function claimsInXmp(bytes: Uint8Array, xmpClaims: FindClaimsDeps['xmpClaims']): ClaimsInFile[] {
  const jws = fileKindOf(bytes) === 'pdf' ? xmpClaims(bytes) : null;
  return jws === null ? [] : [{ source: 'xmp', jws }];
}

async function codesIn(
  bytes: Uint8Array,
  deps: FindClaimsDeps,
  options: Pick<SearchOptions, 'readDamagedCode' | 'onFound'>,
): Promise<SearchResult> {
  const pages = await open(bytes, deps);
  const isOurs = (text: string) => claimsFromUrl(text) !== null || labelOf(text) !== null;
  let broken = false;
  const readCodes: ReadCodes = async (image) => {
    const codes = await deps.readCodes(image);
    broken ||= codes.broken === true;
    return codes;
  };
  try {
    const result = await searchCodes(pages, { ...options, readCodes, isOurs, hasTime: deps.hasTime });
    return { ...result, complete: result.complete && arrivedWhole(bytes) && !broken };
  } finally {
    pages.close();
  }
}

/** Of a picture, whoever decodes it says so. */
function arrivedWhole(bytes: Uint8Array): boolean {
  return fileKindOf(bytes) !== 'pdf' || hasPdfEnd(bytes);
}

async function open(bytes: Uint8Array, { pdf, openPicture }: FindClaimsDeps): Promise<Pages> {
  const kind = fileKindOf(bytes);
  switch (kind) {
    case 'pdf':
      return pdf.open(bytes);
    case 'other':
      throw new ProtocolError('FILE_TYPE_UNKNOWN', 'Codes can be looked for in PDFs and pictures.');
    default:
      return openPicture(bytes, kind);
  }
}

function read(inXmp: readonly ClaimsInFile[], codes: SearchResult['codes']) {
  const claims = new Map<string, ClaimsInFile>();
  const labels = new Map<string, LabelInFile>();
  const inOrder = [...codes].sort((a, b) => a.page - b.page);
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
