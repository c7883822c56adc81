import { ProtocolError } from '@spondon/protocol/error';
import type { PictureKind } from '@spondon/protocol/reading/file-kind';
import type { Pages } from '@spondon/protocol/reading/pages';
import type { GrayImage } from '@spondon/protocol/reading/pixels';
import { canReadCanvas, grayOf } from './canvas.js';
import { pictureSize } from './picture-size.js';

/** More than this is not decoded at all: a photograph of 64 megapixels, and no decompression bomb. */
const MAX_DECODED_PIXELS = 64_000_000;
const NOT_EVERYWHERE: readonly PictureKind[] = ['avif', 'heic'];

/**
 * A picture, upright, as the browser decodes it; of an animation the first.
 *
 * Throws `FILE_TYPE_UNKNOWN` for what this browser does not show, `FILE_DAMAGED` or `FILE_BOMB`.
 */
export async function openPicture(bytes: Uint8Array, kind: PictureKind): Promise<Pages> {
  // Where a TIFF is shown at all, only its first page is.
  if (kind === 'tiff' || !canReadCanvas())
    throw new ProtocolError('FILE_TYPE_UNKNOWN', 'Such pictures are not read here.');
  const size = pictureSize(bytes, kind);
  if (!size) throw cannotShow(kind);
  if (size.width * size.height > MAX_DECODED_PIXELS)
    throw new ProtocolError('FILE_BOMB', 'This picture has too many pixels.');
  const bitmap = await decode(bytes, kind);
  const image = grayOf(bitmap);
  bitmap.close();
  return pageOf(image);
}

export function pageOf(image: GrayImage): Pages {
  return { count: 1, scalable: false, render: () => Promise.resolve(image), close: () => undefined };
}

async function decode(bytes: Uint8Array, kind: PictureKind): Promise<ImageBitmap> {
  const picture = new Blob([new Uint8Array(bytes)], { type: `image/${kind}` });
  try {
    return await createImageBitmap(picture);
  } catch {
    throw cannotShow(kind);
  }
}

/** Of formats that not every browser knows, nobody can tell whether the file is damaged. */
function cannotShow(kind: PictureKind): ProtocolError {
  return NOT_EVERYWHERE.includes(kind)
    ? new ProtocolError('FILE_TYPE_UNKNOWN', 'This browser does not show such pictures.')
    : new ProtocolError('FILE_DAMAGED', 'This picture cannot be read.');
}
