import { formatMoment } from '@spondon/protocol/civil-time';
import { VERDICTS as ALL_VERDICTS } from '@spondon/protocol/verdict/summaries';
import type { Shaper } from '../text/shape.js';
import { beside, type Block, rule, space, stack, within } from './blocks.js';
import type { ReportContents, ReportItem } from './contents.js';
import { Page } from './page.js';
import {
  bilingual,
  BOTTOM,
  FADED,
  foot,
  head,
  heading,
  limitsOf,
  MARGIN,
  notes,
  paragraph,
  recheckOf,
  type Setting,
  title,
  TITLE_TOP,
  TOP,
  WIDTH,
} from './parts.js';
import { INKS, sign, TONE_OF_VERDICT } from './signs.js';
import type { Element } from './structure.js';
import { MOST, type Visible } from './visible.js';
import { type Bilingual, HEADINGS, KINDS, LABELS, verdictWords } from './words.js';

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
  const rows = items.map((item, at) => row(setting, item, at + 1));
  const pages = paginate(parts, rows, root);
  for (const page of pages) {
    if (page.number > 0) head(setting, contents, page);
    foot(setting, page, pages.length);
  }
  return pages;
}

/** Each note once, with the numbers of the documents that it is about when it is not about all. */
function notesOf(items: readonly ReportItem[]): string[] {
  const numbers = new Map<string, number[]>();
  items.forEach(({ answer }, at) => {
    for (const { message } of answer.notes) numbers.set(message, [...(numbers.get(message) ?? []), at + 1]);
  });
  return [...numbers].map(([message, those]) =>
    those.length === items.length ? message : `${message} (In the list: ${listed(those, items.length)}.)`,
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

interface Group {
  readonly words: Bilingual;
  readonly item: ReportItem;
  readonly numbers: number[];
}

/** One row for each verdict that came out, in the order of the list of verdicts. */
function results(setting: Setting, items: readonly ReportItem[]): Block[] {
  const groups = new Map<string, Group>();
  items.forEach((item, at) => {
    const words = verdictWords(item.answer.verdict, item.asked.by);
    const group = groups.get(words.en) ?? { words, item, numbers: [] };
    groups.set(words.en, group);
    group.numbers.push(at + 1);
  });
  const place = ({ item }: Group): number => ALL_VERDICTS.indexOf(item.answer.verdict);
  const small = { size: 8.5, ink: FADED };
  const { shape, language } = setting;
  const headings = within(
    'TR',
    beside([
      [22, paragraph(setting, LABELS.verdict[language], 200, small, { role: 'TH', language })],
      [232, paragraph(setting, LABELS.count[language], 60, small, { role: 'TH', language })],
      [300, paragraph(setting, LABELS.rows[language], WIDTH - 300, small, { role: 'TH', language })],
    ]),
  );
  const rows = [...groups.values()]
    .toSorted((a, b) => place(a) - place(b))
    .map(({ words, item, numbers }) => {
      const tone = TONE_OF_VERDICT[item.answer.verdict];
      return within(
        'TR',
        beside([
          [0, stack([space(2), sign(shape, tone, 14)])],
          [
            22,
            bilingual(
              setting,
              words,
              204,
              { first: { size: 10.5, weight: 'Bold', ink: INKS[tone] }, second: { size: 8.5, ink: FADED } },
              'TH',
            ),
          ],
          [
            232,
            paragraph(setting, String(numbers.length), 60, { size: 10.5, weight: 'Bold' }, { role: 'TD' }),
          ],
          [
            300,
            paragraph(
              setting,
              listed(numbers, items.length),
              WIDTH - 300,
              { size: 9, leading: 1.657 },
              { role: 'TD' },
            ),
          ],
        ]),
      );
    });
  return [within('Table', stack([headings, ...rows.flatMap((each) => [space(3), each])]))];
}

const MOST_NUMBERS = 40;

/** 3, 7–9, 12: so many that nobody reads them are left to the list. */
function listed(numbers: readonly number[], all: number): string {
  if (numbers.length === all) return all === 1 ? '1' : `1–${all}`;
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  const texts = runs.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`));
  return texts.length <= MOST_NUMBERS
    ? texts.join(', ')
    : `${texts.slice(0, MOST_NUMBERS).join(', ')} and ${texts.length - MOST_NUMBERS} more, see the list`;
}

const NUMBER_WIDTH = 26;
const TEXT_AT = NUMBER_WIDTH + 132;

function row(setting: Setting, item: ReportItem, number: number): Block {
  const { asked, answer, fileName, fileSize, evidence } = item;
  const { shape, visible, language } = setting;
  const { document, verdict } = answer;
  const tone = TONE_OF_VERDICT[verdict];
  const width = WIDTH - TEXT_AT;
  const small = { size: 8, ink: FADED, leading: 1.36 };
  const lines: Block[] = [];
  const line = (content: string, style: Parameters<typeof paragraph>[3] = small): void => {
    lines.push(paragraph(setting, content, width, style));
  };
  const bold = { size: 9.5, weight: 'Bold' } as const;
  const code = document?.documentId ?? (asked.by === 'code' ? asked.code : undefined);
  const size = fileSize === undefined ? undefined : `${fileSize.toLocaleString('en')} bytes`;
  const name = fileName === undefined ? undefined : visible(fileName, MOST.fileName);
  if (code !== undefined) line(joined(code, document && KINDS[document.kind][language]), bold);
  if (name !== undefined || size !== undefined)
    line(joined(name, size), code === undefined ? bold : { size: 8.75 });
  if (document) {
    const { issuer } = document;
    line(visible(issuer.name ?? issuer.issuerId, MOST.name), { size: 8.75 });
    line(
      joined(
        issuer.licence === null ? undefined : `licence ${visible(issuer.licence, MOST.licence)}`,
        issuer.telephone === null ? undefined : `telephone ${visible(issuer.telephone, MOST.telephone)}`,
      ),
    );
  }
  if (verdict !== 'valid')
    for (const message of reasons(answer))
      line(visible(message, MOST.sentence), { size: 8.5, ink: INKS[tone] });
  if (document) {
    const since =
      document.state === 'anchored' ? `registered ${moment(document.anchoredAt)}` : 'not registered yet';
    line(joined(since, evidence === null ? undefined : 'evidence attached'));
  }
  if (asked.by === 'file') line(`SHA-256 ${asked.sha256}`, { ...small, size: 7.25 });
  const words = verdictWords(verdict, asked.by);
  const other = language === 'en' ? 'bn' : 'en';
  const verdictName = stack([
    paragraph(
      setting,
      words[language],
      104,
      { size: 9.5, weight: 'Bold', ink: INKS[tone], leading: 1.3 },
      { role: 'Span', language },
    ),
    paragraph(setting, words[other], 104, { size: 8, ink: FADED }, { role: 'Span', language: other }),
  ]);
  return within(
    'TR',
    stack([
      space(5),
      beside([
        [0, paragraph(setting, String(number), NUMBER_WIDTH - 4, { size: 9, ink: FADED }, { role: 'TH' })],
        [NUMBER_WIDTH, stack([space(1), sign(shape, tone, 12)])],
        [NUMBER_WIDTH + 18, within('TD', verdictName)],
        [TEXT_AT, within('TD', stack(lines))],
      ]),
      space(5),
      rule(WIDTH, 0.88),
    ]),
  );
}

/** Why it is not simply valid: what failed; else what could not be checked; else the verdict's own sentence. */
function reasons({ verdict, checks, summary }: ReportItem['answer']): string[] {
  const failed = checks.filter(({ state }) => state === 'failed');
  if (failed.length > 0) return failed.map(({ message }) => message);
  const missing = checks.find(({ id, state }) => id !== 'file' && state === 'unavailable');
  return [verdict === 'unavailable' && missing ? missing.message : summary];
}

const joined = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join('  ·  ');

const moment = (iso: string): string => formatMoment(Date.parse(iso));
