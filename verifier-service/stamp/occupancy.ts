import type { PdfFile } from '../intake/pdf/file.js';
import { nameText, type PdfPage } from '../intake/pdf/pages.js';
import { asShown, type PageBox, type Rect } from './page-box.js';
import type { Occupancy } from './placement.js';
import type { Picture } from './page-view.js';

/** A difference in any colour that an eye, or a printer, would not notice. */
const UNNOTICED = 5;

/** A ground this light may be covered with white; only pages of which it is the greater part have one. */
const LIGHTEST_GROUND = 200;

/** A page in square cells, each of which is a pixel of its picture. */
export type Grid = Omit<Occupancy, 'taken'>;

export function emptyGrid(grid: Grid): Occupancy {
  return { ...grid, taken: new Uint8Array(grid.columns * grid.rows) };
}

/** What of a page is taken by what is drawn on its ground. */
export function occupancyOf(picture: Picture, grid: Grid): Occupancy {
  const occupancy = emptyGrid(grid);
  const colours = coloursOf(picture);
  const ground = groundOf(colours);
  for (let i = 0; i < colours.length; i++) {
    const colour = colours[i] ?? 0;
    if (colour !== ground && differs(colour, ground)) occupancy.taken[i] = 1;
  }
  return occupancy;
}

/** Whether nothing is drawn here, on white. */
export function isBlank(picture: Picture): boolean {
  return coloursOf(picture).every((colour) => colour === WHITE || !differs(colour, WHITE));
}

/** The rectangles of a page's links, fields and other annotations, drawn or not. */
export function annotationsOf(file: PdfFile, page: PdfPage, box: PageBox): Rect[] {
  const rects: Rect[] = [];
  for (const annotation of file.array(page.dict.get('Annots'))) {
    const dict = file.dict(annotation);
    const [x0, y0, x1, y1] = file.array(dict?.get('Rect')).map((value) => file.number(value) ?? 0);
    if (nameText(dict?.get('Subtype')) === 'Popup' || y1 === undefined) continue;
    const [left, right] = [Math.min(x0 ?? 0, x1 ?? 0), Math.max(x0 ?? 0, x1 ?? 0)];
    const [low, high] = [Math.min(y0 ?? 0, y1), Math.max(y0 ?? 0, y1)];
    rects.push(asShown(box, [left, low, right, high]));
  }
  return rects;
}

/** Colours as they stand in memory: which channel is which does not matter here. */
const WHITE = 0xffffffff;
function coloursOf({ width, height, pixels }: Picture): Uint32Array {
  return new Uint32Array(pixels.buffer, pixels.byteOffset, width * height);
}
const channels = (colour: number): [number, number, number] => [
  colour & 255,
  (colour >> 8) & 255,
  (colour >> 16) & 255,
];

function differs(a: number, b: number): boolean {
  return (
    Math.abs((a & 255) - (b & 255)) > UNNOTICED ||
    Math.abs(((a >> 8) & 255) - ((b >> 8) & 255)) > UNNOTICED ||
    Math.abs(((a >> 16) & 255) - ((b >> 16) & 255)) > UNNOTICED
  );
}

/** White, or the light colour that most of the page has. */
function groundOf(colours: Uint32Array): number {
  const counts = new Map<number, number>();
  let [most, count, looked] = [WHITE, 0, 0];
  for (let i = 0; i < colours.length; i += 11, looked++) {
    const colour = colours[i] ?? 0;
    const now = (counts.get(colour) ?? 0) + 1;
    counts.set(colour, now);
    if (now > count) [most, count] = [colour, now];
  }
  return count > looked / 2 && Math.min(...channels(most)) >= LIGHTEST_GROUND ? most : WHITE;
}

/** Marks the cells that a rectangle touches as taken. */
export function take(
  { columns, rows, cell, taken }: Occupancy,
  pageHeight: number,
  { x, y, width, height }: Rect,
): void {
  const from = Math.max(0, Math.floor(x / cell));
  const to = Math.min(columns, Math.ceil((x + width) / cell));
  const top = Math.max(0, Math.floor((pageHeight - y - height) / cell));
  const bottom = Math.min(rows, Math.ceil((pageHeight - y) / cell));
  for (let row = top; row < bottom; row++)
    taken.fill(1, row * columns + from, row * columns + Math.max(from, to));
}
