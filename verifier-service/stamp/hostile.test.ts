import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hostileFiles } from '@spondon/fixtures/hostile';
import { seededRandom } from '@spondon/fixtures/random';
import { ServiceError } from '../error.js';
import { MAX_FILE_BYTES } from '../intake/limits.js';
import { stampFile } from './stamp.js';
import { makeDetails, makeReport, makeTools } from './test-pdfs.js';

const tools = makeTools();
const hasQpdf = spawnSync('qpdf', ['--version']).status === 0;

async function outcomeOf(bytes: Uint8Array): Promise<{ code: string; stamped?: Uint8Array }> {
  try {
    return { code: 'accepted', stamped: (await stampFile(bytes, makeDetails(), tools)).bytes };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { code: error.code };
  }
}

test('every hostile file is refused with its code, or stamped so that qpdf accepts it', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'spondon-hostile-'));
  const faults: string[] = [];
  for (const { name, file, expected } of await hostileFiles(
    await makeReport(),
    MAX_FILE_BYTES,
    seededRandom(1),
  )) {
    const { code, stamped } = await outcomeOf(file);
    if (!expected.some((outcome) => outcome === code))
      faults.push(`${name}: ${code}, not ${expected.join(' or ')}`);
    if (stamped === undefined || !hasQpdf) continue;
    const result = path.join(folder, 'stamped.pdf');
    writeFileSync(result, stamped);
    const { status, stdout, stderr } = spawnSync('qpdf', ['--check', result], { encoding: 'utf8' });
    if (status !== 0) faults.push(`${name}: ${stdout}${stderr}`);
  }
  rmSync(folder, { recursive: true });
  assert.deepEqual(faults, []);
});

test('a PDF with any of its bytes changed, lost or doubled is stamped or refused, and nothing else happens', async () => {
  const originals = [
    await makeReport({ lines: 3, pages: 2 }),
    await makeReport({ lines: 3, pages: 2, objectStreams: true }),
  ];
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 0, max: 60 }),
    by: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc
        .constantFrom('0', '-1', '99999999999', '1 0 R', '<<>>', '[]', 'endobj', 'stream\n', '/Kids', '%')
        .map((text) => Buffer.from(text)),
    ),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...originals),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      async (original, changes) => {
        let bytes = Buffer.from(original);
        for (const { at, length, by } of changes) {
          const from = Math.floor(at * bytes.length);
          bytes = Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(from + length)]);
        }
        assert.match(
          (await outcomeOf(bytes)).code,
          /^(accepted|FILE_(EMPTY|TYPE_UNKNOWN|DAMAGED|ENCRYPTED|BOMB|NO_ROOM))$/,
        );
      },
    ),
    { numRuns: 150 },
  );
});
