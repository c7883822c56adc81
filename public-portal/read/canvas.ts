import { MAX_PIXELS } from '@spondon/protocol/reading/pages';
import type { GrayImage } from '@spondon/protocol/reading/pixels';

/** On white, and no larger than codes are looked for in. */
export function grayOf(bitmap: ImageBitmap): GrayImage {
  const fitting = Math.min(1, Math.sqrt(MAX_PIXELS / (bitmap.width * bitmap.height)));
  const width = Math.max(1, Math.floor(bitmap.width * fitting));
  const height = Math.max(1, Math.floor(bitmap.height * fitting));
  const context = contextOf(width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  return { data: luminanceOf(context.getImageData(0, 0, width, height).data), width, height };
}

/**
 * Whether pixels come back from a canvas as they were drawn. Browsers that hide who their user is give noise instead,
 * and there a picture without a code says nothing.
 */
export function canReadCanvas(): boolean {
  if (typeof OffscreenCanvas === 'undefined') return false;
  const context = contextOf(16, 1);
  for (let x = 0; x < 16; x += 2) context.clearRect(x, 0, 1, 1);
  const { data } = context.getImageData(0, 0, 16, 1);
  return luminanceOf(data).every((value, x) => (x % 2 === 0 ? value < 16 : value > 240));
}

/** Of a white canvas in main memory, where pixels are read from. */
function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no canvas to draw on');
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  return context;
}

/** ITU-R BT.601, in 256ths. */
function luminanceOf(rgba: Uint8ClampedArray): Uint8Array {
  const gray = new Uint8Array(rgba.length / 4);
  for (let i = 0, at = 0; i < gray.length; i++, at += 4)
    gray[i] = (77 * (rgba[at] ?? 0) + 150 * (rgba[at + 1] ?? 0) + 29 * (rgba[at + 2] ?? 0)) >> 8;
  return gray;
}
