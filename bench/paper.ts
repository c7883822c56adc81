import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBanglaFont } from '@spondon/fixtures/bangla-font';
import { documentKinds, sampleDocument } from '@spondon/fixtures/documents';
import { paperVariants, type PaperVariant } from '@spondon/fixtures/paper';
import { printedSheet } from '@spondon/fixtures/paper/sheet';
import { randomBytes, seededRandom } from '@spondon/fixtures/random';
import { createClaimsReader } from '@spondon/verifier-service/read/claims-reader';
import { stampSample, type StampedSample } from '@spondon/verifier-service/stamp/stamped.test-support';
import { makeTools } from '@spondon/verifier-service/stamp/test-pdfs';
import { milliseconds, percent, percentile } from './figures.js';
import { readOptions } from './options.js';
import { printReport, type Row, tellProgress } from './report.js';

/**
 * The stamp on paper: sample documents are stamped, printed, carried about and made pictures again, and read as
 * POST /v1/verify reads them. Pictures repeat: the same program makes the same ones.
 */

const WIDTHS = [40, 30] as const;
const LANGUAGES = ['en', 'bn'] as const;

const options = readOptions();
const seeds = options.quick ? 1 : 5;

interface Attempt {
  readonly variant: PaperVariant;
  readonly width: number;
  readonly isRead: boolean;
  readonly took: number;
}

const attempts: Attempt[] = [];
const reader = createClaimsReader({ threads: 1 });
const tools = makeTools();
const banglaFont = await readBanglaFont();
for (let seed = 1; seed <= seeds; seed++)
  for (const language of LANGUAGES) {
    tellProgress(`document ${seed} of ${seeds}, ${language}`);
    const stamped = await sample(seed, language);
    for (const width of WIDTHS) await readAll(stamped, seed, language, width);
  }
await reader.close();

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
    'pictures of each': paperVariants.length * WIDTHS.length,
    'seconds a search may take': 8,
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

async function readAll(stamped: StampedSample, seed: number, language: string, width: number): Promise<void> {
  const sheet = await printedSheet({ ...stamped, codeWidth: width });
  for (const [index, variant] of paperVariants.entries()) {
    const picture = await variant.capture(sheet, seededRandom(seed * 1000 + index * 10 + width));
    const begun = performance.now();
    const { claims } = await reader.read(picture);
    const took = performance.now() - begun;
    const isRead = claims.some(({ source, jws }) => source === 'qr' && jws === stamped.jws);
    attempts.push({ variant, width, isRead, took });
    if (options.data !== undefined)
      await keep(options.data, [variant.name, width, language, seed, isRead ? 'read' : 'missed'], picture);
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
  const read = of.filter(({ isRead }) => isRead).length;
  const times = of.map(({ took }) => took);
  const share = read === of.length ? 'all' : percent(read / of.length);
  return `${share} (${read} of ${of.length}); p50 ${milliseconds(percentile(times, 0.5))}, max ${milliseconds(Math.max(...times))}`;
}
