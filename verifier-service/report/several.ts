import type { Shaper } from '../text/shape.js';
import { type Block, stack, withinOne } from './blocks.js';
import type { ReportContents, ReportItem } from './contents.js';
import { Page } from './page.js';
import {
  BOTTOM,
  foot,
  head,
  heading,
  limitsOf,
  MARGIN,
  notes,
  recheckOf,
  type Setting,
  title,
  TITLE_TOP,
  TOP,
} from './parts.js';
import { listed, results } from './results.js';
import { row } from './row.js';
import type { Element } from './structure.js';
import type { Visible } from './visible.js';
import { HEADINGS } from './words.js';

/** The report about several documents: what came out, how often, and a row for each in the order of the question. */
export function setSeveral(contents: ReportContents, shape: Shaper, visible: Visible, root: Element): Page[] {
  const setting: Setting = { shape, visible, language: contents.language, scale: 1 };
  const { items } = contents;
  const parts = [
    title(setting, contents),
    heading(setting, HEADINGS.results),
    ...results(setting, items),
    notes(setting, notesOf(items)),
    limitsOf(setting, contents),
    recheckOf(setting, contents),
    heading(setting, HEADINGS.documents),
  ];
  const rows = withinOne(
    'Table',
    items.map((item, at) => row(setting, item, at + 1)),
  );
  const pages = paginate(parts, rows, root);
  for (const page of pages) {
    if (page.number > 0) head(setting, contents, page);
    foot(setting, page, pages.length);
  }
  return pages;
}

/** Each note once; what is about some documents, and not about the whole register, with their numbers. */
function notesOf(items: readonly ReportItem[]): string[] {
  const numbers = new Map<string, number[]>();
  items.forEach(({ answer }, at) => {
    for (const { code, message } of answer.notes) {
      const those = numbers.get(message) ?? [];
      numbers.set(message, code === 'single-owner' ? those : [...those, at + 1]);
    }
  });
  return [...numbers].map(([message, those]) =>
    those.length === 0 ? message : `${message} (In the list: ${listed(those, items.length)}.)`,
  );
}

/** Blocks one after the other, a new page where the next has no room; the last part stays with the first row. */
function paginate(parts: readonly Block[], rows: readonly Block[], root: Element): Page[] {
  const [first, ...others] = rows;
  const last = parts.at(-1);
  const beginning = stack([...(last ? [last] : []), ...(first ? [first] : [])]);
  const pages = [new Page(0)];
  let y = TITLE_TOP;
  for (const block of [...parts.slice(0, -1), beginning, ...others]) {
    if (y + block.height > BOTTOM && y > TOP) {
      pages.push(new Page(pages.length));
      y = TOP;
    }
    const page = pages.at(-1);
    if (page) block.put(page, MARGIN, y, root);
    y += block.height;
  }
  return pages;
}
