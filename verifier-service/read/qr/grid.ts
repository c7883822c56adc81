import type { GrayImage } from '../pixels.js';
import { modulesAlong, type Corners } from './corners.js';
import { ALIGNMENT, bestMatch, FINDER, timingLikeness, type Match, type Pattern } from './patterns.js';
import { bentThrough, projectionThrough, type Locate, type Pin, type Place } from './projection.js';
import { alignmentCentres, sizeOfVersion } from './symbol.js';

/** Where each module of a code is in a picture. */
export interface Grid {
  readonly version: number;
  readonly locate: Locate;
  /** How well what every code of this version has at the same places is there: 1 for all of it, 0 for anything. */
  readonly likeness: number;
}

/** The size of a finder pattern tells the version only roughly. */
const VERSIONS_CONSIDERED = 11;
/** Of timing patterns, in standard deviations of what is seen where there is no code. */
const LEAST_TIMING = 2.5;
const LEAST_TIMING_OF_TWO = 4;
const GRIDS_FITTED = 8;
const LEAST_LIKENESS = 0.6;

/**
 * The grids that fit, the likeliest first. Fitting takes a thousand times as long as looking whether there is a timing
 * pattern where one should be: this is done for all corners, the other for few.
 */
export function* gridsAmong(image: GrayImage, corners: readonly Corners[]): Generator<Grid> {
  const timed = corners.flatMap((each) => {
    const about = (modulesAlong(each) - 17) / 4;
    const least = each.guessed === undefined ? LEAST_TIMING : LEAST_TIMING_OF_TWO;
    return Array.from({ length: 40 }, (_, i) => i + 1)
      .sort((a, b) => Math.abs(a - about) - Math.abs(b - about))
      .slice(0, VERSIONS_CONSIDERED)
      .map((version) => ({
        corners: each,
        version,
        timing: timingOf(image, each, version) * Math.sqrt(sizeOfVersion(version) - 18),
      }))
      .filter(({ timing }) => timing >= least);
  });
  for (const { corners: each, version } of timed.sort((a, b) => b.timing - a.timing).slice(0, GRIDS_FITTED)) {
    const grid = fit(image, each, version);
    if (grid && grid.likeness >= LEAST_LIKENESS) yield grid;
  }
}

/** Of the patterns between corners that were seen: with two of them that is one pattern, or both from a guessed corner. */
function timingOf(image: GrayImage, corners: Corners, version: number): number {
  const size = sizeOfVersion(version);
  const flat = projectionThrough(flatPins(corners, size));
  const row = () => timingLikeness(image, (i) => flat(i, 6.5), 9, size - 10);
  const column = () => timingLikeness(image, (i) => flat(6.5, i), 9, size - 10);
  switch (corners.guessed) {
    case 'bottomLeft':
      return row();
    case 'topRight':
      return column();
    default:
      return (row() + column()) / 2;
  }
}

/** The middles of the three finder patterns, and the fourth corner of the parallelogram. */
function flatPins({ topLeft, topRight, bottomLeft }: Corners, size: number): [Pin, Pin, Pin, Pin] {
  const [near, far] = [3.5, size - 3.5];
  const fourth = { x: topRight.x + bottomLeft.x - topLeft.x, y: topRight.y + bottomLeft.y - topLeft.y };
  return [pin(near, near, topLeft), pin(far, near, topRight), pin(far, far, fourth), pin(near, far, bottomLeft)];
}

const pin = (column: number, row: number, { x, y }: { readonly x: number; readonly y: number }): Pin => ({
  column,
  row,
  x,
  y,
});

const LEAST_FINDER = 0.5;
const LEAST_CORNER = 0.4;
const LEAST_ALIGNMENT = 0.6;

function fit(image: GrayImage, corners: Corners, version: number): Grid | undefined {
  const size = sizeOfVersion(version);
  const guess = flatPins(corners, size);
  const guessed = projectionThrough(guess);
  const finders = [guess[0], guess[1], guess[3]].map((each) => {
    const match = findPattern(image, guessed, each, FINDER, 2.5);
    return { score: match.score, pin: match.score < LEAST_FINDER ? each : { ...each, ...guessed(match.column, match.row) } };
  });
  const [topLeft = guess[0], topRight = guess[1], bottomLeft = guess[3]] = finders.map((each) => each.pin);
  const corner = finders.reduce((sum, { score }) => sum + score, 0) / 3;
  if (corner < LEAST_CORNER) return undefined;
  const fourth = flatPins({ ...corners, topLeft, topRight, bottomLeft }, size)[2];
  let flat = projectionThrough([topLeft, topRight, fourth, bottomLeft]);
  const pins = finders.filter(({ score }) => score >= LEAST_FINDER).map((each) => each.pin);
  let found = 0;
  const findAlignment = (locate: Locate, place: Place, reach: number): Pin | undefined => {
    const match = findPattern(image, locate, place, ALIGNMENT, reach);
    if (match.score < LEAST_ALIGNMENT) return undefined;
    const at = { ...place, ...locate(match.column, match.row) };
    pins.push(at);
    found++;
    return at;
  };

  // What perspective moves most is the corner that has no finder pattern: the alignment pattern there tells.
  const last = { column: size - 6.5, row: size - 6.5 };
  const lastPin = version > 1 ? findAlignment(flat, last, 5) : undefined;
  if (lastPin) flat = projectionThrough([topLeft, topRight, lastPin, bottomLeft]);
  // From the corners inwards: each alignment pattern that is found helps to find the next.
  const centres = alignmentCentres(version).map(({ column, row }) => ({ column: column + 0.5, row: row + 0.5 }));
  const left = centres.filter(({ column, row }) => column !== last.column || row !== last.row);
  const bent = () => (pins.length > 0 ? bentThrough(flat, pins) : flat);
  for (let next = takeNearest(left, pins); next; next = takeNearest(left, pins)) findAlignment(bent(), next, 1.5);

  const locate = bent();
  const timing = timingLikeness(image, (i) => locate(i, 6.5), 9, size - 10) + timingLikeness(image, (i) => locate(6.5, i), 9, size - 10);
  const fixed = centres.length === 0 ? corner : (corner + found / centres.length) / 2;
  return { version, locate, likeness: (fixed + timing / 2) / 2 };
}

function findPattern(image: GrayImage, locate: Locate, place: Place, pattern: Pattern, reach: number): Match {
  const coarse = bestMatch(image, locate, place, pattern, { reach, step: reach > 2 ? 0.5 : 0.25 });
  return bestMatch(image, locate, coarse, pattern, { reach: 0.25, step: 0.125 });
}

/** Takes the place out of `left` that is nearest to one whose place in the picture is known. */
function takeNearest(left: Place[], pins: readonly Pin[]): Place | undefined {
  const distance = ({ column, row }: Place) =>
    Math.min(...pins.map((each) => (each.column - column) ** 2 + (each.row - row) ** 2));
  left.sort((a, b) => distance(b) - distance(a));
  return left.pop();
}
