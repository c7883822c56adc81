import { MM } from './units.js';

/** Points. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Area extends Size {
  readonly x: number;
  readonly y: number;
}

/** Of a page as it is shown. */
export type Corner = 'bottom-right' | 'bottom-left' | 'top-right' | 'top-left';

/** A4, and what goes where on it. */
export interface ImagePage extends Size {
  readonly image: Area;
  readonly room: Area;
}

const A4 = { width: 210 * MM, height: 297 * MM };
const MARGIN = 8 * MM;
const GAP = 5 * MM;

/**
 * The arrangement in which the picture comes out largest: portrait or landscape, the stamp's room along the foot or
 * head of the page or along a side of it.
 */
export function chooseLayout(image: Size, stampSizes: readonly Size[], corner: Corner): ImagePage {
  const pages = [A4, { width: A4.height, height: A4.width }].flatMap((page) =>
    stampSizes.flatMap((stamp) => [
      arrange(page, image, stamp, 'end', corner),
      arrange(page, image, stamp, 'side', corner),
    ]),
  );
  const [first, ...others] = pages;
  if (first === undefined) throw new Error('no stamp size to keep room for');
  return others.reduce((best, page) => (page.image.width > best.image.width ? page : best), first);
}

function arrange(page: Size, image: Size, stamp: Size, along: 'end' | 'side', corner: Corner): ImagePage {
  const left = corner.endsWith('left');
  const bottom = corner.startsWith('bottom');
  const beside = along === 'side' ? stamp.width + GAP : 0;
  const under = along === 'end' ? stamp.height + GAP : 0;
  const width = page.width - 2 * MARGIN - beside;
  const height = page.height - 2 * MARGIN - under;
  const scale = Math.min(width / image.width, height / image.height);
  const size = { width: image.width * scale, height: image.height * scale };
  const x = MARGIN + (left ? beside : 0) + (width - size.width) / 2;
  // over a stamp at the foot the picture hangs from the head of the page, and the other way round
  const slack = height - size.height;
  const y = MARGIN + (bottom ? under : 0) + (along === 'side' ? slack / 2 : bottom ? slack : 0);
  if (along === 'side') {
    const column = { width: stamp.width, height: page.height - 2 * MARGIN, y: MARGIN };
    return {
      ...page,
      image: { ...size, x, y },
      room: { ...column, x: left ? MARGIN : page.width - MARGIN - stamp.width },
    };
  }
  // in line with the picture when that is wide enough
  const lined =
    size.width >= stamp.width ? { x, width: size.width } : { x: MARGIN, width: page.width - 2 * MARGIN };
  const room = { ...lined, height: stamp.height, y: bottom ? MARGIN : page.height - MARGIN - stamp.height };
  return { ...page, image: { ...size, x, y }, room };
}
