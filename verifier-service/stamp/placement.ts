import type { Corner } from '../intake/image-page.js';
import { MM } from '../intake/units.js';
import type { StampForm } from './layout.js';
import type { Rect } from './page-box.js';

/** What of a page is taken, in square cells; row 0 on top. */
export interface Occupancy {
  readonly columns: number;
  readonly rows: number;
  /** Points along one side. */
  readonly cell: number;
  /** 1 where something is, else 0. */
  readonly taken: Uint8Array;
}

export interface StampSize {
  readonly form: StampForm;
  readonly width: number;
  readonly height: number;
  /** White on its left, the QR's quiet zone, that may reach into the margin so that the QR is in line with it. */
  readonly bleed: number;
}

export interface Place {
  readonly rect: Rect;
  readonly form: StampForm;
}

export interface FoundPlace extends Place {
  /** The corner that it is nearest to. */
  readonly corner: Corner;
}

/** Printers cut off, and readers' hands cover, what is nearer to the edge. */
export const EDGE = 5 * MM;
/** Between the stamp and anything else. */
export const CLEARANCE = 3 * MM;
/** The stamp stands in line with the page's own margin, when that is neither too narrow nor too wide. */
const [MIN_INSET, MAX_INSET, USUAL_INSET] = [8 * MM, 36 * MM, 12 * MM];
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
): FoundPlace | undefined {
  const sums = integrate(occupancy);
  const insets = contentInsets(occupancy, sums, page);
  let best: { readonly place: FoundPlace; readonly cost: number } | undefined;
  for (const { size, corner, penalty } of choices(sizes, wanted)) {
    if (best !== undefined && penalty >= best.cost) break; // the cheapest come first
    for (const { rect, distance } of candidates(page, size, corner, insets, 2 * occupancy.cell)) {
      const cost = penalty + distance;
      if (best !== undefined && cost >= best.cost) break; // the nearest come first
      if (!isEmpty(occupancy, sums, page, rect)) continue;
      best = { place: { rect, form: size.form, corner }, cost };
      break;
    }
  }
  return best?.place;
}

function choices(
  sizes: readonly StampSize[],
  wanted: Corner,
): { size: StampSize; corner: Corner; penalty: number }[] {
  const corners = ['bottom-right', 'bottom-left', 'top-right', 'top-left'] as const;
  const all = sizes.flatMap((size) =>
    corners.map((corner) => ({
      size,
      corner,
      penalty:
        (sideOf(corner) === sideOf(wanted) ? 0 : OTHER_SIDE) +
        (endOf(corner) === endOf(wanted) ? 0 : OTHER_END) +
        (size.form === 'tall' ? TALL : 0),
    })),
  );
  return all.sort((a, b) => a.penalty - b.penalty);
}

const sideOf = (corner: Corner): string => corner.slice(corner.indexOf('-') + 1);
const endOf = (corner: Corner): string => corner.slice(0, corner.indexOf('-'));

interface Insets {
  readonly side: Readonly<Record<string, number>>;
  readonly end: Readonly<Record<string, number>>;
}

/** From one corner along the side and along the end of the page, to its middle, nearest first. */
function candidates(
  page: { readonly width: number; readonly height: number },
  { width, height, bleed }: StampSize,
  corner: Corner,
  insets: Insets,
  step: number,
): { rect: Rect; distance: number }[] {
  const across = page.width - width;
  const up = page.height - height;
  if (across < 2 * EDGE || up < 2 * EDGE) return [];
  const left = sideOf(corner) === 'left';
  const within = (inset: number, room: number): number => Math.max(EDGE, Math.min(inset, room - EDGE));
  const atSide = within((insets.side[sideOf(corner)] ?? USUAL_INSET) - (left ? bleed : 0), across);
  const atEnd = within(insets.end[endOf(corner)] ?? USUAL_INSET, up);
  const found: { rect: Rect; distance: number }[] = [];
  const add = (fromSide: number, fromEnd: number, distance: number): void => {
    const x = left ? fromSide : across - fromSide;
    const y = endOf(corner) === 'bottom' ? fromEnd : up - fromEnd;
    found.push({ rect: { x, y, width, height }, distance });
  };
  for (const fromSide of new Set([atSide, within(USUAL_INSET, across), EDGE])) {
    const extra = fromSide === atSide ? 0 : 8;
    add(fromSide, atEnd, extra);
    for (let fromEnd = EDGE; fromEnd <= Math.min(page.height * 0.55, up - EDGE); fromEnd += step) {
      // in the margin proper a little is better than beyond its line
      add(fromSide, fromEnd, extra + (fromEnd < atEnd ? (atEnd - fromEnd) * 0.5 : fromEnd - atEnd));
    }
  }
  for (const fromEnd of new Set([atEnd, within(USUAL_INSET, up), EDGE])) {
    for (let fromSide = EDGE; fromSide <= across / 2; fromSide += step) {
      add(fromSide, fromEnd, 30 + Math.abs(fromSide - atSide) + (fromEnd === atEnd ? 0 : 8));
    }
  }
  return found.sort((a, b) => a.distance - b.distance);
}

/** The page's margins, by what is on it. */
function contentInsets(
  { columns, rows, cell }: Occupancy,
  sums: Uint32Array,
  page: { readonly width: number; readonly height: number },
): Insets {
  const upTo = (row: number, column: number): number => sums[row * (columns + 1) + column] ?? 0;
  const inColumn = (column: number): number => upTo(rows, column + 1) - upTo(rows, column);
  const inRow = (row: number): number => upTo(row + 1, columns) - upTo(row, columns);
  // what is wider than any margin is just empty: the margin is then as wide as the one across from it
  const inset = (own: number, across: number): number =>
    Math.max(MIN_INSET, own <= MAX_INSET ? own : across <= MAX_INSET ? across : USUAL_INSET);
  const side = [
    marginOf(columns, inColumn) * cell,
    page.width - (columns - marginOf(columns, (i) => inColumn(columns - 1 - i))) * cell,
  ] as const;
  const end = [
    marginOf(rows, inRow) * cell,
    page.height - (rows - marginOf(rows, (i) => inRow(rows - 1 - i))) * cell,
  ] as const;
  return {
    side: { left: inset(side[0], side[1]), right: inset(side[1], side[0]) },
    end: { top: inset(end[0], end[1]), bottom: inset(end[1], end[0]) },
  };
}

/** How many lines of cells, from an edge, hold no more than bands and frames that reach the edge itself. */
function marginOf(lines: number, takenIn: (line: number) => number): number {
  const band = takenIn(0) + 1;
  for (let line = 0; line < lines; line++) if (takenIn(line) > band) return line;
  return lines;
}

/** Sums over all cells above and left of each, so that any rectangle is counted in four look-ups. */
function integrate({ columns, rows, taken }: Occupancy): Uint32Array {
  const stride = columns + 1;
  const sums = new Uint32Array(stride * (rows + 1));
  let cell = 0;
  for (let row = 1; row <= rows; row++) {
    let line = 0;
    const end = (row + 1) * stride;
    for (let at = row * stride + 1; at < end; at++) {
      line += taken[cell++] ?? 0;
      sums[at] = (sums[at - stride] ?? 0) + line;
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
