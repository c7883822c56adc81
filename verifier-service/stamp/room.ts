import type { Corner } from '../intake/image-page.js';
import type { PdfFile } from '../intake/pdf/file.js';
import type { PdfPage } from '../intake/pdf/pages.js';
import { annotationsOf, emptyGrid, isBlank, occupancyOf, take, type Grid } from './occupancy.js';
import { asShown, type PageBox, type Rect } from './page-box.js';
import type { PageView, PixelArea } from './page-view.js';
import { CLEARANCE, findPlace, type FoundPlace, type StampSize } from './placement.js';

export interface PageToStamp {
  readonly file: PdfFile;
  readonly page: PdfPage;
  readonly box: PageBox;
  readonly view: PageView;
}

/** One pixel for 2 points sees a hairline; a poster is looked at from farther away. */
const UNITS_PER_PIXEL = 2;
const MAX_PIXELS = 1_200;

/**
 * Where a page has room for a stamp, nearest to the wanted corner; undefined when it has none. The place is always
 * one that a picture shows to be empty. Drawing text takes longer than all the rest, so that a place in the wanted
 * corner is first looked for by what the page says is where, and only that place drawn; the page is drawn whole when
 * that does not give a place.
 */
export function findRoom(
  to: PageToStamp,
  sizes: readonly StampSize[],
  wanted: Corner,
): FoundPlace | undefined {
  const { view, box } = to;
  const scale = Math.min(1 / UNITS_PER_PIXEL, MAX_PIXELS / Math.max(view.width, view.height));
  const columns = Math.max(1, Math.floor(view.width * scale));
  const grid = { columns, rows: Math.max(1, Math.floor(view.height * scale)), cell: box.width / columns };
  return findByBounds(to, grid, sizes, wanted) ?? findInPicture(to, grid, sizes, wanted);
}

/** A page of more objects is drawn sooner than these are gone through. */
const MAX_OBJECTS = 20_000;
/** What may mark more of a page than this, a ground or a frame, says little of where it does. */
const LARGE_SHARE = 0.25;

function findByBounds(
  { file, page, box, view }: PageToStamp,
  grid: Grid,
  sizes: readonly StampSize[],
  wanted: Corner,
): FoundPlace | undefined {
  const objects = view.objects(MAX_OBJECTS);
  if (objects === undefined) return undefined;
  const occupancy = emptyGrid(grid);
  for (const { bounds, isImage } of objects) {
    const rect = asShown(box, bounds);
    const large = rect.width * rect.height > LARGE_SHARE * box.width * box.height;
    if (large && isImage) return undefined; // a scan: drawing any part of it decodes it all, and once is enough
    if (!large) take(occupancy, box.height, rect);
  }
  for (const rect of annotationsOf(file, page, box)) take(occupancy, box.height, rect);
  const place = findPlace(occupancy, box, sizes, wanted);
  // in the wanted corner there may be room that only a picture shows
  if (place?.corner !== wanted) return undefined;
  return isBlank(view.render({ width: grid.columns, height: grid.rows }, pixelsAround(place.rect, box, grid)))
    ? place
    : undefined;
}

function findInPicture(
  { file, page, box, view }: PageToStamp,
  grid: Grid,
  sizes: readonly StampSize[],
  wanted: Corner,
): FoundPlace | undefined {
  const occupancy = occupancyOf(view.render({ width: grid.columns, height: grid.rows }), grid);
  for (const rect of annotationsOf(file, page, box)) take(occupancy, box.height, rect);
  return findPlace(occupancy, box, sizes, wanted);
}

/** A rectangle of the page with its clearance, as pixels of the page's picture. */
function pixelsAround({ x, y, width, height }: Rect, box: PageBox, { columns, rows, cell }: Grid): PixelArea {
  const left = Math.max(0, Math.floor((x - CLEARANCE) / cell));
  const top = Math.max(0, Math.floor((box.height - y - height - CLEARANCE) / cell));
  const right = Math.min(columns, Math.ceil((x + width + CLEARANCE) / cell));
  const bottom = Math.min(rows, Math.ceil((box.height - y + CLEARANCE) / cell));
  return { x: left, y: top, width: right - left, height: bottom - top };
}
