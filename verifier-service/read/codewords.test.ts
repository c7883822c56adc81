import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from 'qrcode';
import { seededRandom } from '@spondon/fixtures/random';
import { textOf } from '@spondon/protocol/reading/qr/codewords';
import { alignmentCentres, sizeOfVersion, VERSIONS } from '@spondon/protocol/reading/qr/symbol';

type Options = NonNullable<Parameters<typeof create>[1]>;

/** A code of another implementation. */
function modulesOf(text: string, options: Options): { size: number; darkness: Float32Array } {
  const { modules } = create([{ mode: 'byte', data: Buffer.from(text) }], {
    errorCorrectionLevel: 'M',
    ...options,
  });
  return {
    size: modules.size,
    darkness: Float32Array.from(modules.data, (dark) => (dark === 1 ? 0.5 : -0.5)),
  };
}

const TEXT = 'https://v';

test('codes of every version are read, with any mask', () => {
  for (const version of VERSIONS) {
    const { size, darkness } = modulesOf(TEXT, { version });
    assert.equal(size, sizeOfVersion(version));
    assert.equal(textOf(version, [darkness]), TEXT, `version ${version}`);
  }
  for (const maskPattern of [0, 1, 2, 3, 4, 5, 6, 7] as const)
    assert.equal(
      textOf(3, [modulesOf(TEXT, { version: 3, maskPattern }).darkness]),
      TEXT,
      `mask ${maskPattern}`,
    );
});

test('the last alignment pattern is the one of the fourth corner', () => {
  for (const version of VERSIONS.slice(1)) {
    const last = sizeOfVersion(version) - 7;
    assert.deepEqual(alignmentCentres(version).at(-1), { column: last, row: last });
  }
});

test('a code of another level or of another kind of segment is not read', () => {
  assert.equal(textOf(5, [modulesOf(TEXT, { version: 5, errorCorrectionLevel: 'H' }).darkness]), undefined);
  const digits = create('1234567890', { version: 5, errorCorrectionLevel: 'M' }).modules.data;
  assert.equal(textOf(5, [Float32Array.from(digits, (dark) => (dark === 1 ? 1 : -1))]), undefined);
});

/** A fifth of the rows, lost: white, and seen to be unsure or not. */
function withLostRows(darkness: Float32Array, size: number, value: number): Float32Array {
  const first = Math.floor(size * 0.4);
  return Float32Array.from(darkness).fill(value, first * size, (first + Math.floor(size / 5)) * size);
}

test('bytes that are hard to tell count as lost, so that twice as many may be', () => {
  const text = 'x'.repeat(400);
  const { size, darkness } = modulesOf(text, { version: 17 });
  assert.equal(textOf(17, [withLostRows(darkness, size, -0.5)]), undefined);
  assert.equal(textOf(17, [withLostRows(darkness, size, -0.01)]), text);
});

test('each block is taken from a reading that has it', () => {
  const text = 'x'.repeat(400);
  const { darkness } = modulesOf(text, { version: 17 });
  const random = seededRandom(5);
  const flipped = (share: number) => darkness.map((value) => (random() < share ? -value : value));
  const readings = Array.from({ length: 40 }, () => flipped(0.024));
  const alone = readings.filter((reading) => textOf(17, [reading]) === text).length;
  assert.ok(alone < readings.length);
  assert.equal(textOf(17, readings), text);
});

test('noise has no text', () => {
  const random = seededRandom(1);
  for (let run = 0; run < 20; run++) {
    const noise = Float32Array.from({ length: sizeOfVersion(10) ** 2 }, () => random() - 0.5);
    assert.equal(textOf(10, [noise]), undefined);
  }
});
