import type { PdfFile } from '../intake/pdf/file.js';
import { nameText, type PdfPage } from '../intake/pdf/pages.js';
import { asShown, type PageBox } from './page-box.js';
import type { Occupancy } from './placement.js';
import type { Picture } from './renderer.js';

/** A difference in any colour that an eye, or a printer, would not notice. */
const UNNOTICED = 5;

/** A ground this light may be covered with white; only pages of which it is the greater part have one. */
const LIGHTEST_GROUND = 200;

/**
 * What of a page is taken: whatever is drawn on its ground, and the rectangles of its links, fields and other
 * annotations, drawn or not.
 */
export function occupancyOf(file: PdfFile, page: PdfPage, box: PageBox, picture: Picture): Occupancy {
  const { width, height, pixels } = picture;
  const ground = groundOf(pixels);
  const taken = new Uint8Array(width * height);
  for (let i = 0; i < taken.length; i++) {
    const at = i * 4;
    const red = Math.abs((pixels[at] ?? 0) - ground[0]);
    const green = Math.abs((pixels[at + 1] ?? 0) - ground[1]);
    const blue = Math.abs((pixels[at + 2] ?? 0) - ground[2]);
    if (red > UNNOTICED || green > UNNOTICED || blue > UNNOTICED) taken[i] = 1;
  }
  const cell = box.width / width;
  const occupancy = { columns: width, rows: height, cell, taken };
  for (const annotation of file.array(page.dict.get('Annots'))) {
    const dict = file.dict(annotation);
    const [x0, y0, x1, y1] = file.array(dict?.get('Rect')).map((value) => file.number(value) ?? 0);
    if (nameText(dict?.get('Subtype')) === 'Popup' || y1 === undefined) continue;
    const [left, right] = [Math.min(x0 ?? 0, x1 ?? 0), Math.max(x0 ?? 0, x1 ?? 0)];
    const [low, high] = [Math.min(y0 ?? 0, y1), Math.max(y0 ?? 0, y1)];
    take(occupancy, box.height, asShown(box, [left, low, right, high]));
  }
  return occupancy;
}

/** White, or the light colour that most of the page has. */
function groundOf(pixels: Uint8Array): readonly [number, number, number] {
  const counts = new Map<number, number>();
  let most = 0xffffff;
  for (let at = 0; at < pixels.length; at += 4 * 7) {
    const colour = ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
    const count = (counts.get(colour) ?? 0) + 1;
    counts.set(colour, count);
    if (count > (counts.get(most) ?? 0)) most = colour;
  }
  const ground = [most >> 16, (most >> 8) & 255, most & 255] as const;
  const share = ((counts.get(most) ?? 0) * 4 * 7) / pixels.length;
  return share > 0.5 && Math.min(...ground) >= LIGHTEST_GROUND ? ground : [255, 255, 255];
}

function take(
  { columns, rows, cell, taken }: Occupancy & { readonly taken: Uint8Array },
  pageHeight: number,
  rect: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): void {
  const from = Math.max(0, Math.floor(rect.x / cell));
  const to = Math.min(columns, Math.ceil((rect.x + rect.width) / cell));
  const top = Math.max(0, Math.floor((pageHeight - rect.y - rect.height) / cell));
  const bottom = Math.min(rows, Math.ceil((pageHeight - rect.y) / cell));
  for (let row = top; row < bottom; row++) taken.fill(1, row * columns + from, row * columns + Math.max(from, to));
}
