import type { Corner } from './details.js';
import { MM, type StampForm } from './layout.js';
import type { Rect } from './page-box.js';

/** What of a page is taken, in square cells; row 0 on top. */
export interface Occupancy {
  readonly columns: number;
  readonly rows: number;
  /** Points along one side. */
  readonly cell: number;
  /** Not zero where something is. */
  readonly taken: Uint8Array;
}

export interface StampSize {
  readonly form: StampForm;
  readonly width: number;
  readonly height: number;
}

export interface Place {
  readonly rect: Rect;
  readonly form: StampForm;
}

/** Printers cut off, and readers' hands cover, what is nearer to the edge. */
export const EDGE = 5 * MM;
/** Between the stamp and anything else. */
const CLEARANCE = 3 * MM;
/** The stamp stands in line with the page's own margin, when that is neither too narrow nor too wide. */
const [MIN_INSET, MAX_INSET, USUAL_INSET] = [8 * MM, 25 * MM, 12 * MM];
/** What another corner than the wanted one costs, in points of distance. */
const OTHER_SIDE = 150;
const OTHER_END = 300;
const TALL = 20;

/**
 * Finds an empty rectangle for one of `sizes` along the page's margins, nearest to the wanted corner.
 * Undefined when the page has none; the stamp then needs a strip of its own.
 */
export function findPlace(
  occupancy: Occupancy,
  page: { readonly width: number; readonly height: number },
  sizes: readonly StampSize[],
  wanted: Corner,
): Place | undefined {
  const sums = integrate(occupancy);
  const insets = contentInsets(occupancy, page);
  let best: { readonly place: Place; readonly cost: number } | undefined;
  for (const size of sizes) {
    for (const corner of ['bottom-right', 'bottom-left', 'top-right', 'top-left'] as const) {
      const penalty =
        (sideOf(corner) === sideOf(wanted) ? 0 : OTHER_SIDE) +
        (endOf(corner) === endOf(wanted) ? 0 : OTHER_END) +
        (size.form === 'tall' ? TALL : 0);
      for (const { rect, distance } of candidates(page, size, corner, insets, occupancy.cell)) {
        const cost = penalty + distance;
        if (best !== undefined && cost >= best.cost) break; // the nearest come first
        if (!isEmpty(occupancy, sums, page, rect)) continue;
        best = { place: { rect, form: size.form }, cost };
        break;
      }
    }
  }
  return best?.place;
}

const sideOf = (corner: Corner): string => corner.slice(corner.indexOf('-') + 1);
const endOf = (corner: Corner): string => corner.slice(0, corner.indexOf('-'));

/** From one corner along the side and along the end of the page, to its middle, nearest first. */
function candidates(
  page: { readonly width: number; readonly height: number },
  { width, height }: StampSize,
  corner: Corner,
  insets: { readonly side: Readonly<Record<string, number>>; readonly end: Readonly<Record<string, number>> },
  step: number,
): { rect: Rect; distance: number }[] {
  const across = page.width - width;
  const up = page.height - height;
  if (across < 2 * EDGE || up < 2 * EDGE) return [];
  const atSide = Math.min(insets.side[sideOf(corner)] ?? USUAL_INSET, across - EDGE);
  const atEnd = Math.min(insets.end[endOf(corner)] ?? USUAL_INSET, up - EDGE);
  const found: { rect: Rect; distance: number }[] = [];
  const add = (fromSide: number, fromEnd: number, distance: number): void => {
    const x = sideOf(corner) === 'left' ? fromSide : across - fromSide;
    const y = endOf(corner) === 'bottom' ? fromEnd : up - fromEnd;
    found.push({ rect: { x, y, width, height }, distance });
  };
  for (const fromSide of new Set([atSide, USUAL_INSET, EDGE].filter((inset) => inset <= across - EDGE))) {
    const extra = fromSide === atSide ? 0 : 8;
    for (let fromEnd = EDGE; fromEnd <= page.height * 0.55 && fromEnd <= up - EDGE; fromEnd += step) {
      // in the margin proper a little is better than exactly at its line
      add(fromSide, fromEnd, extra + (fromEnd < atEnd ? (atEnd - fromEnd) * 0.5 : fromEnd - atEnd));
    }
  }
  for (const fromEnd of new Set([atEnd, USUAL_INSET, EDGE].filter((inset) => inset <= up - EDGE))) {
    for (let fromSide = EDGE; fromSide <= across / 2; fromSide += step) {
      add(fromSide, fromEnd, 30 + Math.abs(fromSide - atSide) + (fromEnd === atEnd ? 0 : 8));
    }
  }
  return found.sort((a, b) => a.distance - b.distance);
}

/** How far the page's content keeps from each edge, within reason. */
function contentInsets(
  { columns, rows, cell, taken }: Occupancy,
  page: { readonly width: number; readonly height: number },
): { side: Record<string, number>; end: Record<string, number> } {
  let [left, right, top, bottom] = [columns, -1, rows, -1];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (taken[row * columns + column] === 0) continue;
      left = Math.min(left, column);
      right = Math.max(right, column);
      top = Math.min(top, row);
      bottom = row;
    }
  }
  if (right < 0) return { side: {}, end: {} };
  const inset = (points: number): number => Math.min(MAX_INSET, Math.max(MIN_INSET, points));
  return {
    side: { left: inset(left * cell), right: inset(page.width - (right + 1) * cell) },
    end: { top: inset(top * cell), bottom: inset(page.height - (bottom + 1) * cell) },
  };
}

/** Sums over all cells above and left of each, so that any rectangle is counted in four look-ups. */
function integrate({ columns, rows, taken }: Occupancy): Uint32Array {
  const sums = new Uint32Array((columns + 1) * (rows + 1));
  for (let row = 0; row < rows; row++) {
    let line = 0;
    for (let column = 0; column < columns; column++) {
      line += taken[row * columns + column] === 0 ? 0 : 1;
      sums[(row + 1) * (columns + 1) + column + 1] = (sums[row * (columns + 1) + column + 1] ?? 0) + line;
    }
  }
  return sums;
}

function isEmpty(
  { columns, rows, cell }: Occupancy,
  sums: Uint32Array,
  page: { readonly height: number },
  { x, y, width, height }: Rect,
): boolean {
  const clamp = (value: number, most: number): number => Math.max(0, Math.min(most, value));
  const left = clamp(Math.floor((x - CLEARANCE) / cell), columns);
  const right = clamp(Math.ceil((x + width + CLEARANCE) / cell), columns);
  const top = clamp(Math.floor((page.height - y - height - CLEARANCE) / cell), rows);
  const bottom = clamp(Math.ceil((page.height - y + CLEARANCE) / cell), rows);
  const at = (row: number, column: number): number => sums[row * (columns + 1) + column] ?? 0;
  return at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left) === 0;
}
