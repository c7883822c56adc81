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
      arrange(page, image, { width: page.width - 2 * MARGIN, height: stamp.height }, 'end', corner),
      arrange(page, image, { width: stamp.width, height: page.height - 2 * MARGIN }, 'side', corner),
    ]),
  );
  const [first, ...others] = pages;
  if (first === undefined) throw new Error('no stamp size to keep room for');
  return others.reduce((best, page) => (page.image.width > best.image.width ? page : best), first);
}

function arrange(page: Size, image: Size, room: Size, along: 'end' | 'side', corner: Corner): ImagePage {
  const left = corner.endsWith('left');
  const bottom = corner.startsWith('bottom');
  const width = page.width - 2 * MARGIN - (along === 'side' ? room.width + GAP : 0);
  const height = page.height - 2 * MARGIN - (along === 'end' ? room.height + GAP : 0);
  const scale = Math.min(width / image.width, height / image.height);
  const size = { width: image.width * scale, height: image.height * scale };
  // centred in what is left, and at the end of it that is farther from the stamp
  const areaX = MARGIN + (along === 'side' && left ? room.width + GAP : 0);
  const areaY = MARGIN + (along === 'end' && bottom ? room.height + GAP : 0);
  const slack = height - size.height;
  const y = along === 'end' ? areaY + (bottom ? slack : 0) : areaY + slack / 2;
  return {
    ...page,
    image: { ...size, x: areaX + (width - size.width) / 2, y },
    room: {
      ...room,
      x: left || along === 'end' ? MARGIN : page.width - MARGIN - room.width,
      y: bottom || along === 'side' ? MARGIN : page.height - MARGIN - room.height,
    },
  };
}
