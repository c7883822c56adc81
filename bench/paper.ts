import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBanglaFont } from '@spondon/fixtures/bangla-font';
import { documentKinds, sampleDocument } from '@spondon/fixtures/documents';
import { paperVariants, type PaperVariant } from '@spondon/fixtures/paper';
import { printedSheet } from '@spondon/fixtures/paper/sheet';
import { randomBytes, seededRandom } from '@spondon/fixtures/random';
import { stampSample, type StampedSample } from '@spondon/verifier-service/stamp/stamped.test-support';
import { makeTools } from '@spondon/verifier-service/stamp/test-pdfs';
import { milliseconds, percent, percentile } from './figures.js';
import { readOptions } from './options.js';
import { browserReader, type PaperReader, SEARCH_MS, serviceReader, zxingReader } from './paper-readers.js';
import { printReport, type Row, tellProgress } from './report.js';

/**
 * The stamp on paper: sample documents are stamped, printed, carried about and made pictures again, and read as
 * POST /v1/verify reads them, by the first of its decoders alone, and as the portal reads them. Pictures repeat: the
 * same program makes the same ones.
 */

const WIDTHS = [40, 30] as const;
const LANGUAGES = ['en', 'bn'] as const;

const options = readOptions();
const seeds = options.quick ? 1 : 5;

interface Attempt {
  readonly variant: PaperVariant;
  readonly width: number;
  readonly reader: string;
  readonly isRead: boolean;
  readonly took: number;
}

const attempts: Attempt[] = [];
const onServer = [serviceReader(), zxingReader()];
const inBrowser = await browserReader();
if (!inBrowser) tellProgress('no Chromium here: nothing is read in a browser');
const readers = inBrowser ? [...onServer, inBrowser] : onServer;
const tools = makeTools();
const banglaFont = await readBanglaFont();
for (let seed = 1; seed <= seeds; seed++)
  for (const language of LANGUAGES) {
    tellProgress(`document ${seed} of ${seeds}, ${language}`);
    const stamped = await sample(seed, language);
    // The browser runs the same search: the first documents show whether it sees the same.
    const readBy = seed === 1 ? readers : onServer;
    for (const width of WIDTHS) await readAll(stamped, seed, language, width, readBy);
  }
for (const reader of readers) await reader.close();

const rows = WIDTHS.flatMap((width) =>
  paperVariants.map((variant): Row => ({
    figure: `${variant.name} (${variant.severity}), ${width} mm`,
    result: resultOf(attempts.filter((each) => each.variant === variant && each.width === width)),
  })),
);
const totals = WIDTHS.flatMap((width): Row[] => {
  const all = attempts.filter((each) => each.width === width);
  const goals = width === 40 ? { mild: 'all', all: '≥ 95 %' } : { mild: 'all' };
  return [
    { figure: `mild, ${width} mm`, result: resultOf(all.filter(isMild)), goal: goals.mild },
    { figure: `all, ${width} mm`, result: resultOf(all), ...(goals.all ? { goal: goals.all } : {}) },
  ];
});
await printReport(
  'The stamp on paper: read, by the share of pictures',
  {
    documents: seeds * LANGUAGES.length,
    'of them in the browser': inBrowser ? LANGUAGES.length : 0,
    'pictures of each': paperVariants.length * WIDTHS.length,
    'seconds a search may take': SEARCH_MS / 1000,
  },
  [...rows, ...totals],
);

async function sample(seed: number, language: (typeof LANGUAGES)[number]): Promise<StampedSample> {
  const random = seededRandom(seed);
  // Both languages in each run, and every kind of document in four.
  const kind = documentKinds[(seed + LANGUAGES.indexOf(language)) % documentKinds.length] ?? 'report';
  const document = await sampleDocument({
    kind,
    language,
    random,
    issuedAt: new Date('2026-03-14T06:00:00Z'),
    banglaFont,
  });
  return stampSample(document, tools, (length) => randomBytes(random, length));
}

async function readAll(
  stamped: StampedSample,
  seed: number,
  language: string,
  width: number,
  readBy: readonly PaperReader[],
): Promise<void> {
  const sheet = await printedSheet({ ...stamped, codeWidth: width });
  for (const [index, variant] of paperVariants.entries()) {
    const picture = await variant.capture(sheet, seededRandom(seed * 1000 + index * 10 + width));
    const outcomes: string[] = [];
    for (const reader of readBy) {
      const begun = performance.now();
      const found = await reader.read(picture);
      const took = performance.now() - begun;
      const isRead = found.includes(stamped.jws);
      attempts.push({ variant, width, reader: reader.name, isRead, took });
      outcomes.push(`${reader.name} ${isRead ? 'read' : 'missed'}`);
    }
    if (options.data !== undefined)
      await keep(options.data, [variant.name, width, language, seed, ...outcomes], picture);
  }
}

async function keep(folder: string, name: readonly (string | number)[], picture: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name.join(' - ')}.jpg`), picture);
}

function isMild({ variant }: Attempt): boolean {
  return variant.severity === 'mild';
}

function resultOf(of: readonly Attempt[]): string {
  return readers
    .map(({ name }) =>
      shareOf(
        name,
        of.filter(({ reader }) => reader === name),
      ),
    )
    .join('; ');
}

function shareOf(name: string, of: readonly Attempt[]): string {
  const read = of.filter(({ isRead }) => isRead).length;
  const times = of.map(({ took }) => took);
  const share = read === of.length ? 'all' : percent(read / of.length);
  return `${name} ${share} (${read} of ${of.length}), p50 ${milliseconds(percentile(times, 0.5))}, max ${milliseconds(Math.max(...times))}`;
}
