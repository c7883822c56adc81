import { ServiceError } from '../error.js';
import { MAX_PAGE_UNITS } from '../intake/limits.js';
import type { PdfFile } from '../intake/pdf/file.js';
import type { PdfPage } from '../intake/pdf/pages.js';
import type { PdfValue } from '../intake/pdf/value.js';
import { MM } from '../intake/units.js';

/** Lower left and upper right corner, in the page's own units. */
export type Box = readonly [number, number, number, number];

/** A rectangle as the reader sees the page: points, from the lower left corner of what is shown. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** How a page is shown. */
export interface PageBox {
  /** What of the page is shown: its CropBox within its MediaBox. */
  readonly shown: Box;
  readonly media: Box;
  readonly cropped: boolean;
  /** Clockwise. */
  readonly rotate: 0 | 90 | 180 | 270;
  /** Points per unit of the page (UserUnit). */
  readonly unit: number;
  /** As shown, in points. */
  readonly width: number;
  readonly height: number;
}

const US_LETTER: Box = [0, 0, 612, 792];

/** The narrowest page that takes a QR of 40 mm with its quiet zone, 5 mm from both edges. */
const MIN_WIDTH = 53.5 * MM;

/** Throws FILE_BOMB when the page is larger than a page can be, FILE_NO_ROOM when it is narrower than a stamp. */
export function readPageBox(file: PdfFile, page: PdfPage): PageBox {
  const media = readBox(file, page.attributes.get('MediaBox')) ?? US_LETTER;
  const crop = readBox(file, page.attributes.get('CropBox'));
  const overlap = crop && intersect(media, crop);
  const shown = overlap ?? media;
  const turns = Math.round((file.number(page.attributes.get('Rotate')) ?? 0) / 90);
  const rotate = (((turns % 4) + 4) % 4) * 90;
  const userUnit = file.number(page.dict.get('UserUnit')) ?? 1;
  const unit = userUnit > 0 ? userUnit : 1;
  const across = shown[2] - shown[0];
  const up = shown[3] - shown[1];
  if (Math.max(across, up) > MAX_PAGE_UNITS)
    throw new ServiceError('FILE_BOMB', 'A page of the PDF is metres wide.');
  const [width, height] = rotate % 180 === 0 ? [across * unit, up * unit] : [up * unit, across * unit];
  if (width < MIN_WIDTH) {
    throw new ServiceError('FILE_NO_ROOM', 'The page is narrower than the stamp, which needs 54 mm.');
  }
  return {
    shown,
    media,
    cropped: overlap !== undefined,
    rotate: rotate as PageBox['rotate'],
    unit,
    width,
    height,
  };
}

function readBox(file: PdfFile, value: PdfValue | undefined): Box | undefined {
  const [a, b, c, d] = file.array(value).map((item) => file.number(item));
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
  const box: Box = [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
  return box[2] > box[0] && box[3] > box[1] ? box : undefined;
}

function intersect(a: Box, b: Box): Box | undefined {
  const box: Box = [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
  return box[2] > box[0] && box[3] > box[1] ? box : undefined;
}

/** `a b c d e f` as in the operator cm: from points as shown to the page's own space. */
export type Matrix = readonly [number, number, number, number, number, number];

export function toPageSpace({ shown: [left, bottom, right, top], rotate, unit }: PageBox): Matrix {
  const u = 1 / unit;
  if (rotate === 90) return [0, u, -u, 0, right, bottom];
  if (rotate === 180) return [-u, 0, 0, -u, right, top];
  if (rotate === 270) return [0, -u, u, 0, left, top];
  return [u, 0, 0, u, left, bottom];
}

/** A box in the page's own space, as it is shown. */
export function asShown(page: PageBox, box: Box): Rect {
  const [left, bottom, right, top] = page.shown;
  const [x0, y0, x1, y1] = box;
  const { unit } = page;
  const rect = (x: number, y: number, width: number, height: number): Rect => ({
    x: x * unit,
    y: y * unit,
    width: width * unit,
    height: height * unit,
  });
  if (page.rotate === 90) return rect(y0 - bottom, right - x1, y1 - y0, x1 - x0);
  if (page.rotate === 180) return rect(right - x1, top - y1, x1 - x0, y1 - y0);
  if (page.rotate === 270) return rect(top - y1, x0 - left, y1 - y0, x1 - x0);
  return rect(x0 - left, y0 - bottom, x1 - x0, y1 - y0);
}

/** The same page with `points` more at what the reader sees as its foot. */
export function growFoot(page: PageBox, points: number): PageBox {
  const by = points / page.unit;
  const [left, bottom, right, top] = page.shown;
  const shown: Box =
    page.rotate === 90
      ? [left, bottom, right + by, top]
      : page.rotate === 180
        ? [left, bottom, right, top + by]
        : page.rotate === 270
          ? [left - by, bottom, right, top]
          : [left, bottom - by, right, top];
  const { media } = page;
  const around: Box = [
    Math.min(media[0], shown[0]),
    Math.min(media[1], shown[1]),
    Math.max(media[2], shown[2]),
    Math.max(media[3], shown[3]),
  ];
  return { ...page, shown, media: around, height: page.height + points };
}

/** `b` after `a`. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  return [
    a[0] * b[0] + a[1] * b[2],
    a[0] * b[1] + a[1] * b[3],
    a[2] * b[0] + a[3] * b[2],
    a[2] * b[1] + a[3] * b[3],
    a[4] * b[0] + a[5] * b[2] + b[4],
    a[4] * b[1] + a[5] * b[3] + b[5],
  ];
}
