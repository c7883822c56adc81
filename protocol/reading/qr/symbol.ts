/** What every QR code of a size has at the same places (ISO/IEC 18004:2015, 6.3): by these it is found and measured. */

export const VERSIONS: readonly number[] = Array.from({ length: 40 }, (_, i) => i + 1);

/** Modules along one side of a code. */
export function sizeOfVersion(version: number): number {
  return 17 + 4 * version;
}

/** Rows, and columns, of the centres of alignment patterns (annex E); none in version 1. */
export function alignmentLines(version: number): readonly number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const last = sizeOfVersion(version) - 7;
  // The table's one irregular entry is version 32.
  const step = version === 32 ? 26 : Math.ceil((last - 6) / (count - 1) / 2) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => last - step * (count - 2 - i))];
}

/** Centres of the alignment patterns, without those that finder patterns take the place of; that of the fourth corner last. */
export function alignmentCentres(version: number): { column: number; row: number }[] {
  const lines = alignmentLines(version);
  const last = lines.at(-1);
  return lines.flatMap((row) =>
    lines
      .filter(
        (column) => !(row === 6 && (column === 6 || column === last)) && !(column === 6 && row === last),
      )
      .map((column) => ({ column, row })),
  );
}

/** Whether a module of a finder pattern is dark, by its distance from the middle one; at a distance of 4 is its light border. */
export function finderIsDark(columns: number, rows: number): boolean {
  const ring = Math.max(Math.abs(columns), Math.abs(rows));
  return ring <= 1 || ring === 3;
}

/** The same of an alignment pattern, which ends at a distance of 2. */
export function alignmentIsDark(columns: number, rows: number): boolean {
  return Math.max(Math.abs(columns), Math.abs(rows)) !== 1;
}
