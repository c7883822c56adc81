import type { Finder } from './finders.js';
import type { Point } from './projection.js';

/** Where the finder patterns of one code may be, and which is which. */
export interface Corners {
  readonly topLeft: Point;
  readonly topRight: Point;
  readonly bottomLeft: Point;
  /** The side of a module, in pixels, roughly. */
  readonly module: number;
  /** The one that was not seen, when only two were: it is where it would be if the sheet lay flat under the camera. */
  readonly guessed?: 'topLeft' | 'topRight' | 'bottomLeft';
}

/** Every three finder patterns that could be of one code, the likeliest first. */
export function cornersOfThree(finders: readonly Finder[]): Corners[] {
  const found: { corners: Corners; error: number }[] = [];
  for (const topLeft of finders)
    for (const [i, one] of finders.entries())
      for (const other of finders.slice(i + 1)) {
        if (one === topLeft || other === topLeft) continue;
        const [a, b] = [vector(topLeft, one), vector(topLeft, other)];
        const [first, second] = [Math.hypot(a.x, a.y), Math.hypot(b.x, b.y)];
        const uneven = Math.max(first, second) / Math.min(first, second);
        const cosine = Math.abs(a.x * b.x + a.y * b.y) / (first * second);
        const sizes = [topLeft, one, other].map(({ module }) => module);
        const different = Math.max(...sizes) / Math.min(...sizes);
        if (!(uneven < 1.5 && cosine < 0.45 && different < 1.6)) continue;
        // As y grows downwards, the way to the top right corner is left of the way to the bottom left one.
        const [topRight, bottomLeft] = a.x * b.y - a.y * b.x > 0 ? [one, other] : [other, one];
        const corners = {
          topLeft,
          topRight,
          bottomLeft,
          module: (topLeft.module + one.module + other.module) / 3,
        };
        if (isPlausible(corners)) found.push({ corners, error: uneven + cosine + different / 2 });
      }
  return found.sort((a, b) => a.error - b.error).map(({ corners }) => corners);
}

/** Every way in which two finder patterns could be two of a code's three; a torn or stained code may show no more. */
export function cornersOfTwo(finders: readonly Finder[]): Corners[] {
  const found: Corners[] = [];
  for (const [i, one] of finders.entries())
    for (const other of finders.slice(i + 1)) {
      const sizes = [one.module, other.module];
      if (Math.max(...sizes) > 1.4 * Math.min(...sizes)) continue;
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        const { x, y } = vector(from, to);
        const module = (from.module + to.module) / 2;
        const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
        found.push(
          {
            topLeft: from,
            topRight: to,
            bottomLeft: { x: from.x - y, y: from.y + x },
            module,
            guessed: 'bottomLeft',
          },
          {
            topLeft: from,
            topRight: { x: from.x + y, y: from.y - x },
            bottomLeft: to,
            module,
            guessed: 'topRight',
          },
          {
            topLeft: { x: middle.x + y / 2, y: middle.y - x / 2 },
            topRight: to,
            bottomLeft: from,
            module,
            guessed: 'topLeft',
          },
        );
      }
    }
  return found.filter(isPlausible);
}

/** About how many modules there are along a side. */
export function modulesAlong({ topLeft, topRight, bottomLeft, module }: Corners): number {
  const [right, down] = [vector(topLeft, topRight), vector(topLeft, bottomLeft)];
  return (Math.hypot(right.x, right.y) + Math.hypot(down.x, down.y)) / 2 / module + 7;
}

function isPlausible(corners: Corners): boolean {
  const modules = modulesAlong(corners);
  return modules > 17 && modules < 200;
}

const vector = (from: Point, to: Point): Point => ({ x: to.x - from.x, y: to.y - from.y });
