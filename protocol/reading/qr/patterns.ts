import type { GrayImage } from '../pixels.js';
import type { Locate, Place } from './projection.js';
import { alignmentIsDark, finderIsDark } from './symbol.js';

/** A square of modules that every code has, around a middle one. */
export interface Pattern {
  /** How far it reaches from its middle, in modules. */
  readonly reach: number;
  /** Row by row, 1 for dark. */
  readonly dark: Uint8Array;
}

function patternOf(reach: number, isDark: (columns: number, rows: number) => boolean): Pattern {
  const side = 2 * reach + 1;
  const dark = Uint8Array.from({ length: side * side }, (_, i) =>
    isDark((i % side) - reach, Math.floor(i / side) - reach) ? 1 : 0,
  );
  return { reach, dark };
}

/** With the light border that it always has. */
export const FINDER = patternOf(4, finderIsDark);
export const ALIGNMENT = patternOf(2, alignmentIsDark);

export interface Match extends Place {
  /** The correlation of what is seen with the pattern: 1 for the pattern itself, 0 for anything. */
  readonly score: number;
}

/** Where within `reach` modules of a place the picture is most like the pattern, to `step` of a module. */
export function bestMatch(
  image: GrayImage,
  locate: Locate,
  { column, row }: Place,
  pattern: Pattern,
  { reach, step }: { readonly reach: number; readonly step: number },
): Match {
  let best: Match = { column, row, score: -1 };
  const steps = Math.round(reach / step);
  for (let v = -steps; v <= steps; v++)
    for (let u = -steps; u <= steps; u++) {
      const place = { column: column + u * step, row: row + v * step };
      const score = likeness(image, locate, place, pattern);
      if (score > best.score) best = { ...place, score };
    }
  return best;
}

function likeness(
  image: GrayImage,
  locate: Locate,
  { column, row }: Place,
  { reach, dark }: Pattern,
): number {
  // So near to each other modules lie on a straight grid: three places tell all.
  const origin = locate(column, row);
  const [right, down] = [locate(column + 1, row), locate(column, row + 1)];
  const [rightX, rightY] = [right.x - origin.x, right.y - origin.y];
  const [downX, downY] = [down.x - origin.x, down.y - origin.y];
  let [count, sum, squares, darks, darkSum] = [0, 0, 0, 0, 0];
  for (let v = -reach; v <= reach; v++)
    for (let u = -reach; u <= reach; u++) {
      const value = grayAt(image, origin.x + u * rightX + v * downX, origin.y + u * rightY + v * downY);
      sum += value;
      squares += value * value;
      if (dark[count++] !== 1) continue;
      darks++;
      darkSum += value;
    }
  const variance = count * squares - sum * sum;
  // Nothing but paper: a difference of less than one grey is noise.
  if (variance < count * count) return 0;
  return (darks * sum - count * darkSum) / Math.sqrt(variance * darks * (count - darks));
}

/** How well dark and light alternate at the modules from `first` to `last` of a line: 1 for a timing pattern, 0 for anything. */
export function timingLikeness(
  image: GrayImage,
  line: (module: number) => { readonly x: number; readonly y: number },
  first: number,
  last: number,
): number {
  let [score, total] = [0, 0];
  const at = (module: number) => {
    const { x, y } = line(module + 0.5);
    return grayAt(image, x, y);
  };
  let [before, here] = [at(first - 1), at(first)];
  for (let module = first; module <= last; module++) {
    const after = at(module + 1);
    const darker = (before + after) / 2 - here;
    score += module % 2 === 0 ? darker : -darker;
    total += Math.abs(darker);
    [before, here] = [here, after];
  }
  return total === 0 ? 0 : score / total;
}

/** Between pixels linear; beyond the border as at the border. */
export function grayAt({ data, width, height }: GrayImage, x: number, y: number): number {
  const u = Math.min(width - 1.001, Math.max(0, x - 0.5));
  const v = Math.min(height - 1.001, Math.max(0, y - 0.5));
  const [column, row] = [Math.floor(u), Math.floor(v)];
  const [right, down] = [u - column, v - row];
  const i = row * width + column;
  const upper = (data[i] ?? 0) * (1 - right) + (data[i + 1] ?? 0) * right;
  const lower = (data[i + width] ?? 0) * (1 - right) + (data[i + width + 1] ?? 0) * right;
  return upper * (1 - down) + lower * down;
}
