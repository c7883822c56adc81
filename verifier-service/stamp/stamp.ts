import { createHash } from 'node:crypto';
import { imageToPdf } from '../intake/image.js';
import { ServiceError } from '../error.js';
import { inspectPdf, type InspectedPdf } from '../intake/inspect.js';
import type { PdfPage } from '../intake/pdf/pages.js';
import { Revision } from '../intake/pdf/write.js';
import { recognise } from '../intake/recognise.js';
import { MM } from '../intake/units.js';
import type { FileWarning } from '../intake/warning.js';
import type { StampDetails } from './details.js';
import type { Faces } from '../text/faces.js';
import { layOutStamp, type StampForm, type StampLayout } from './layout.js';
import { growFoot, readPageBox, type PageBox, type Rect } from './page-box.js';
import { addStampToPage } from './page-content.js';
import { EDGE, type Place } from './placement.js';
import { makeQr, type QrSymbol } from './qr.js';
import type { Renderer } from './renderer.js';
import { findRoom } from './room.js';
import { missingCharacters } from '../text/shape.js';
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
 * Stamps a PDF by appending to it, or makes a stamped PDF of a picture. Every byte of a PDF that was there stays, and so
 * do links, outlines, attachments and the revision that an existing signature covers. The same bytes and details always
 * give the same result.
 * Throws ServiceError FILE_EMPTY, FILE_TOO_LARGE, FILE_TYPE_UNKNOWN, FILE_DAMAGED, FILE_ENCRYPTED, FILE_BOMB,
 * FILE_NO_ROOM, FILE_ALREADY_STAMPED or CLAIMS_TOO_LARGE.
 */
export async function stampFile(
  bytes: Uint8Array,
  details: StampDetails,
  tools: StampTools,
): Promise<StampedPdf> {
  const type = recognise(bytes);
  const drawing = drawStamps(details, tools);
  if (type === 'pdf') return stampPdf(bytes, drawing, tools);
  const { wide, tall } = drawing.layouts;
  const { bytes: pdf, room } = await imageToPdf(bytes, type, [wide, tall], details.corner ?? 'bottom-right');
  return stampPdf(pdf, drawing, tools, room);
}

/** The stamp in both its forms, before it is known which of them there is room for. */
interface Drawing {
  readonly details: StampDetails;
  readonly qr: QrSymbol;
  readonly layouts: Readonly<Record<StampForm, StampLayout>>;
}

function drawStamps(details: StampDetails, { shape }: StampTools): Drawing {
  const qr = makeQr(details.claimsUrl);
  const layOut = (form: StampForm): StampLayout => layOutStamp(shape, details, qr.size, form);
  return { details, qr, layouts: { wide: layOut('wide'), tall: layOut('tall') } };
}

/** @param room where the page is known to be empty, in points; otherwise it is looked at to find out */
async function stampPdf(
  bytes: Uint8Array,
  drawing: Drawing,
  tools: StampTools,
  room?: Rect,
): Promise<StampedPdf> {
  const { details, qr, layouts } = drawing;
  const inspected = await inspectPdf(bytes);
  if (isStamped(inspected.file)) {
    // Two codes in one file contradict each other: whoever verified it would be told that it was altered.
    throw new ServiceError(
      'FILE_ALREADY_STAMPED',
      'The PDF carries a stamp already: issue the original instead.',
    );
  }
  const { page, index } = choosePage(inspected.pages, details.page);
  const box = readPageBox(inspected.file, page);
  const found =
    room === undefined
      ? await findPlaceOnPage(inspected, page, index, box, drawing, tools.renderer)
      : placeInRoom(room, drawing);
  const place: StripPlace = found === undefined ? growStrip(box, drawing) : { ...found, page: box, strip: 0 };

  const revision = new Revision(inspected.file);
  addStampToPage(revision, page, place.page, { layout: layouts[place.form], ...place }, qr, tools);
  addXmpClaims(revision, details.claimsJws, details.nonce);
  const id = createHash('sha256').update(details.nonce).digest().subarray(0, 16);
  const { x, y, width, height } = place.rect;
  return {
    bytes: revision.toBytes(id),
    warnings: [...inspected.warnings, ...stampWarnings(details, inspected.pages.length, tools.faces)],
    placement: {
      page: index + 1,
      x: x / MM,
      y: y / MM,
      width: width / MM,
      height: height / MM,
      strip: place.strip / MM,
    },
  };
}

function choosePage(
  pages: readonly PdfPage[],
  wanted: StampDetails['page'] = 'first',
): { page: PdfPage; index: number } {
  const number = wanted === 'first' ? 1 : wanted === 'last' ? pages.length : Math.trunc(wanted);
  const index = Math.max(1, Math.min(pages.length, number)) - 1;
  const page = pages[index];
  if (page === undefined) throw new Error('a PDF without pages got past its inspection');
  return { page, index };
}

async function findPlaceOnPage(
  { file, pages }: InspectedPdf,
  page: PdfPage,
  index: number,
  box: PageBox,
  { layouts, details: { corner = 'bottom-right' } }: Drawing,
  renderer: Renderer,
): Promise<Place | undefined> {
  const sizes = (['wide', 'tall'] as const).map((form) => ({
    form,
    bleed: layouts[form].qr.x,
    ...layouts[form],
  }));
  return renderer.look(file.bytes, { index, pages: pages.length }, (view) =>
    findRoom({ file, page, box, view }, sizes, corner),
  );
}

/** In the corner of a known empty rectangle, wide when it fits. */
function placeInRoom(room: Rect, { layouts, details: { corner = 'bottom-right' } }: Drawing): Place {
  const form = room.width >= layouts.wide.width ? 'wide' : 'tall';
  const { width, height } = layouts[form];
  const x = corner.endsWith('left') ? room.x : room.x + room.width - width;
  const y = corner.startsWith('bottom') ? room.y : room.y + room.height - height;
  return { form, rect: { x, y, width, height } };
}

interface StripPlace extends Place {
  /** The page as it will be. */
  readonly page: PageBox;
  /** How much higher it is than it was, in points. */
  readonly strip: number;
}

const STRIP_ABOVE = 4 * MM;
const STRIP_BELOW = 7 * MM;
const STRIP_INSET = 12 * MM;

function growStrip(box: PageBox, { layouts, details: { corner = 'bottom-right' } }: Drawing): StripPlace {
  const form = box.width >= layouts.wide.width + 2 * EDGE ? 'wide' : 'tall';
  const { width, height, qr } = layouts[form];
  const centred = (box.width - width) / 2;
  const inset = form === 'tall' ? centred : Math.min(STRIP_INSET, centred);
  const x =
    corner.endsWith('left') && form === 'wide' ? Math.max(EDGE, inset - qr.x) : box.width - inset - width;
  // whole points, so that renderers put what was there on the same pixels as before
  const strip = Math.ceil(height + STRIP_ABOVE + STRIP_BELOW);
  return { form, rect: { x, y: STRIP_BELOW, width, height }, page: growFoot(box, strip), strip };
}

function stampWarnings(details: StampDetails, pages: number, faces: Faces): FileWarning[] {
  const warnings: FileWarning[] = [];
  if (typeof details.page === 'number' && details.page > pages) {
    warnings.push({
      code: 'PAGE_BEYOND_LAST',
      message: `The stamp was asked for on page ${details.page}; it is on the last one, page ${pages}.`,
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
