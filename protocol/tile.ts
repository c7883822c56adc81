import { ProtocolError } from './error.js';

/**
 * Paths and contents of the log as static files, C2SP tlog-tiles (https://c2sp.org/tlog-tiles).
 *
 * A tile at level L holds up to 256 hashes of 32 bytes, one after the other: those of the perfect subtrees
 * of height 8·L, left to right. Tiles that are not full yet carry their width in the name.
 */

export const TILE_WIDTH = 256;

function checkTile(n: number, width: number): void {
  const sound =
    Number.isSafeInteger(n) && n >= 0 && Number.isInteger(width) && width >= 1 && width <= TILE_WIDTH;
  if (!sound) throw new ProtocolError('TILE', 'a tile has a number and 1 to 256 entries');
}

/** 1234067 as `x001/x234/067`; a tile that is not full adds `.p/<width>`. */
function numberPath(n: number, width: number): string {
  const digits = n.toString();
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

/** `tile/<level>/<n>[.p/<width>]`; full unless `width` says otherwise. @throws ProtocolError `TILE` */
export function tilePath(level: number, n: number, width: number = TILE_WIDTH): string {
  checkTile(n, width);
  if (!Number.isInteger(level) || level < 0 || level > 63)
    throw new ProtocolError('TILE', 'levels are 0 to 63');
  return `tile/${level}/${numberPath(n, width)}`;
}

/** `tile/entries/<n>[.p/<width>]`, the bundle of entries under the level-0 tile `n`. @throws ProtocolError `TILE` */
export function entriesPath(n: number, width: number = TILE_WIDTH): string {
  checkTile(n, width);
  return `tile/entries/${numberPath(n, width)}`;
}

const LENGTH_BYTES = 2;
const MAX_ENTRY_BYTES = 0xffff;

/** Each entry after its length in two bytes, big-endian. @throws ProtocolError `TILE` for more than 256, or one of 64 KiB */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  const sound = entries.length <= TILE_WIDTH && entries.every(({ length }) => length <= MAX_ENTRY_BYTES);
  if (!sound) throw new ProtocolError('TILE', 'a bundle has at most 256 entries below 64 KiB');
  const bundle = new Uint8Array(entries.reduce((total, { length }) => total + LENGTH_BYTES + length, 0));
  let at = 0;
  for (const entry of entries) {
    bundle[at] = entry.length >> 8;
    bundle[at + 1] = entry.length;
    bundle.set(entry, at + LENGTH_BYTES);
    at += LENGTH_BYTES + entry.length;
  }
  return bundle;
}

/** Views into `bundle`. @throws ProtocolError `TILE` */
export function decodeEntryBundle(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length) {
    const [high, low] = [bundle[at], bundle[at + 1]];
    const start = at + LENGTH_BYTES;
    at = start + (high ?? 0) * 256 + (low ?? 0);
    if (low === undefined || at > bundle.length)
      throw new ProtocolError('TILE', 'the bundle ends inside an entry');
    entries.push(bundle.subarray(start, at));
  }
  if (entries.length > TILE_WIDTH) throw new ProtocolError('TILE', 'a bundle has at most 256 entries');
  return entries;
}
