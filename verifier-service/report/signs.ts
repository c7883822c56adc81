import type { CheckState } from '@spondon/protocol/verdict/codes';
import type { Verdict } from '@spondon/protocol/verdict/summaries';
import { fillWith, number, type Ink, type TextItem } from '../text/draw.js';
import type { Shaper } from '../text/shape.js';
import { type Block, HALF_CAPITAL } from './blocks.js';
import { fromTop } from './page.js';

/** How an answer sounds. Each has a shape and a colour of its own, beside the words: one of them is enough. */
export type Tone = 'good' | 'bad' | 'caution' | 'unknown';

export const TONE_OF_VERDICT: Readonly<Record<Verdict, Tone>> = {
  valid: 'good',
  pending: 'unknown',
  revoked: 'bad',
  superseded: 'bad',
  expired: 'caution',
  'not-original': 'caution',
  altered: 'bad',
  conflict: 'caution',
  'not-found': 'caution',
  unavailable: 'unknown',
};

export const TONE_OF_STATE: Readonly<Record<CheckState, Tone>> = {
  passed: 'good',
  failed: 'bad',
  unavailable: 'unknown',
};

/** Dark enough for text on white or on its own ground (at least 4.5 : 1). */
export const INKS: Readonly<Record<Tone, Ink>> = {
  good: [0.07, 0.39, 0.24],
  bad: [0.64, 0.11, 0.13],
  caution: [0.5, 0.31, 0],
  unknown: [0.27, 0.33, 0.41],
};

export const GROUNDS: Readonly<Record<Tone, Ink>> = {
  good: [0.93, 0.965, 0.94],
  bad: [0.985, 0.935, 0.93],
  caution: [0.99, 0.96, 0.9],
  unknown: [0.945, 0.953, 0.963],
};

/** A circle with a tick, an octagon with a cross, a triangle with '!', a diamond with '?': white on the tone's ink. */
export function sign(shape: Shaper, tone: Tone, size: number): Block {
  return {
    height: size,
    put: (page, x, top) => {
      const radius = size / 2;
      const centre = { x: x + radius, y: fromTop(top + radius) };
      const at = (points: readonly Point[]): string => path(points, centre, radius);
      const ground = tone === 'good' ? circle(centre, radius) : `${at(OUTLINES[tone])} h`;
      const strokes = STROKES[tone].map((points) => `${at(points)} S`);
      const operators = [
        `${fillWith(INKS[tone])} ${ground} f`,
        `1 G 1 J 1 j ${number(size * 0.11)} w`,
        ...strokes,
      ];
      page.artefact(operators.join('\n'), lettersIn(shape, tone, { x: x + radius, y: top + radius }, size));
    },
  };
}

type Point = readonly [x: number, y: number];

const OUTLINES: Readonly<Record<Exclude<Tone, 'good'>, readonly Point[]>> = {
  bad: Array.from({ length: 8 }, (_, n): Point => {
    const angle = ((n + 0.5) * Math.PI) / 4;
    return [1.03 * Math.cos(angle), 1.03 * Math.sin(angle)];
  }),
  caution: [
    [0, 1],
    [1.06, -0.86],
    [-1.06, -0.86],
  ],
  unknown: [
    [0, 1.08],
    [1.08, 0],
    [0, -1.08],
    [-1.08, 0],
  ],
};
const STROKES: Readonly<Record<Tone, readonly (readonly Point[])[]>> = {
  good: [
    [
      [-0.46, 0],
      [-0.12, -0.36],
      [0.48, 0.36],
    ],
  ],
  bad: [
    [
      [-0.36, -0.36],
      [0.36, 0.36],
    ],
    [
      [-0.36, 0.36],
      [0.36, -0.36],
    ],
  ],
  caution: [],
  unknown: [],
};
/** Drawn in the shape: its size, and how much lower than the middle it stands, in sizes of the sign. */
interface Letter {
  readonly character: string;
  readonly size: number;
  readonly drop: number;
}
const LETTERS: Readonly<Partial<Record<Tone, Letter>>> = {
  caution: { character: '!', size: 0.66, drop: 0.12 },
  unknown: { character: '?', size: 0.66, drop: 0 },
};

/** Measured from the top, as text is. */
function lettersIn(shape: Shaper, tone: Tone, centre: Centre, size: number): TextItem[] {
  const letter = LETTERS[tone];
  if (!letter) return [];
  const text = shape(letter.character, 'Bold');
  const type = size * letter.size;
  const x = centre.x - (text.width * type) / 2000;
  return [{ text, size: type, x, y: centre.y + type * HALF_CAPITAL + size * letter.drop, ink: 1 }];
}

interface Centre {
  readonly x: number;
  readonly y: number;
}

function path(points: readonly Point[], centre: Centre, radius: number): string {
  return points
    .map(
      ([x, y], at) =>
        `${number(centre.x + x * radius)} ${number(centre.y + y * radius)} ${at === 0 ? 'm' : 'l'}`,
    )
    .join(' ');
}

/** Of a circle's quarter, where the control points of the nearest Bézier curve lie. */
const KAPPA = 0.5523;

function circle(centre: Centre, radius: number): string {
  const at = (x: number, y: number): string =>
    `${number(centre.x + x * radius)} ${number(centre.y + y * radius)}`;
  return [
    `${at(1, 0)} m`,
    `${at(1, KAPPA)} ${at(KAPPA, 1)} ${at(0, 1)} c`,
    `${at(-KAPPA, 1)} ${at(-1, KAPPA)} ${at(-1, 0)} c`,
    `${at(-1, -KAPPA)} ${at(-KAPPA, -1)} ${at(0, -1)} c`,
    `${at(KAPPA, -1)} ${at(1, -KAPPA)} ${at(1, 0)} c`,
  ].join(' ');
}
