import { formatMoment } from '@spondon/protocol/civil-time';
import { MM } from '../intake/units.js';
import type { Ink } from '../text/draw.js';
import type { Shaper } from '../text/shape.js';
import {
  beside,
  type Block,
  drawRule,
  onGround,
  inset,
  rule,
  space,
  stack,
  text,
  type TextOptions,
  type Style,
  within,
} from './blocks.js';
import type { ReportContents, ReportItem } from './contents.js';
import { A4, type Page } from './page.js';
import type { Role } from './structure.js';
import type { Visible } from './visible.js';
import { type Bilingual, HEADINGS, type Language, limits, recheck, TITLE } from './words.js';

/** What reports of one document and of many have in common: measures, type, head, foot, and the same last parts. */

export const MARGIN = 20 * MM;
export const WIDTH = A4.width - 2 * MARGIN;
const HEAD = 14 * MM;
const FOOT = A4.height - 12 * MM;
/** Where the content of a page begins, with a title and under a head, and where it ends. */
export const TITLE_TOP = 16 * MM;
export const TOP = 24 * MM;
export const BOTTOM = A4.height - 19 * MM;

export const FADED: Ink = 0.4;
const DARK: Ink = [0.09, 0.15, 0.21];

/** What blocks are made with. `scale` shrinks all type where a page would not hold it. */
export interface Setting {
  readonly shape: Shaper;
  readonly visible: Visible;
  readonly language: Language;
  readonly scale: number;
}

export const scaled = ({ scale }: Setting, style: Style): Style => ({ ...style, size: style.size * scale });

export function paragraph(
  setting: Setting,
  content: string,
  width: number,
  style: Style,
  options: TextOptions = { role: 'P' },
): Block {
  return text(setting.shape, content, width, scaled(setting, style), options);
}

/** In the language asked for, and then smaller in the other. */
export function bilingual(
  setting: Setting,
  words: Bilingual,
  width: number,
  { first, second }: { readonly first: Style; readonly second: Style },
  role: Role,
): Block {
  const { shape, language } = setting;
  const other = language === 'en' ? 'bn' : 'en';
  const main = scaled(setting, first);
  const wide = (shape(words[language], main.weight ?? 'Regular').width * main.size) / 1000;
  const gap = main.size * 0.6;
  const one = paragraph(setting, words[language], width, first, { role: 'Span', language });
  const rest = width - wide - gap;
  const small = scaled(setting, second);
  const fits = (shape(words[other], small.weight ?? 'Regular').width * small.size) / 1000 <= rest;
  const two = paragraph(setting, words[other], fits ? rest : width, second, {
    role: 'Span',
    language: other,
  });
  // On the line of the first, whatever its size.
  const drop = (one.height - two.height) / 2 + (main.size - small.size) * 0.3;
  const lowered = stack([space(Math.max(0, drop)), two]);
  return within(
    role,
    fits
      ? beside([
          [0, one],
          [wide + gap, lowered],
        ])
      : stack([one, two]),
  );
}

export function heading(setting: Setting, words: Bilingual): Block {
  return stack([
    space(13 * setting.scale),
    bilingual(
      setting,
      words,
      WIDTH,
      { first: { size: 10.5, weight: 'Bold', ink: DARK }, second: { size: 8.5, ink: FADED } },
      'H2',
    ),
    space(2.5 * setting.scale),
    rule(WIDTH),
    space(4.5 * setting.scale),
  ]);
}

export function title(setting: Setting, { origin, at }: ReportContents): Block {
  const { host } = new URL(origin);
  return stack([
    bilingual(
      setting,
      TITLE,
      WIDTH,
      { first: { size: 21, weight: 'Bold', ink: DARK, leading: 1.3 }, second: { size: 13, ink: FADED } },
      'H1',
    ),
    paragraph(setting, `Made by the service at ${host} on ${formatMoment(at)}`, WIDTH, {
      size: 9.5,
      ink: FADED,
    }),
    space(10 * setting.scale),
  ]);
}

const SMALL: Style = { size: 8, ink: FADED };

