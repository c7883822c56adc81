import { ProtocolError } from '@spondon/protocol/error';
import { fileKindOf, type FileKind } from '@spondon/protocol/reading/file-kind';
import { claimsInXmp, findClaims, type ClaimsReading } from '@spondon/protocol/reading/find-claims';
import type { Pages } from '@spondon/protocol/reading/pages';
import type { PdfOpener } from '@spondon/protocol/reading/pdf-pages';
import type { GrayImage } from '@spondon/protocol/reading/pixels';
import type { ReadCodes } from '@spondon/protocol/reading/qr-codes';
import { searchCodes } from '@spondon/protocol/reading/search';
import { claimsInPlainSight } from '@spondon/protocol/reading/xmp';
import { openPicture, pageOf } from './picture-pages.js';
import type { Gap, Reading } from './reading.js';

/** What is large and not always needed; each rejects when it cannot be fetched. */
export interface Programs {
  readonly codeReader: () => Promise<ReadCodes>;
  readonly pdfOpener: () => Promise<PdfOpener>;
}

export interface LookOptions {
  readonly searchMs: number;
  /** The programs are there: from here on the time counts. */
  readonly onStart: () => void;
  /** Told of the share of pages that were looked at, 0 to 1. */
  readonly onProgress: (share: number) => void;
  /** Told of what was found so far, for when the search has to be ended. */
  readonly onFound: (codes: FoundCodes) => void;
}

export type FoundCodes = Pick<Reading, 'claims' | 'labels'>;

/** What a PDF's metadata show without being decoded. */
export function claimsInSight(bytes: Uint8Array): FoundCodes['claims'] {
  return codesOf({ claims: claimsInXmp(bytes, claimsInPlainSight), labels: [] }).claims;
}

/** Looks for codes in a PDF or a picture. Never rejects for what a file holds. */
export async function lookForCodes(
  bytes: Uint8Array,
  programs: Programs,
  { searchMs, onStart, onProgress, onFound }: LookOptions,
): Promise<FoundCodes & Pick<Reading, 'complete' | 'gap'>> {
  const kind = fileKindOf(bytes);
  if (kind === 'other') return { claims: [], labels: [], complete: false, gap: 'not-shown' };
  const loaded = await load(kind, programs).catch(() => null);
  if (!loaded) return { claims: claimsInSight(bytes), labels: [], complete: false, gap: 'no-decoder' };
  const { readCodes, pdf } = loaded;
  onStart();
  const end = performance.now() + searchMs;
  const hasTime = () => performance.now() < end;
  const reading = await findClaims(bytes, {
    xmpClaims: claimsInPlainSight,
    pdf: { open: async (file) => withProgress(await pdf.open(file), onProgress) },
    openPicture: async (file, kind) => withProgress(await openPicture(file, kind), onProgress),
    readCodes,
    hasTime,
    onFound: (soFar) => onFound(codesOf(soFar)),
  });
  const { complete } = reading;
  return { ...codesOf(reading), complete, gap: complete ? null : gapOf(reading, hasTime()) };
}

/** A frame with a code that is hard to read is soon followed by a better one. */
const FRAME_MS = 300;

/** Whatever stands in the codes of a picture, ours or not, after a short look. */
export async function textsIn(image: GrayImage, readCodes: ReadCodes): Promise<string[]> {
  const end = performance.now() + FRAME_MS;
  const { codes } = await searchCodes(pageOf(image), {
    readCodes,
    isOurs: () => true,
    hasTime: () => performance.now() < end,
  });
  return codes.map(({ text }) => text);
}

async function load(kind: FileKind, { codeReader, pdfOpener }: Programs) {
  const [readCodes, pdf] = await Promise.all([codeReader(), kind === 'pdf' ? pdfOpener() : NO_PDF]);
  return { readCodes, pdf };
}

const NO_PDF: PdfOpener = {
  open: () => Promise.reject(new ProtocolError('FILE_TYPE_UNKNOWN', 'This is no PDF.')),
};

function withProgress(pages: Pages, onProgress: (share: number) => void): Pages {
  let shown = 0;
  return {
    ...pages,
    render: (page, detail) => {
      if (detail === 'page') onProgress(shown++ / pages.count);
      return pages.render(page, detail);
    },
  };
}

function gapOf({ refused }: ClaimsReading, hadTime: boolean): Gap {
  if (refused === 'FILE_TYPE_UNKNOWN') return 'not-shown';
  if (refused === 'FILE_BOMB') return 'too-large';
  return refused === undefined && !hadTime ? 'out-of-time' : 'damaged';
}

function codesOf({ claims, labels }: Pick<ClaimsReading, 'claims' | 'labels'>): FoundCodes {
  return { claims: claims.map(({ jws, host = null, page = null }) => ({ jws, host, page })), labels };
}
