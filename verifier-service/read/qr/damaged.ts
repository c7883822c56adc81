import { adaptiveThreshold, sharpen, type BinaryImage, type GrayImage } from '../pixels.js';
import { textOf } from './codewords.js';
import { cornersOfThree, cornersOfTwo, type Corners } from './corners.js';
import { findFinders } from './finders.js';
import { gridsAmong, type Grid } from './grid.js';
import { brightness, darknessOf, type Judgement } from './modules.js';

export interface DamagedCodeSearch {
  readonly isOurs: (text: string) => boolean;
  /** False from the moment when the time is up. */
  readonly hasTime: () => boolean;
}

/** Two pictures in dark and light: as it is, for fine codes, and with blur taken back. Together they showed all that any of a dozen did. */
const VIEWS: readonly ((image: GrayImage) => BinaryImage)[] = [
  (image) => adaptiveThreshold(image, Math.max(4, Math.round(image.width / 160)), 3),
  (image) => adaptiveThreshold(sharpen(image, 2, 2), Math.max(4, Math.round(image.width / 80)), 4),
];

const JUDGEMENTS: readonly Judgement[] = [
  { crispness: 0.35, balanced: false },
  { crispness: 0.7, balanced: false },
  { crispness: 0.35, balanced: true },
  { crispness: 0.7, balanced: true },
];

/** Of finder patterns of which two are to do. */
const FINDERS_PAIRED = 12;

export const log: string[] = [];
export function readDamagedCode(image: GrayImage, { isOurs, hasTime }: DamagedCodeSearch): string | undefined {
  const tryCorners = (corners: readonly Corners[], k: string): string | undefined => {
    for (const grid of gridsAmong(image, corners)) {
      log.push(`${k}:${grid.version}:${grid.likeness.toFixed(2)}`);
      if (!hasTime()) return undefined;
      const text = read(image, grid);
      if (text !== undefined && isOurs(text)) return text;
    }
    return undefined;
  };
  const finders = [];
  for (const view of VIEWS) {
    if (!hasTime()) return undefined;
    const seen = findFinders(image, view(image));
    finders.push(seen);
    const text = tryCorners(cornersOfThree(seen), `${finders.length}`);
    if (text !== undefined) return text;
  }
  for (const [i, seen] of finders.entries()) {
    const text = tryCorners(cornersOfTwo(seen.slice(0, FINDERS_PAIRED)), `${i + 1}two`);
    if (text !== undefined) return text;
  }
  return undefined;
}

function read(image: GrayImage, { version, locate }: Grid): string | undefined {
  const values = brightness(image, version, locate);
  return textOf(
    version,
    JUDGEMENTS.map((judgement) => darknessOf(values, version, judgement)),
  );
}
