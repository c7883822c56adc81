import type { GrayImage } from '../pixels.js';

import { grayAt } from './patterns.js';
import type { Locate } from './projection.js';
import { sizeOfVersion } from './symbol.js';

/** How bright each module of a grid is, row by row: the mean of a few places in it. */
export function brightness(image: GrayImage, version: number, locate: Locate): Float32Array {
  const size = sizeOfVersion(version);
  const values = new Float32Array(size * size);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const { x, y } = locate(column + 0.5, row + 0.5);
      const right = locate(column + 0.75, row + 0.5);
      const [dx, dy] = [right.x - x, right.y - y];
      values[row * size + column] =
        (2 * grayAt(image, x, y) +
          grayAt(image, x + dx, y + dy) +
          grayAt(image, x - dx, y - dy) +
          grayAt(image, x - dy, y + dx) +
          grayAt(image, x + dy, y - dx)) /
        6;
    }
  return values;
}

export interface Judgement {
  /** How much of the difference to its four neighbours is added to a module's brightness, to take back blur. */
  readonly crispness: number;
  /** Whether to set the threshold so that half of all modules are dark, as masks see to: for ink that ran or thinned. */
  readonly balanced: boolean;
}

/** How many modules around one tell what dark and light are there, to each side. */
const AROUND = 4;

/** Of each module: above 0 for dark, below 0 for light; ±0.5 for what dark and light usually are in this code. */
export function darknessOf(
  values: Float32Array,
  version: number,
  { crispness, balanced }: Judgement,
): Float32Array {
  const size = sizeOfVersion(version);
  const crisp = crispened(values, size, crispness);
  const mean = meanAround(crisp, size);
  // Half of the modules are dark, so the mean around is a first guess; the middle between both means is a better one.
  const isDark = crisp.map((value, i) => (value < (mean[i] ?? 0) ? 1 : 0));
  const darkShare = meanAround(isDark, size);
  const darkPart = meanAround(
    crisp.map((value, i) => value * (isDark[i] ?? 0)),
    size,
  );
  const contrasts = new Float32Array(crisp.length);
  const darkness = crisp.map((value, i) => {
    const [all, share, part] = [mean[i] ?? 0, darkShare[i] ?? 0, darkPart[i] ?? 0];
    if (share < 0.1 || share > 0.9) return all - value;
    const [dark, light] = [part / share, (all - part) / (1 - share)];
    contrasts[i] = light - dark;
    return (dark + light) / 2 - value;
  });
  const usual = Math.max(1, median(contrasts));
  const offset = balanced ? median(darkness) : 0;
  return darkness.map((value) => (value - offset) / usual);
}

function crispened(values: Float32Array, size: number, crispness: number): Float32Array {
  const last = size - 1;
  return values.map((value, i) => {
    const column = i % size;
    const left = column > 0 ? i - 1 : i;
    const right = column < last ? i + 1 : i;
    const above = i >= size ? i - size : i;
    const below = i < values.length - size ? i + size : i;
    const around = (values[left] ?? 0) + (values[right] ?? 0) + (values[above] ?? 0) + (values[below] ?? 0);
    return value + crispness * (4 * value - around);
  });
}

function meanAround(values: Float32Array, size: number): Float32Array {
  const stride = size + 1;
  const sums = new Float64Array(stride * stride);
  for (let row = 0, i = 0; row < size; row++) {
    let line = 0;
    for (let column = 0; column < size; column++, i++) {
      line += values[i] ?? 0;
      sums[(row + 1) * stride + column + 1] = (sums[row * stride + column + 1] ?? 0) + line;
    }
  }
  return values.map((_, i) => {
    const [column, row] = [i % size, Math.floor(i / size)];
    const [left, right] = [Math.max(0, column - AROUND), Math.min(size, column + AROUND + 1)];
    const [top, bottom] = [Math.max(0, row - AROUND), Math.min(size, row + AROUND + 1)];
    const at = (r: number, c: number) => sums[r * stride + c] ?? 0;
    return (
      (at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left)) /
      ((right - left) * (bottom - top))
    );
  });
}

function median(values: Float32Array): number {
  return values.toSorted()[values.length >> 1] ?? 0;
}