/** Of a page that has no title: whose report it is, and when it was made. */
export function head(setting: Setting, { origin, at }: ReportContents, page: Page): void {
  margin(setting, page, new URL(origin).host, { y: HEAD, side: 'left', style: { ...SMALL, weight: 'Bold' } });
  margin(setting, page, formatMoment(at), { y: HEAD, side: 'right', style: SMALL });
  drawRule(page, { x: MARGIN, top: HEAD + 6, width: WIDTH, ink: 0.6 });
}

export function foot(setting: Setting, page: Page, pages: number): void {
  margin(setting, page, 'Signed electronically in the PDF file', { y: FOOT, side: 'left', style: SMALL });
  margin(setting, page, `Page ${page.number + 1} of ${pages}`, { y: FOOT, side: 'right', style: SMALL });
}

function margin(
  { shape }: Setting,
  page: Page,
  content: string,
  { y, side, style }: { readonly y: number; readonly side: 'left' | 'right'; readonly style: Style },
): void {
  const line = shape(content, style.weight ?? 'Regular');
  const x = side === 'left' ? MARGIN : A4.width - MARGIN - (line.width * style.size) / 1000;
  page.artefact('', [{ text: line, size: style.size, x, y, ink: style.ink ?? 0 }]);
}

export function notes(setting: Setting, messages: readonly string[]): Block {
  if (messages.length === 0) return space(0);
  return stack([heading(setting, HEADINGS.notes), list(setting, messages)]);
}

export function list(setting: Setting, sentences: readonly string[]): Block {
  const items = sentences.map((sentence) =>
    beside([
      [0, paragraph(setting, '–', 10, { size: 8.75 }, { role: 'Span' })],
      [10, paragraph(setting, sentence, WIDTH - 10, { size: 8.75 }, { role: 'Span' })],
    ]),
  );
  return within('L', stack(items.flatMap((item) => [within('LI', item), space(1.5 * setting.scale)])));
}

/** What the report leaves open. */
export function limitsOf(setting: Setting, { origin, items }: ReportContents): Block {
  const { host } = new URL(origin);
  const number = items.length === 1 ? 'one' : 'many';
  const some = (
    is: (item: ReportItem) => boolean,
    sentences: Readonly<Record<'one' | 'many', string>>,
  ): string[] => (items.some(is) ? [sentences[number]] : []);
  return stack([
    heading(setting, HEADINGS.limits),
    list(setting, [
      limits.truth[number],
      ...some(({ asked }) => asked.by === 'file', limits.file),
      ...some(({ fileName, fileSize }) => fileName !== undefined || fileSize !== undefined, limits.stated),
      ...some(({ asked }) => asked.by === 'code', limits.code),
      limits.time(host),
      limits.paper(host),
    ]),
  ]);
}

export function recheckOf(setting: Setting, contents: ReportContents): Block {
  const { origin, items, trust } = contents;
  const names = new Set(items.flatMap(({ evidence }) => evidence ?? []));
  const body: Style = { size: 8.75 };
  const parts =
    names.size === 0
      ? [paragraph(setting, recheck.nothing, WIDTH, body)]
      : [
          paragraph(setting, recheck.attached(names.size), WIDTH, body),
          space(3 * setting.scale),
          onGround(
            inset(
              paragraph(setting, commandFor(contents, names), WIDTH - 16, { size: 8.75, weight: 'Bold' }),
              { x: 8, y: 4 },
            ),
            WIDTH,
            0.955,
          ),
          space(3 * setting.scale),
          paragraph(setting, recheck.fingerprint, WIDTH, body),
          paragraph(setting, trust.fingerprint, WIDTH, { ...body, weight: 'Bold' }),
        ];
  return stack([
    heading(setting, HEADINGS.recheck),
    ...parts,
    paragraph(setting, recheck.certificate(origin), WIDTH, body),
  ]);
}

/** The visitor's own file name does not come into it: it would be copied into a shell. */
function commandFor({ items }: ReportContents, names: ReadonlySet<string>): string {
  const [evidence = ''] = names;
  if (names.size > 1) return recheck.command('your-file.pdf', '<code>.json');
  const asked = items.find((item) => item.evidence === evidence)?.asked;
  return recheck.command(asked?.by === 'code' ? asked.code : 'your-file.pdf', evidence);
}
