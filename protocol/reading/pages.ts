import type { GrayImage } from './pixels.js';

/** A page as a picture. */
export interface PageImage extends GrayImage {
  /** Part of it could not be decoded, and is grey or missing: a code may have stood there. */
  readonly damaged?: boolean;
}

/** A file as pictures: the pages of a PDF or of a TIFF, or the one picture. */
export interface Pages {
  readonly count: number;
  /** Whether more detail shows more: not for a picture, which has the pixels it has. */
  readonly scalable: boolean;
  /** Page from 0. Never more than `MAX_PIXELS`. Throws `ProtocolError` FILE_DAMAGED for a page that shows nothing. */
  render(page: number, detail: Detail): Promise<PageImage>;
  close(): void;
}

/** `page`: enough for a clean page; `fine`: for a code that is small or hard to read. */
export type Detail = 'page' | 'fine';

/** A photograph of twelve megapixels, or A4 at 350 dpi. The QR reader needs about ten bytes for each. */
export const MAX_PIXELS = 12_500_000;
