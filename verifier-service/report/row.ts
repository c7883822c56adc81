import { formatMoment } from '@spondon/protocol/civil-time';
import { beside, type Block, rule, space, stack, type Style, within } from './blocks.js';
import type { ReportItem } from './contents.js';
import { FADED, paragraph, type Setting, WIDTH } from './parts.js';
import { INKS, sign, TONE_OF_VERDICT } from './signs.js';
import { MOST } from './visible.js';
import { KINDS, verdictWords } from './words.js';

const SIGN_AT = 26;
const VERDICT_AT = 44;
const FACTS_AT = 158;

const BOLD: Style = { size: 9.5, weight: 'Bold' };
const PLAIN: Style = { size: 8.75 };
const SMALL: Style = { size: 8, ink: FADED, leading: 1.36 };
const HASH: Style = { ...SMALL, size: 7.25 };

/** One document of several: its number, its verdict, and what is known of it. */
export function row(setting: Setting, item: ReportItem, number: number): Block {
  const tone = TONE_OF_VERDICT[item.answer.verdict];
  const facts = factsOf(setting, item).map(([content, style]) =>
    paragraph(setting, content, WIDTH - FACTS_AT, style),
  );
  return within(
    'TR',
    stack([
      space(5),
      beside([
        [0, paragraph(setting, String(number), SIGN_AT, { size: 9, ink: FADED }, { role: 'TH' })],
        [SIGN_AT, stack([space(1), sign(setting.shape, tone, 12)])],
        [VERDICT_AT, within('TD', verdictOf(setting, item))],
        [FACTS_AT, within('TD', stack(facts))],
      ]),
      space(5),
      rule(WIDTH, 0.88),
    ]),
  );
}

function verdictOf(setting: Setting, { asked, answer: { verdict } }: ReportItem): Block {
  const words = verdictWords(verdict, asked.by);
  const first: Style = { ...BOLD, ink: INKS[TONE_OF_VERDICT[verdict]], leading: 1.3 };
  const { language } = setting;
  const other = language === 'en' ? 'bn' : 'en';
  const width = FACTS_AT - VERDICT_AT - 8;
  return stack([
    paragraph(setting, words[language], width, first, { role: 'Span', language }),
    paragraph(setting, words[other], width, SMALL, { role: 'Span', language: other }),
  ]);
}

type Fact = readonly [content: string, style: Style];

function factsOf(setting: Setting, item: ReportItem): Fact[] {
  const { asked, answer, fileName, fileSize, evidence } = item;
  const { visible, language } = setting;
  const { document, verdict } = answer;
  const code = document?.documentId ?? (asked.by === 'code' ? asked.code : undefined);
  const file = joined(
    fileName && visible(fileName, MOST.fileName),
    fileSize === undefined ? undefined : `${fileSize.toLocaleString('en')} bytes`,
  );
  const facts: Fact[] = [];
  if (code !== undefined) facts.push([joined(code, document && KINDS[document.kind][language]), BOLD]);
  if (file !== '') facts.push([file, code === undefined ? BOLD : PLAIN]);
  if (document) facts.push(...issuerFacts(setting, document.issuer));
  if (verdict !== 'valid') {
    const style = { size: 8.5, ink: INKS[TONE_OF_VERDICT[verdict]] };
    facts.push(...reasons(answer).map((message): Fact => [visible(message, MOST.sentence), style]));
  }
  if (document) {
    const since = document.state === 'anchored' ? moment(document.anchoredAt) : null;
    const registered = since === null ? 'not registered yet' : `registered ${since}`;
    facts.push([joined(registered, evidence === null ? undefined : 'evidence attached'), SMALL]);
  }
  if (asked.by === 'file') facts.push([`SHA-256 ${asked.sha256}`, HASH]);
  return facts;
}

type Issuer = NonNullable<ReportItem['answer']['document']>['issuer'];

function issuerFacts({ visible }: Setting, { name, issuerId, licence, telephone }: Issuer): Fact[] {
  return [
    [visible(name ?? issuerId, MOST.name), PLAIN],
    [
      joined(
        licence === null ? undefined : `licence ${visible(licence, MOST.licence)}`,
        telephone === null ? undefined : `telephone ${visible(telephone, MOST.telephone)}`,
      ),
      SMALL,
    ],
  ];
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
