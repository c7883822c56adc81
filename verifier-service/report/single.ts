import { formatMoment } from '@spondon/protocol/civil-time';
import type { Shaper } from '../text/shape.js';
import { MARK_WORDS } from '../verify/answer.js';
import { beside, type Block, inset, onGround, space, stack, within } from './blocks.js';
import type { ReportContents, ReportItem } from './contents.js';
import { Page } from './page.js';
import {
  bilingual,
  BOTTOM,
  FADED,
  foot,
  heading,
  limitsOf,
  MARGIN,
  notes,
  paragraph,
  recheckOf,
  type Setting,
  title,
  TITLE_TOP,
  WIDTH,
} from './parts.js';
import { GROUNDS, INKS, sign, type Tone, TONE_OF_STATE, TONE_OF_VERDICT } from './signs.js';
import type { Element } from './structure.js';
import { MOST, type Visible } from './visible.js';
import {
  type Bilingual,
  CHECKS,
  HEADINGS,
  ISSUER_KINDS,
  KINDS,
  LABELS,
  STATES,
  verdictWords,
} from './words.js';

/** Where there is room, type is a little larger; it shrinks until everything fits. */
const LARGEST = 1.1;
const STEP = 0.97;
const LABEL_WIDTH = 132;

/** The report about one document: one page, whatever its texts are. */
export function setSingle(
  contents: ReportContents,
  item: ReportItem,
  shape: Shaper,
  visible: Visible,
  root: Element,
): Page[] {
  const page = new Page(0);
  let setting: Setting = { shape, visible, language: contents.language, scale: LARGEST };
  let block = body(contents, item, setting);
  while (block.height > BOTTOM - TITLE_TOP) {
    setting = { ...setting, scale: setting.scale * STEP };
    block = body(contents, item, setting);
  }
  block.put(page, MARGIN, TITLE_TOP, root);
  foot(setting, page, 1);
  return [page];
}

function body(contents: ReportContents, item: ReportItem, setting: Setting): Block {
  const { answer } = item;
  return stack([
    title(setting, contents),
    verdict(setting, item),
    heading(setting, HEADINGS.given),
    given(setting, item),
    ...(answer.document ? [heading(setting, HEADINGS.document), registered(setting, item)] : []),
    heading(setting, HEADINGS.checks),
    checks(setting, item),
    notes(
      setting,
      answer.notes.map(({ message }) => message),
    ),
    limitsOf(setting, contents),
    recheckOf(setting, contents),
  ]);
}

function verdict(setting: Setting, { asked, answer }: ReportItem): Block {
  const tone = TONE_OF_VERDICT[answer.verdict];
  const { scale, visible } = setting;
  const indent = 50 * scale;
  const width = WIDTH - indent - 28;
  const words = stack([
    bilingual(
      setting,
      verdictWords(answer.verdict, asked.by),
      width,
      {
        first: { size: 17, weight: 'Bold', ink: INKS[tone], leading: 1.3 },
        second: { size: 11.5, ink: INKS[tone] },
      },
      'H2',
    ),
    space(1),
    paragraph(setting, visible(answer.summary, MOST.sentence), width, { size: 10.25 }),
  ]);
  const panel = beside([
    [0, stack([space(2 * scale), sign(setting.shape, tone, 34 * scale)])],
    [indent, words],
  ]);
  return onGround(inset(panel, { x: 14, y: 10 * scale }), WIDTH, GROUNDS[tone], INKS[tone]);
}

type Row = readonly [label: Bilingual, ...values: readonly Value[]];
type Value = string | { readonly bold: string } | { readonly small: string };

function given(setting: Setting, { asked, fileName, fileSize }: ReportItem): Block {
  const { visible } = setting;
  const rows: Row[] = [];
  if (asked.by === 'code') rows.push([LABELS.code, { bold: asked.code }]);
  if (fileName !== undefined)
    rows.push([LABELS.fileName, { bold: visible(fileName, MOST.fileName) }, ...shortened(setting, fileName)]);
  if (fileSize !== undefined) rows.push([LABELS.fileSize, `${fileSize.toLocaleString('en')} bytes`]);
  if (asked.by === 'file') rows.push([LABELS.hash, asked.sha256]);
  return table(setting, rows);
}

function shortened({ visible }: Setting, name: string): Value[] {
  if (visible(name, MOST.fileName) === visible(name, Infinity)) return [];
  return [{ small: `shortened here: it has ${Array.from(name).length.toLocaleString('en')} characters` }];
}

