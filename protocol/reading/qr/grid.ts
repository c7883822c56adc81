import type { GrayImage } from '../pixels.js';
import { modulesAlong, type Corners } from './corners.js';
import { ALIGNMENT, bestMatch, FINDER, timingLikeness, type Match, type Pattern } from './patterns.js';
import {
  bentThrough,
  projectionThrough,
  type Locate,
  type Pin,
  type Place,
  type Point,
} from './projection.js';
import { alignmentCentres, sizeOfVersion, VERSIONS } from './symbol.js';

/** Where each module of a code is in a picture. */
export interface Grid {
  readonly version: number;
  readonly locate: Locate;
  /** How well what every code of this version has at the same places is there: 1 for all of it, 0 for anything. */
  readonly likeness: number;
}

/** A module's size, and so the version, is known only roughly. */
const VERSIONS_CONSIDERED = 11;
/** Of timing patterns, in standard deviations of what is seen where there is no code. */
const LEAST_TIMING = 2.5;
const LEAST_TIMING_OF_TWO = 4;
const GRIDS_FITTED = 8;
const LEAST_LIKENESS = 0.6;

/**
 * The grids that fit, the likeliest first. Fitting one takes some milliseconds, so this is done for few; to look whether
 * there are timing patterns where they should be takes microseconds, and is done for all corners and versions.
 */
export function* gridsAmong(image: GrayImage, corners: readonly Corners[]): Generator<Grid> {
  const timed = corners.flatMap((each) => {
    const about = (modulesAlong(each) - 17) / 4;
    const least = each.guessed === undefined ? LEAST_TIMING : LEAST_TIMING_OF_TWO;
    return VERSIONS.toSorted((a, b) => Math.abs(a - about) - Math.abs(b - about))
      .slice(0, VERSIONS_CONSIDERED)
      .map((version) => ({ corners: each, version, timing: timingAt(image, each, version) }))
      .filter(({ timing }) => timing >= least);
  });
  for (const each of timed.sort((a, b) => b.timing - a.timing).slice(0, GRIDS_FITTED)) {
    const grid = fit(image, each.corners, each.version);
    if (grid && grid.likeness >= LEAST_LIKENESS) yield grid;
  }
}

/** The three finder patterns. */
type CornerPins = Readonly<Record<'topLeft' | 'topRight' | 'bottomLeft', Pin>>;

function pinsOf({ topLeft, topRight, bottomLeft }: Corners, version: number): CornerPins {
  const [near, far] = [3.5, sizeOfVersion(version) - 3.5];
  return {
    topLeft: { column: near, row: near, x: topLeft.x, y: topLeft.y },
    topRight: { column: far, row: near, x: topRight.x, y: topRight.y },
    bottomLeft: { column: near, row: far, x: bottomLeft.x, y: bottomLeft.y },
  };
}

/** As if the code were seen from straight above: its fourth corner is that of a parallelogram. */
function seenFromAbove({ topLeft, topRight, bottomLeft }: CornerPins): Locate {
  const across = (member: keyof Pin) => topRight[member] + bottomLeft[member] - topLeft[member];
  const fourth = { column: across('column'), row: across('row'), x: across('x'), y: across('y') };
  return projectionThrough([topLeft, topRight, fourth, bottomLeft]);
}

/** Of the pattern between the two corners that were seen; of both from the top left, when the others were or it was not. */
function timingAt(image: GrayImage, corners: Corners, version: number): number {
  const locate = seenFromAbove(pinsOf(corners, version));
  const { row, column } = timingOf(image, locate, version);
  const seen = { topLeft: (row + column) / 2, topRight: column, bottomLeft: row };
  return seen[corners.guessed ?? 'topLeft'] * Math.sqrt(sizeOfVersion(version) - 18);
}

function timingOf(image: GrayImage, locate: Locate, version: number): { row: number; column: number } {
  const last = sizeOfVersion(version) - 10;
  return {
    row: timingLikeness(image, (module) => locate(module, 6.5), 9, last),
    column: timingLikeness(image, (module) => locate(6.5, module), 9, last),
  };
}

const LEAST_FINDER = 0.5;
const LEAST_CORNERS = 0.4;
const LEAST_ALIGNMENT = 0.6;

function fit(image: GrayImage, corners: Corners, version: number): Grid | undefined {
  const guess = pinsOf(corners, version);
  const about = seenFromAbove(guess);
  const finders = [guess.topLeft, guess.topRight, guess.bottomLeft].map((place) => {
    const match = findPattern(image, about, place, FINDER, 2.5);
    const isThere = match.score >= LEAST_FINDER;
    return { score: match.score, isThere, pin: isThere ? pinAt(place, about, match) : place };
  });
  const score = mean(finders.map((each) => each.score));
  if (score < LEAST_CORNERS) return undefined;
  const [topLeft = guess.topLeft, topRight = guess.topRight, bottomLeft = guess.bottomLeft] = finders.map(
    ({ pin }) => pin,
  );
  const pins = finders.filter(({ isThere }) => isThere).map(({ pin }) => pin);
  const alignments = alignmentCentres(version).map(({ column, row }) => ({
    column: column + 0.5,
    row: row + 0.5,
  }));

  // What perspective moves most is the corner that has no finder pattern: the alignment pattern there tells.
  let flat = seenFromAbove({ topLeft, topRight, bottomLeft });
  const last = alignments.pop();
  const corner = last && findPattern(image, flat, last, ALIGNMENT, 5);
  let found = 0;
  if (corner && corner.score >= LEAST_ALIGNMENT) {
    const pin = pinAt(last, flat, corner);
    flat = projectionThrough([topLeft, topRight, pin, bottomLeft]);
    pins.push(pin);
    found++;
  }
  // From the corners inwards: each alignment pattern that is found helps to find the next.
  for (let next = takeNearest(alignments, pins); next; next = takeNearest(alignments, pins)) {
    const locate = bentThrough(flat, pins);
    const match = findPattern(image, locate, next, ALIGNMENT, 1.5);
    if (match.score < LEAST_ALIGNMENT) continue;
    pins.push(pinAt(next, locate, match));
    found++;
  }

  const locate = bentThrough(flat, pins);
  const { row, column } = timingOf(image, locate, version);
  const wanted = alignmentCentres(version).length;
  const patterns = wanted === 0 ? score : (score + found / wanted) / 2;
  return { version, locate, likeness: mean([patterns, (row + column) / 2]) };
}

function findPattern(image: GrayImage, locate: Locate, place: Place, pattern: Pattern, reach: number): Match {
  const coarse = bestMatch(image, locate, place, pattern, { reach, step: reach > 2 ? 0.5 : 0.25 });
  return bestMatch(image, locate, coarse, pattern, { reach: 0.25, step: 0.125 });
}

function pinAt({ column, row }: Place, locate: Locate, seenAt: Place): Pin {
  const { x, y }: Point = locate(seenAt.column, seenAt.row);
  return { column, row, x, y };
}

/** Takes the place out of `left` that is nearest to one that was found. */
function takeNearest(left: Place[], found: readonly Pin[]): Place | undefined {
  const distance = ({ column, row }: Place) =>
    Math.min(...found.map((each) => (each.column - column) ** 2 + (each.row - row) ** 2));
  return left.sort((a, b) => distance(b) - distance(a)).pop();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
