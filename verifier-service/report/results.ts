import { VERDICTS } from '@spondon/protocol/verdict/summaries';
import { beside, type Block, space, stack, within, withinOne } from './blocks.js';
import type { ReportItem } from './contents.js';
import { bilingual, FADED, paragraph, type Setting, WIDTH } from './parts.js';
import { INKS, sign, TONE_OF_VERDICT } from './signs.js';
import { type Bilingual, LABELS, verdictWords } from './words.js';

interface Group {
  readonly words: Bilingual;
  readonly item: ReportItem;
  readonly numbers: number[];
}

/** Where the columns begin: the verdict beside its sign, how often, and of which documents. */
const VERDICT_AT = 22;
const COUNT_AT = 232;
const NUMBERS_AT = 300;

/** How often each verdict came out, and for which of the documents. */
export function results(setting: Setting, items: readonly ReportItem[]): Block[] {
  const groups = new Map<string, Group>();
  items.forEach((item, at) => {
    const words = verdictWords(item.answer.verdict, item.asked.by);
    const group = groups.get(words.en) ?? { words, item, numbers: [] };
    groups.set(words.en, group);
    group.numbers.push(at + 1);
  });
  const place = ({ item }: Group): number => VERDICTS.indexOf(item.answer.verdict);
  const rows = [...groups.values()]
    .toSorted((a, b) => place(a) - place(b))
    .map((group) => stack([space(3), rowOf(setting, group, items.length)]));
  return withinOne('Table', [headings(setting), ...rows]);
}

function headings(setting: Setting): Block {
  const { language } = setting;
  const cell = (words: Bilingual, width: number): Block =>
    paragraph(setting, words[language], width, { size: 8.5, ink: FADED }, { role: 'TH', language });
  return within(
    'TR',
    beside([
      [VERDICT_AT, cell(LABELS.verdict, COUNT_AT - VERDICT_AT)],
      [COUNT_AT, cell(LABELS.count, NUMBERS_AT - COUNT_AT)],
      [NUMBERS_AT, cell(LABELS.rows, WIDTH - NUMBERS_AT)],
    ]),
  );
}

function rowOf(setting: Setting, { words, item, numbers }: Group, all: number): Block {
  const tone = TONE_OF_VERDICT[item.answer.verdict];
  const name = { size: 10.5, weight: 'Bold', ink: INKS[tone] } as const;
  const second = { size: 8.5, ink: FADED };
  const count = paragraph(setting, String(numbers.length), 60, { ...name, ink: 0.13 }, { role: 'TD' });
  // Smaller type, in lines as high as those beside it.
  const style = { size: 9, leading: 1.657 };
  const list = paragraph(setting, listed(numbers, all), WIDTH - NUMBERS_AT, style, { role: 'TD' });
  return within(
    'TR',
    beside([
      [0, stack([space(2), sign(setting.shape, tone, 14)])],
      [VERDICT_AT, bilingual(setting, words, COUNT_AT - VERDICT_AT - 6, { first: name, second }, 'TH')],
      [COUNT_AT, count],
      [NUMBERS_AT, list],
    ]),
  );
}

const MOST_NUMBERS = 24;

/** 3, 7–9, 12: so many that nobody reads them are left to the list. */
export function listed(numbers: readonly number[], all: number): string {
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
