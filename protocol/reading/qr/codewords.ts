import { corrected } from './reed-solomon.js';
import { alignmentCentres, sizeOfVersion } from './symbol.js';

/** From modules to text (ISO/IEC 18004:2015, 7): as far as stamps need it, which are at level M and of one byte segment. */

/** Check bytes of a block, and blocks, of versions 1 to 40 at level M (table 9). */
const CHECKS = [
  10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
];
const BLOCKS = [
  1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29,
  31, 33, 35, 37, 38, 40, 43, 45, 47, 49,
];

type Mask = (row: number, column: number) => boolean;

const MASKS = [
  (row, column) => (row + column) % 2 === 0,
  (row) => row % 2 === 0,
  (_, column) => column % 3 === 0,
  (row, column) => (row + column) % 3 === 0,
  (row, column) => (Math.floor(row / 2) + Math.floor(column / 3)) % 2 === 0,
  (row, column) => ((row * column) % 2) + ((row * column) % 3) === 0,
  (row, column) => (((row * column) % 2) + ((row * column) % 3)) % 2 === 0,
  (row, column) => (((row + column) % 2) + ((row * column) % 3)) % 2 === 0,
] as const satisfies readonly Mask[];

/** What the modules of a code look like: row by row, above 0 for dark, below 0 for light, the farther from 0 the surer. */
export type Darkness = Float32Array;

/** Of a block's check bytes, the shares that are spent on the bytes that are least sure, one after the other. */
const LOST_SHARES = [0, 0.2, 0.4, 0.6, 0.8];
/** Check bytes kept for checking when bytes are given up as lost. */
const SPARE = 3;
/** How far from 0 a module may look on the wrong side, in most cases. */
const USUAL_ERROR = 0.1;

/**
 * The text, when all blocks can be corrected, each from any of the readings: one suits where ink ran, another where it is
 * pale.
 */
export function textOf(version: number, readings: readonly Darkness[]): string | undefined {
  const order = dataModules(version);
  const checks = CHECKS[version - 1] ?? 0;
  const read = readings.map((darkness) => bytesOf(darkness, version, order));
  const data: number[] = [];
  for (const positions of blocksOf(version, Math.floor(order.length / 8))) {
    const block = correctedBlock(positions, read, checks);
    if (!block) return undefined;
    data.push(...block.subarray(0, block.length - checks));
  }
  return byteSegment(data, version);
}

interface Bytes {
  readonly values: Uint8Array;
  /** How little each can be trusted. */
  readonly doubts: Float32Array;
}

function bytesOf(darkness: Darkness, version: number, order: readonly number[]): Bytes {
  const size = sizeOfVersion(version);
  const isFlipped = maskOf(darkness, size);
  const values = new Uint8Array(Math.floor(order.length / 8));
  const doubts = new Float32Array(values.length);
  for (const [i, module] of order.slice(0, 8 * values.length).entries()) {
    const dark = darkness[module] ?? 0;
    const bit = dark > 0 !== isFlipped(Math.floor(module / size), module % size) ? 1 : 0;
    values[i >> 3] = ((values[i >> 3] ?? 0) << 1) | bit;
    doubts[i >> 3] = (doubts[i >> 3] ?? 0) + Math.exp(-Math.abs(dark) / USUAL_ERROR);
  }
  return { values, doubts };
}

function correctedBlock(
  positions: readonly number[],
  readings: readonly Bytes[],
  checks: number,
): Uint8Array | undefined {
  for (const share of LOST_SHARES)
    for (const { values, doubts } of readings) {
      const block = Uint8Array.from(positions, (position) => values[position] ?? 0);
      const lost = positions
        .map((position, i) => ({ i, doubt: doubts[position] ?? 0 }))
        .sort((a, b) => b.doubt - a.doubt)
        .slice(0, Math.floor(share * checks))
        .map(({ i }) => i);
      const fixed = corrected(block, checks, lost, lost.length === 0 ? 0 : SPARE);
      if (fixed) return fixed;
    }
  return undefined;
}

