import sharp, { type Metadata, type Sharp } from 'sharp';
import { ProtocolError } from '@spondon/protocol/error';
import type { PictureKind } from '@spondon/protocol/reading/file-kind';
import { MAX_PIXELS, type PageImage, type Pages } from '@spondon/protocol/reading/pages';

/** More than this is not decoded at all: a photograph of 64 megapixels, and no decompression bomb. */
const MAX_DECODED_PIXELS = 64_000_000;
const FORMATS: readonly PictureKind[] = ['jpeg', 'png', 'webp', 'tiff'];

/** Throws `FILE_TYPE_UNKNOWN`, `FILE_DAMAGED` or `FILE_BOMB`. Only a TIFF has several pages. */
export async function openPicture(bytes: Uint8Array, kind: PictureKind): Promise<Pages> {
  // The decoders of other formats are not let near strangers' files.
  if (!FORMATS.includes(kind))
    throw new ProtocolError('FILE_TYPE_UNKNOWN', 'Not one of the formats that are read.');
  const { width, height, format, pages } = await metadataOf(bytes);
  if (format !== kind) throw damaged();
  if (width * height > MAX_DECODED_PIXELS)
    throw new ProtocolError('FILE_BOMB', 'This picture has too many pixels.');
  return {
    count: format === 'tiff' ? (pages ?? 1) : 1,
    scalable: false,
    render: async (page) => {
      try {
        return await grayOf(read(bytes, page, 'error'));
      } catch {
        return await whatIsLeftOf(bytes, page);
      }
    },
    close: () => undefined,
  };
}

/** The picture as far as it can be decoded: the rest may still show a code. Throws `FILE_DAMAGED` when nothing can. */
async function whatIsLeftOf(bytes: Uint8Array, page: number): Promise<PageImage> {
  try {
    return { ...(await grayOf(read(bytes, page, 'none'))), damaged: true };
  } catch {
    throw damaged();
  }
}

async function grayOf(picture: Sharp) {
  const { width, height } = await picture.metadata();
  const fitting = Math.min(1, Math.sqrt(MAX_PIXELS / (width * height)));
  const { data, info } = await picture
    .resize({ width: Math.max(1, Math.floor(width * fitting)), withoutEnlargement: true })
    .flatten({ background: 'white' })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

function read(bytes: Uint8Array, page: number, failOn: 'none' | 'error'): Sharp {
  return sharp(bytes, { failOn, limitInputPixels: MAX_DECODED_PIXELS, sequentialRead: true, page });
}

async function metadataOf(bytes: Uint8Array): Promise<Metadata> {
  try {
    return await read(bytes, 0, 'none').metadata();
  } catch {
    throw damaged();
  }
}

function damaged(): ProtocolError {
  return new ProtocolError('FILE_DAMAGED', 'This picture cannot be read.');
}
