import { ProtocolError } from '../error.js';
import type { Detail, PageImage, Pages } from './pages.js';
import type { GrayImage } from './pixels.js';
import type { DamagedCodeSearch } from './qr/damaged.js';
import type { ReadCodes } from './qr-codes.js';

/**
 * Looks for codes until one is found that is `ours`: first on every page as it is, then, when there was none, for a
 * damaged one on the likeliest pages, until the time is up.
 */
export interface SearchOptions extends DamagedCodeSearch {
  readonly readCodes: ReadCodes;
  /** Asked when no page shows a code of ours as it is; without it nobody looks harder. */
  readonly readDamagedCode?: (image: GrayImage, search: DamagedCodeSearch) => string | undefined;
  /** Told of all codes of ours so far whenever there are more. */
  readonly onFound?: (codes: SearchResult['codes']) => void;
}

export interface SearchResult {
  readonly codes: readonly { readonly text: string; readonly page: number }[];
  /** Every page was looked at, whole, at least once. */
  readonly complete: boolean;
}

const MAX_PAGES_RETRIED = 4;
const MAX_CODES_REPORTED = 50;

export async function searchCodes(pages: Pages, options: SearchOptions): Promise<SearchResult> {
  const { isOurs, hasTime } = options;
  const order = likeliestFirst(pages.count);
  const found: { text: string; page: number }[] = [];
  const undecoded = new Set<number>();
  let looked = 0;
  const take = (texts: readonly string[], page: number): void => {
    const ours = texts.filter(isOurs);
    for (const text of ours) if (found.length < MAX_CODES_REPORTED) found.push({ text, page });
    if (ours.length > 0) options.onFound?.(found);
  };

  for (const page of order) {
    if (!hasTime()) break;
    const image = await tryRender(pages, page, 'page');
    if (!image) continue;
    const codes = await options.readCodes(image);
    take(codes.texts, page);
    if (codes.undecoded) undecoded.add(page);
    if (!image.damaged) looked++;
  }
  const again = [...undecoded, ...order.filter((page) => !undecoded.has(page))];
  for (const page of again.slice(0, MAX_PAGES_RETRIED)) {
    if (found.length > 0 || !options.readDamagedCode || !hasTime()) break;
    take(await lookHarder(pages, page, options), page);
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

async function lookHarder(pages: Pages, page: number, options: SearchOptions): Promise<readonly string[]> {
  const { isOurs, hasTime, readCodes, readDamagedCode } = options;
  const image = await tryRender(pages, page, 'fine');
  if (!image) return [];
  if (pages.scalable) {
    // There is more to be seen than the first time.
    const { texts } = await readCodes(image);
    if (texts.some(isOurs) || !hasTime()) return texts;
  }
  const text = readDamagedCode?.(image, { isOurs, hasTime });
  return text === undefined ? [] : [text];
}
