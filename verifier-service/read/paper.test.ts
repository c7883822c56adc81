import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readBanglaFont } from '@spondon/fixtures/bangla-font';
import { sampleDocument } from '@spondon/fixtures/documents';
import { paperVariants } from '@spondon/fixtures/paper';
import { printedSheet, type Sheet } from '@spondon/fixtures/paper/sheet';
import { randomBytes, seededRandom } from '@spondon/fixtures/random';
import { stampSample } from '../stamp/stamped.test-support.js';
import { makeTools } from '../stamp/test-pdfs.js';
import { createClaimsReader, type ClaimsReader } from './claims-reader.js';

/** A sample of what `bench/paper.ts` measures: whatever somebody would hand in without a word is read. */
const SHEETS = [
  { kind: 'report', language: 'en', codeWidth: 40 },
  { kind: 'slip', language: 'bn', codeWidth: 30 },
] as const;

const tools = makeTools();
const mild = paperVariants.filter(({ severity }) => severity === 'mild');

for (const [seed, { kind, language, codeWidth }] of SHEETS.entries())
  describe(`a ${kind} in ${language} with a code of ${codeWidth} mm`, () => {
    let reader: ClaimsReader;
    let sheet: Sheet;
    let stampedJws: string;
    before(async () => {
      reader = createClaimsReader({ threads: 1, searchMs: 60_000 });
      const random = seededRandom(seed);
      const issuedAt = new Date('2026-03-14T06:00:00Z');
      const banglaFont = await readBanglaFont();
      const document = await sampleDocument({ kind, language, random, issuedAt, banglaFont });
      const { jws, ...stamped } = await stampSample(document, tools, (length) => randomBytes(random, length));
      stampedJws = jws;
      sheet = await printedSheet({ ...stamped, codeWidth });
    });
    after(() => reader.close());

    for (const [index, { name, capture }] of mild.entries())
      test(`is read when it is ${name}`, async () => {
        const { claims } = await reader.read(await capture(sheet, seededRandom(100 * seed + index)));
        assert.deepEqual(
          claims.map(({ jws }) => jws),
          [stampedJws],
        );
      });
  });
