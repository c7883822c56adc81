import type { BinaryImage, GrayImage } from '../pixels.js';
import { bestMatch, FINDER, type Match } from './patterns.js';
import type { Locate, Point } from './projection.js';

/** A place that looks like one of a QR code's three finder patterns. */
export interface Finder extends Point {
  /** The side of a module, in pixels. */
  readonly module: number;
  /** How much it looks like one: 1 for the pattern itself, 0 for anything. */
  readonly score: number;
}

const PLACES_MEASURED = 48;
const MOST_FINDERS = 16;
const LEAST_SCORE = 0.45;

/**
 * The likeliest first. On lines through its middle a finder pattern is dark, light, dark, light, dark as 1 : 1 : 3 : 1 : 1.
 * Lines next to each other that meet it so, about as many as its dark middle is wide, are enough, along rows or columns:
 * a crease or a stain may have spoilt the other way. What was met is then compared with the pattern itself.
 */
export function findFinders(image: GrayImage, binary: BinaryImage): Finder[] {
  const along = bandsIn(binary).map(({ middle, line, length }) => ({ x: middle, y: line, length }));
  const down = bandsIn(transposed(binary)).map(({ middle, line, length }) => ({
    x: line,
    y: middle,
    length,
  }));
  const found: Finder[] = [];
  for (const place of alternately(along, down).slice(0, PLACES_MEASURED)) {
    if (isAmong(found, place)) continue;
    const finder = measured(image, place);
    if (finder.score >= LEAST_SCORE && !isAmong(found, finder)) found.push(finder);
  }
  return found.sort((a, b) => b.score - a.score).slice(0, MOST_FINDERS);
}

function isAmong(found: readonly Finder[], { x, y }: Point): boolean {
  return found.some((each) => Math.hypot(each.x - x, each.y - y) < each.module);
}

function alternately<T>(these: readonly T[], those: readonly T[]): T[] {
  return Array.from({ length: Math.max(these.length, those.length) }, (_, i) => [these[i], those[i]])
    .flat()
    .filter((each) => each !== undefined);
}

/** A pattern may be turned any way, and one that is damaged is met too short. */
const TURNS = [0, 1, 2, 3].map((eighth) => (eighth * Math.PI) / 8);
const SIZES = [1, 1.18];

function measured(image: GrayImage, { x, y, length }: Point & { readonly length: number }): Finder {
  const middle = { column: 0, row: 0 };
  let best: Match & { readonly locate: Locate; readonly module: number } = {
    ...middle,
    score: -1,
    locate: () => ({ x, y }),
    module: 1,
  };
  for (const turn of TURNS)
    for (const size of SIZES) {
      // A square that is turned is met on a longer way.
      const module = (length / 7) * size * Math.max(Math.abs(Math.cos(turn)), Math.abs(Math.sin(turn)));
      const [cos, sin] = [Math.cos(turn) * module, Math.sin(turn) * module];
      const locate: Locate = (column, row) => ({
        x: x + column * cos - row * sin,
        y: y + column * sin + row * cos,
      });
      const match = bestMatch(image, locate, middle, FINDER, { reach: 1.5, step: 0.75 });
      if (match.score > best.score) best = { ...match, locate, module };
    }
  const { column, row, score } = bestMatch(image, best.locate, best, FINDER, { reach: 0.5, step: 0.25 });
  return { ...best.locate(column, row), module: best.module, score };
}

/** Lines next to each other on which a finder pattern is met at the same place. */
interface Band {
  /** Along the lines. */
  middle: number;
  /** The middle one of the lines. */
  line: number;
  length: number;
  lines: number;
}

const LEAST_MODULE = 1.2;
const LEAST_LINES = 2;

function bandsIn(image: BinaryImage): Band[] {
  const done: Band[] = [];
  let open: Band[] = [];
  for (let line = 0; line < image.height; line++) {
    const next: Band[] = [];
    let candidate = 0;
    // Both in the order of the line.
    for (const { middle, length } of metOn(image, line)) {
      const near = length / 10;
      for (; candidate < open.length; candidate++) {
        const left = open[candidate];
        if (!left || left.middle >= middle - near) break;
        done.push(left);
      }
      const band = open[candidate];
      if (band && band.middle <= middle + near && Math.abs(band.length - length) < length / 4) {
        candidate++;
        band.lines++;
        band.middle += (middle - band.middle) / band.lines;
        band.length += (length - band.length) / band.lines;
        band.line += 0.5;
        next.push(band);
      } else next.push({ middle, line: line + 0.5, length, lines: 1 });
    }
    done.push(...open.slice(candidate));
    open = next;
  }
  // The dark middle of a pattern is 3 modules wide; a turned one is met so on fewer lines.
  const misfit = ({ lines, length }: Band) => Math.abs(Math.log(lines / ((3 * length) / 7)));
  return [...done, ...open]
    .filter(({ lines, length }) => lines >= LEAST_LINES && lines > length / 10 && lines < length * 0.65)
    .sort((a, b) => misfit(a) - misfit(b));
}

function* metOn({ dark, width }: BinaryImage, line: number): Generator<{ middle: number; length: number }> {
  // Where the last five runs of one colour began, and where the last of them ends.
  let [a, b, c, d, e] = [-1, -1, -1, -1, -1];
  const start = line * width;
  for (let x = 1; x <= width; x++) {
    if (x < width && dark[start + x] === dark[start + x - 1]) continue;
    if (a >= 0 && dark[start + x - 1] === 1 && isFinder(b - a, c - b, d - c, e - d, x - e))
      yield { middle: (c + d) / 2, length: x - a };
    [a, b, c, d, e] = [b, c, d, e, x];
  }
}

function isFinder(a: number, b: number, c: number, d: number, e: number): boolean {
  const module = (a + b + c + d + e) / 7;
  const play = 0.5 * module + 0.5;
  return (
    module >= LEAST_MODULE &&
    Math.abs(c - 3 * module) <= 1.5 * play &&
    [a, b, d, e].every((run) => Math.abs(run - module) <= play)
  );
}

function transposed({ dark, width, height }: BinaryImage): BinaryImage {
  const turned = new Uint8Array(dark.length);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) turned[x * height + y] = dark[i] ?? 0;
  return { dark: turned, width: height, height: width };
}