function registered(setting: Setting, { asked, answer }: ReportItem): Block {
  const { document, others = [] } = answer;
  if (!document) return space(0);
  const { visible } = setting;
  const { issuer } = document;
  const details = [
    issuer.kind === null ? null : ISSUER_KINDS[issuer.kind],
    issuer.licence === null ? null : `licence ${visible(issuer.licence, MOST.licence)}`,
    issuer.telephone === null ? null : `telephone ${visible(issuer.telephone, MOST.telephone)}`,
    issuer.issuerId,
  ];
  const rows: Row[] = [
    [LABELS.code, { bold: document.documentId }],
    [LABELS.kind, bothOf(setting, KINDS[document.kind])],
    [
      LABELS.issuer,
      { bold: visible(issuer.name ?? issuer.issuerId, MOST.name) },
      details.filter((part) => part !== null).join('  ·  '),
    ],
    document.state === 'anchored'
      ? [LABELS.registered, moment(document.anchoredAt)]
      : [LABELS.received, `${moment(document.acceptedAt)}; not registered yet`],
  ];
  if (document.expiresAt !== undefined) rows.push([LABELS.validUntil, moment(document.expiresAt)]);
  if (asked.by !== 'file' || asked.sha256 !== document.sha256)
    rows.push([LABELS.registeredHash, document.sha256]);
  if (others.length > 0) rows.push([LABELS.others, ...othersOf(setting, others)]);
  return table(setting, rows);
}

const MOST_OTHERS = 3;

function othersOf({ visible }: Setting, others: NonNullable<ReportItem['answer']['others']>): Value[] {
  const shown = others.slice(0, MOST_OTHERS).map(({ documentId, issuer, mark }) => ({
    small: `${documentId} by ${visible(issuer.name ?? issuer.issuerId, MOST.name)}: ${MARK_WORDS[mark]}`,
  }));
  const left = others.length - shown.length;
  return left === 0 ? shown : [...shown, { small: `and ${left} more` }];
}

function bothOf({ language }: Setting, words: Bilingual): string {
  return language === 'en' ? `${words.en}  ·  ${words.bn}` : `${words.bn}  ·  ${words.en}`;
}

const moment = (iso: string): string => formatMoment(Date.parse(iso));

function table(setting: Setting, rows: readonly Row[]): Block {
  const width = WIDTH - LABEL_WIDTH;
  const blocks = rows.map(([label, ...values]) => {
    const value = stack(
      values.map((each) => {
        if (typeof each === 'string') return paragraph(setting, each, width, { size: 9.5 });
        if ('bold' in each)
          return paragraph(setting, each.bold, width, { size: 10, weight: 'Bold', leading: 1.36 });
        return paragraph(setting, each.small, width, { size: 8.5, ink: FADED });
      }),
    );
    return within(
      'TR',
      beside([
        [0, bilingual(setting, label, LABEL_WIDTH - 8, LABEL_STYLE, 'TH')],
        [LABEL_WIDTH, within('TD', value)],
      ]),
    );
  });
  return within('Table', stack(blocks.flatMap((block) => [block, space(1.5 * setting.scale)])));
}

const LABEL_STYLE = {
  first: { size: 9, ink: FADED, leading: 1.5 },
  second: { size: 7.5, ink: 0.5 },
} as const;

function checks(setting: Setting, { answer }: ReportItem): Block {
  const width = WIDTH - LABEL_WIDTH;
  const { shape, scale, visible } = setting;
  const blocks = answer.checks.map(({ id, state, message }) => {
    const tone = TONE_OF_STATE[state];
    const name = stack([
      bilingual(setting, CHECKS[id], NAME_WIDTH, NAME_STYLE, 'Span'),
      bilingual(setting, STATES[state], NAME_WIDTH, stateStyle(tone), 'Span'),
    ]);
    return within(
      'TR',
      beside([
        [0, stack([space(2.5 * scale), sign(shape, tone, 12 * scale)])],
        [19, within('TH', name)],
        [
          LABEL_WIDTH,
          within('TD', paragraph(setting, visible(message, MOST.sentence), width, { size: 9.5 })),
        ],
      ]),
    );
  });
  return within('Table', stack(blocks.flatMap((block) => [block, space(2.5 * scale)])));
}

const NAME_WIDTH = LABEL_WIDTH - 24;
const NAME_STYLE = { first: { size: 9.5, weight: 'Bold' }, second: { size: 8, ink: FADED } } as const;
const stateStyle = (tone: Tone) => ({
  first: { size: 8.5, ink: INKS[tone] },
  second: { size: 7.5, ink: INKS[tone] },
});
