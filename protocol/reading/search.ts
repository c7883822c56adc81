import { ProtocolError } from '../error.js';
import type { Detail, PageImage, Pages } from './pages.js';
import { crop, sharpen, type GrayImage } from './pixels.js';
import type { ReadCodes } from './qr-codes.js';
import { scale } from './scale.js';

/**
 * Looks for codes until one is found that is `ours`: first on every page as it is, then, when there was none, with
 * the treatments below on the likeliest pages, until the time is up.
 */
export interface SearchOptions {
  readonly readCodes: ReadCodes;
  readonly isOurs: (text: string) => boolean;
  /** False from the moment when the time is up. */
  readonly hasTime: () => boolean;
  /** Whether to try the treatments when no page shows a code of ours as it is. */
  readonly lookHarder: boolean;
  /** Told of all codes of ours so far whenever there are more. */
  readonly onFound?: (codes: SearchResult['codes']) => void;
}

export interface SearchResult {
  readonly codes: readonly { readonly text: string; readonly page: number }[];
  /** Every page was looked at, whole, at least once. */
  readonly complete: boolean;
}

type Treatment = (image: GrayImage) => GrayImage | Promise<GrayImage>;

/** For a whole page: each rescued pictures that the ones before did not (blur, faint print, uneven light). */
const FOR_A_PAGE: readonly Treatment[] = [
  (image) => sharpen(image, 2, 3),
  (image) => enlarged(image, 1.5, MAX_PAGE_PIXELS).then((large) => sharpen(large, 3, 4)),
  (image) => enlarged(image, 2, MAX_PAGE_PIXELS).then((large) => sharpen(large, 4, 4)),
];

/** For the place of a code that was seen but not decoded. */
const FOR_A_CODE: readonly Treatment[] = [
  (image) => enlarged(image, 2, MAX_CODE_PIXELS),
  (image) => enlarged(image, 2, MAX_CODE_PIXELS).then((large) => sharpen(large, 2, 2)),
  (image) => enlarged(image, 3, MAX_CODE_PIXELS).then((large) => sharpen(large, 6, 6)),
];

/** Beyond this a picture is large enough as it is. */
const MAX_PAGE_PIXELS = 10_000_000;
const MAX_CODE_PIXELS = 2_000_000;
const MAX_PAGES_RETRIED = 4;
const MAX_CODES_RETRIED = 3;
const MAX_CODES_REPORTED = 50;

export async function searchCodes(pages: Pages, options: SearchOptions): Promise<SearchResult> {
  const { isOurs, hasTime } = options;
  const order = likeliestFirst(pages.count);
  const found: { text: string; page: number }[] = [];
  let looked = 0;
  const take = (texts: readonly string[], page: number): boolean => {
    const ours = texts.filter(isOurs);
    for (const text of ours) if (found.length < MAX_CODES_REPORTED) found.push({ text, page });
    if (ours.length > 0) options.onFound?.(found);
    return ours.length > 0;
  };

  for (const page of order) {
    if (!hasTime()) break;
    const image = await tryRender(pages, page, 'page');
    if (!image) continue;
    take(await lookAt(image, options), page);
    if (!image.damaged) looked++;
  }
  for (const page of order.slice(0, MAX_PAGES_RETRIED)) {
    if (found.length > 0 || !options.lookHarder || !hasTime()) break;
    if (await lookHarder(pages, page, options, take)) break;
  }
  return { codes: found, complete: looked === pages.count };
}

/** One page that cannot be shown does not hide the others. */
async function tryRender(pages: Pages, page: number, detail: Detail): Promise<PageImage | undefined> {
  try {
    return await pages.render(page, detail);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return undefined;
  }
}

/** A stamp is on the first page, or on the last. */
function likeliestFirst(count: number): number[] {
  const rest = Array.from({ length: Math.max(0, count - 2) }, (_, i) => i + 1);
  return count < 2 ? [...rest, 0].slice(0, count) : [0, count - 1, ...rest];
}

async function lookHarder(
  pages: Pages,
  page: number,
  options: SearchOptions,
  take: (texts: readonly string[], page: number) => boolean,
): Promise<boolean> {
  const image = await tryRender(pages, page, 'code');
  if (!image) return false;
  if (pages.scalable && take(await lookAt(image, options), page)) return true;
  for (const treat of FOR_A_PAGE) {
    if (!options.hasTime()) return false;
    if (take(await lookAt(await treat(image), options), page)) return true;
  }
  const fine = pages.scalable && options.hasTime() ? await tryRender(pages, page, 'fine') : undefined;
  return fine !== undefined && take(await lookAt(fine, options), page);
}

/** The codes of one picture; where one was seen and not decoded, what a closer look at that place gives. */
async function lookAt(image: GrayImage, { readCodes, isOurs, hasTime }: SearchOptions): Promise<string[]> {
  const { texts, undecoded } = await readCodes(image);
  const all = [...texts];
  for (const box of undecoded.slice(0, MAX_CODES_RETRIED)) {
    const place = crop(image, box);
    for (const treat of FOR_A_CODE) {
      if (all.some(isOurs) || !hasTime()) return all;
      all.push(...(await readCodes(await treat(place))).texts);
    }
  }
  return all;
}

function enlarged(image: GrayImage, factor: number, maxPixels: number): Promise<GrayImage> {
  const most = Math.sqrt(maxPixels / (image.width * image.height));
  const possible = Math.min(factor, most);
  return Promise.resolve(possible > 1.1 ? scale(image, possible) : image);
}
