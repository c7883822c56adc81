import { createHash } from 'node:crypto';
import { inspectPdf, type InspectedPdf } from '../intake/inspect.js';
import type { PdfPage } from '../intake/pdf/pages.js';
import { Revision } from '../intake/pdf/write.js';
import type { FileWarning } from '../intake/warning.js';
import type { StampDetails } from './details.js';
import { addStampToPage } from './page-content.js';
import type { Faces } from './faces.js';
import { MM, layOutStamp, type StampForm, type StampLayout } from './layout.js';
import { occupancyOf } from './occupancy.js';
import { growFoot, readPageBox, type PageBox, type Rect } from './page-box.js';
import { EDGE, findPlace, type Place } from './placement.js';
import { makeQr } from './qr.js';
import type { Renderer } from './renderer.js';
import { missingCharacters } from './shape.js';
import type { StampTools } from './tools.js';
import { addXmpClaims, isStamped } from './xmp.js';

/** Where the stamp stands: in millimetres from the lower left corner of the page as it is shown. */
export interface Placement {
  /** Counted from 1. */
  readonly page: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The page had no room and is now higher than it was, by this many millimetres. */
  readonly strip: number;
}

export interface StampedPdf {
  readonly bytes: Uint8Array;
  readonly warnings: readonly FileWarning[];
  readonly placement: Placement;
}

/**
 * Stamps a PDF by appending to it: every byte that was there stays, and so do links, outlines, attachments and the
 * revision that an existing signature covers. The same bytes and details always give the same result.
 *
 * @param room where the page is known to be empty, in points as shown; otherwise it is rendered to find out
 * Throws ServiceError FILE_DAMAGED, FILE_ENCRYPTED, FILE_BOMB, FILE_NO_ROOM or CLAIMS_TOO_LARGE.
 */
export async function stampPdf(bytes: Uint8Array, details: StampDetails, tools: StampTools, room?: Rect): Promise<StampedPdf> {
  const inspected = await inspectPdf(bytes);
  const { file, pages } = inspected;
  const { page, index } = choosePage(pages, details.page);
  const box = readPageBox(file, page);
  const qr = makeQr(details.claimsUrl);
  const layouts = {
    wide: layOutStamp(tools.shape, details, qr.size, 'wide'),
    tall: layOutStamp(tools.shape, details, qr.size, 'tall'),
  };
  const place =
    room === undefined
      ? await findRoom(inspected, page, index, box, layouts, details, tools.renderer)
      : placeInRoom(room, layouts, details);
  const strip = place === undefined ? makeStrip(box, layouts, details) : undefined;
  const { rect, form } = strip ?? place ?? placeInRoom({ x: 0, y: 0, width: box.width, height: box.height }, layouts, details);

  const revision = new Revision(file);
  addStampToPage(revision, page, strip?.page ?? box, { layout: layouts[form], rect, strip: strip?.height ?? 0 }, qr, tools);
  addXmpClaims(revision, details.claimsJws, details.nonce);
  const id = createHash('sha256').update(details.nonce).digest().subarray(0, 16);
  return {
    bytes: revision.toBytes(id),
    warnings: [...inspected.warnings, ...stampWarnings(inspected, details, tools.faces)],
    placement: {
      page: index + 1,
      x: rect.x / MM,
      y: rect.y / MM,
      width: rect.width / MM,
      height: rect.height / MM,
      strip: (strip?.height ?? 0) / MM,
    },
  };
}

type Layouts = Readonly<Record<StampForm, StampLayout>>;

function choosePage(pages: readonly PdfPage[], wanted: StampDetails['page'] = 'first'): { page: PdfPage; index: number } {
  const number = wanted === 'first' ? 1 : wanted === 'last' ? pages.length : wanted;
  const index = Math.max(0, Math.min(pages.length, Math.trunc(number)) - 1);
  const page = pages[index];
  if (page === undefined) throw new Error('a PDF without pages got past its inspection');
  return { page, index };
}

/** One pixel for 2 points sees a hairline; a poster is looked at from farther away. */
const UNITS_PER_PIXEL = 2;
const MAX_PIXELS = 1_200;

async function findRoom(
  { file, pages }: InspectedPdf,
  page: PdfPage,
  index: number,
  box: PageBox,
  layouts: Layouts,
  details: StampDetails,
  renderer: Renderer,
): Promise<Place | undefined> {
  const picture = await renderer.render(file.bytes, {
    index,
    pages: pages.length,
    unitsPerPixel: UNITS_PER_PIXEL,
    maxPixels: MAX_PIXELS,
  });
  const occupancy = occupancyOf(file, page, box, picture);
  const sizes = (['wide', 'tall'] as const).map((form) => ({ form, ...layouts[form] }));
  return findPlace(occupancy, box, sizes, details.corner ?? 'bottom-right');
}

/** In the corner of a known empty rectangle, wide when it fits. */
function placeInRoom(room: Rect, layouts: Layouts, { corner = 'bottom-right' }: StampDetails): Place {
  const form = room.width >= layouts.wide.width ? 'wide' : 'tall';
  const { width, height } = layouts[form];
  const x = corner.endsWith('left') ? room.x : room.x + room.width - width;
  const y = corner.startsWith('bottom') ? room.y : room.y + room.height - height;
  return { form, rect: { x, y, width, height } };
}

const STRIP_ABOVE = 4 * MM;
const STRIP_BELOW = 7 * MM;
const STRIP_INSET = 12 * MM;

function makeStrip(box: PageBox, layouts: Layouts, { corner = 'bottom-right' }: StampDetails): Place & { page: PageBox; height: number } {
  const form = box.width >= layouts.wide.width + 2 * EDGE ? 'wide' : 'tall';
  const { width, height } = layouts[form];
  const inset = Math.min(STRIP_INSET, (box.width - width) / 2);
  const x = corner.endsWith('left') ? inset : box.width - inset - width;
  const strip = height + STRIP_ABOVE + STRIP_BELOW;
  return { form, rect: { x, y: STRIP_BELOW, width, height }, page: growFoot(box, strip), height: strip };
}

function stampWarnings({ file }: InspectedPdf, details: StampDetails, faces: Faces): FileWarning[] {
  const warnings: FileWarning[] = [];
  if (isStamped(file)) {
    warnings.push({
      code: 'ALREADY_STAMPED',
      message: 'The PDF already carries a stamp. Issue the original document, or its two QR codes will contradict each other.',
    });
  }
  const missing = missingCharacters(faces, `${details.issuerName} ${details.issuedOn} ${details.host}`);
  if (missing.length > 0) {
    warnings.push({
      code: 'CHARACTERS_MISSING',
      message: `The stamp's fonts do not have: ${[...new Set(missing)].join(' ')}`,
    });
  }
  return warnings;
}
