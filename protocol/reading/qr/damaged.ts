import { adaptiveThreshold, sharpen, type BinaryImage, type GrayImage } from '../pixels.js';
import { textOf } from './codewords.js';
import { cornersOfThree, cornersOfTwo, type Corners } from './corners.js';
import { findFinders } from './finders.js';
import { gridsAmong, type Grid } from './grid.js';
import { brightness, darknessOf, type Judgement } from './modules.js';

/**
 * Reads a stamp's QR code that a general reader misses, because it is creased, stained, torn, pale, copied or blurred.
 * It knows more than one: what a code has at the same places is looked for in shades of grey, two of its three corners are
 * enough, and bytes that are hard to read are taken for lost, which error correction mends twice as many of. It takes
 * longer, and reads what stamps are: error correction level M, one segment of bytes.
 */
export interface DamagedCodeSearch {
  readonly isOurs: (text: string) => boolean;
  /** False from the moment when the time is up. */
  readonly hasTime: () => boolean;
}

/** The picture in dark and light: as it is, and with blur taken back. These two show all that any of a dozen did. */
const VIEWS: readonly ((image: GrayImage) => BinaryImage)[] = [
  (image) => adaptiveThreshold(image, Math.max(4, Math.round(image.width / 160)), 3),
  (image) => adaptiveThreshold(sharpen(image, 2, 2), Math.max(4, Math.round(image.width / 80)), 4),
];

/** Ways to tell dark from light: where ink ran or was blurred, less and more of it. */
const JUDGEMENTS: readonly Judgement[] = [
  { crispness: 0.35, balanced: false },
  { crispness: 0.7, balanced: false },
  { crispness: 0.35, balanced: true },
  { crispness: 0.7, balanced: true },
];

/** Of finder patterns of which two are to do. */
const FINDERS_PAIRED = 12;

/** The text of the first code found that is ours; undefined when there is none, or the time is up. */
export function readDamagedCode(
  image: GrayImage,
  { isOurs, hasTime }: DamagedCodeSearch,
): string | undefined {
  const readAmong = (corners: readonly Corners[]): string | undefined => {
    for (const grid of gridsAmong(image, corners)) {
      const text = textAt(image, grid);
      if (text !== undefined && isOurs(text)) return text;
      if (!hasTime()) return undefined;
    }
    return undefined;
  };
  const seen = [];
  for (const view of VIEWS) {
    if (!hasTime()) return undefined;
    const finders = findFinders(image, view(image));
    const text = readAmong(cornersOfThree(finders));
    if (text !== undefined) return text;
    seen.push(finders);
  }
  for (const finders of seen) {
    if (!hasTime()) return undefined;
    const text = readAmong(cornersOfTwo(finders.slice(0, FINDERS_PAIRED)));
    if (text !== undefined) return text;
  }
  return undefined;
}

function textAt(image: GrayImage, { version, locate }: Grid): string | undefined {
  const values = brightness(image, version, locate);
  return textOf(
    version,
    JUDGEMENTS.map((judgement) => darknessOf(values, version, judgement)),
  );
}
