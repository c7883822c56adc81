/** Reed–Solomon codes of QR codes (ISO/IEC 18004:2015, 7.5.2): bytes, over GF(2⁸) by x⁸ + x⁴ + x³ + x² + 1. */

const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, value = 1; i < 255; i++) {
  EXP[i] = EXP[i + 255] = value;
  LOG[value] = i;
  value = value & 0x80 ? (value << 1) ^ 0x11d : value << 1;
}

/** A power of the field's generator; of any whole number from 0 to 509. */
const power = (exponent: number): number => EXP[exponent] ?? 0;

function times(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : power((LOG[a] ?? 0) + (LOG[b] ?? 0));
}

const inverse = (a: number): number => power(255 - (LOG[a] ?? 0));

/** Coefficients, the constant one first. */
type Polynomial = readonly number[];

function product(a: Polynomial, b: Polynomial): number[] {
  const result = Array<number>(a.length + b.length - 1).fill(0);
  for (const [i, x] of a.entries())
    for (const [j, y] of b.entries()) result[i + j] = (result[i + j] ?? 0) ^ times(x, y);
  return result;
}

function valueAt(polynomial: Polynomial, x: number): number {
  let value = 0;
  for (let i = polynomial.length - 1; i >= 0; i--) value = times(value, x) ^ (polynomial[i] ?? 0);
  return value;
}

/**
 * The block without its errors: up to half as many as it has check bytes, or as many as them where it is known which
 * bytes are lost. Undefined when there are more than that; then a wrong answer is not impossible, only unlikely, so that
 * `spare` of the check bytes may be kept for checking alone.
 *
 * @param block data, then `checks` check bytes
 * @param lost positions of bytes that cannot be trusted
 */
export function corrected(
  block: Uint8Array,
  checks: number,
  lost: readonly number[],
  spare = 0,
): Uint8Array | undefined {
  if (lost.length + spare > checks) return undefined;
  const syndromes = syndromesOf(block, checks);
  if (syndromes.every((value) => value === 0)) return block;
  const rootOf = (position: number) => power(block.length - 1 - position);
  const lostLocator = lost.reduce<number[]>(
    (locator, position) => product(locator, [1, rootOf(position)]),
    [1],
  );
  const locator = product(
    lostLocator,
    errorLocator(product(syndromes, lostLocator).slice(lost.length, checks)),
  );
  const errors = locator.length - 1 - lost.length;
  if (2 * errors + lost.length + spare > checks) return undefined;

  const evaluator = product(syndromes, locator).slice(0, checks);
  const fixed = Uint8Array.from(block);
  let found = 0;
  for (let position = 0; position < block.length; position++) {
    const root = rootOf(position);
    const at = inverse(root);
    if (valueAt(locator, at) !== 0) continue;
    found++;
    // Forney: the locator's formal derivative has its odd coefficients alone.
    const derivative = locator.map((value, i) => (i % 2 === 1 ? value : 0)).slice(1);
    const slope = valueAt(derivative, at);
    if (slope === 0) return undefined;
    fixed[position] = (fixed[position] ?? 0) ^ times(root, times(valueAt(evaluator, at), inverse(slope)));
  }
  if (found !== locator.length - 1) return undefined;
  return syndromesOf(fixed, checks).every((value) => value === 0) ? fixed : undefined;
}

function syndromesOf(block: Uint8Array, checks: number): number[] {
  return Array.from({ length: checks }, (_, i) => {
    let value = 0;
    for (const byte of block) value = times(value, power(i)) ^ byte;
    return value;
  });
}

/** Berlekamp and Massey: the shortest recurrence that the syndromes obey. */
function errorLocator(syndromes: Polynomial): number[] {
  let locator = [1];
  let before = [1];
  let errors = 0;
  for (let i = 0, shift = 1, last = 1; i < syndromes.length; i++, shift++) {
    let discrepancy = 0;
    for (let k = 0; k <= errors; k++) discrepancy ^= times(locator[k] ?? 0, syndromes[i - k] ?? 0);
    if (discrepancy === 0) continue;
    const factor = times(discrepancy, inverse(last));
    const next = Array.from(
      { length: Math.max(locator.length, before.length + shift) },
      (_, k) => (locator[k] ?? 0) ^ times(factor, before[k - shift] ?? 0),
    );
    if (2 * errors <= i) {
      [before, errors, last, shift] = [locator, i + 1 - errors, discrepancy, 0];
    }
    locator = next;
  }
  return locator.slice(0, errors + 1);
}