/** Where the bytes of each block are among all: they are dealt out in turn, data first (7.6). */
function blocksOf(version: number, count: number): number[][] {
  const [checks, blocks] = [CHECKS[version - 1] ?? 0, BLOCKS[version - 1] ?? 1];
  const short = Math.floor(count / blocks) - checks;
  const shortBlocks = blocks - (count % blocks);
  const positions = Array.from({ length: blocks }, (): number[] => []);
  let next = 0;
  for (let i = 0; i <= short; i++)
    for (let block = 0; block < blocks; block++)
      if (i < short || block >= shortBlocks) positions[block]?.push(next++);
  for (let i = 0; i < checks; i++) for (const block of positions) block.push(next++);
  return positions;
}

/** Modules that hold data, in the order in which they are filled (7.7.3). */
function dataModules(version: number): number[] {
  const size = sizeOfVersion(version);
  const fixed = fixedModules(version);
  const order: number[] = [];
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const upwards = ((right + 1) & 2) === 0;
    for (let i = 0; i < size; i++)
      for (const column of [right, right - 1]) {
        const module = (upwards ? size - 1 - i : i) * size + column;
        if (fixed[module] === 0) order.push(module);
      }
  }
  return order;
}

/** 1 where a module holds no data. */
function fixedModules(version: number): Uint8Array {
  const size = sizeOfVersion(version);
  const fixed = new Uint8Array(size * size);
  const take = (left: number, top: number, width: number, height: number) => {
    for (let row = top; row < top + height; row++)
      fixed.fill(1, row * size + left, row * size + left + width);
  };
  // Finder patterns with format information beside them, timing patterns, alignment patterns, version information.
  take(0, 0, 9, 9);
  take(size - 8, 0, 8, 9);
  take(0, size - 8, 9, 8);
  take(6, 0, 1, size);
  take(0, 6, size, 1);
  for (const { column, row } of alignmentCentres(version)) take(column - 2, row - 2, 5, 5);
  if (version >= 7) {
    take(size - 11, 0, 3, 6);
    take(0, size - 11, 6, 3);
  }
  return fixed;
}

/** Which mask the format information names, of both its copies, by the best agreement (7.9). */
function maskOf(darkness: Darkness, size: number): Mask {
  const at = (column: number, row: number) => Math.max(-1, Math.min(1, darkness[row * size + column] ?? 0));
  // The least significant bit first.
  const upper = [0, 1, 2, 3, 4, 5, 7, 8].map((row) => at(8, row));
  const lower = [7, 5, 4, 3, 2, 1, 0].map((column) => at(column, 8));
  const across = Array.from({ length: 8 }, (_, i) => at(size - 1 - i, 8));
  const down = Array.from({ length: 7 }, (_, i) => at(8, size - 7 + i));
  const seen = [...upper, ...lower].map((value, i) => value + ([...across, ...down][i] ?? 0));
  const agreement = (mask: Mask) => {
    const bits = formatBits(MASKS.indexOf(mask));
    return seen.reduce((sum, value, i) => sum + ((bits >> i) & 1 ? value : -value), 0);
  };
  return MASKS.reduce((best, mask) => (agreement(mask) > agreement(best) ? mask : best));
}

/** Level M and a mask, with their check bits (annex C). */
function formatBits(mask: number): number {
  let remainder = mask;
  for (let i = 0; i < 10; i++) remainder = (remainder << 1) ^ ((remainder >> 9) * 0x537);
  return ((mask << 10) | remainder) ^ 0x5412;
}

/** The text of data that is one segment of bytes (7.4.5). */
function byteSegment(data: readonly number[], version: number): string | undefined {
  const bits = (from: number, length: number): number => {
    let value = 0;
    for (let i = from; i < from + length; i++)
      value = (value << 1) | (((data[i >> 3] ?? 0) >> (7 - (i & 7))) & 1);
    return value;
  };
  if (bits(0, 4) !== 4) return undefined;
  const lengthBits = version < 10 ? 8 : 16;
  const length = bits(4, lengthBits);
  const from = 4 + lengthBits;
  if (from + 8 * length > 8 * data.length) return undefined;
  return String.fromCharCode(...Array.from({ length }, (_, i) => bits(from + 8 * i, 8)));
}
