import type { Answer } from '../check/check.js';

/** Physicians and centres from whom an embassy accepts examinations, as its officer loaded them. */
export interface PanelList {
  /** Of the file. */
  readonly name: string;
  /** Unix ms. */
  readonly loadedAt: number;
  /** Names, licence and registration numbers, issuer ids: each in its one comparable spelling. */
  readonly entries: readonly string[];
}

/** Where the browser keeps it. */
export interface PanelStore {
  load(): Promise<PanelList | null>;
  save(list: PanelList | null): Promise<void>;
}

/** Cells that say nothing about anybody, such as 'no' or '12'. */
const LEAST_LENGTH = 4;

/**
 * The list out of a table's cells: whatever an embassy's own list looks like, some of its cells are names and numbers
 * of those on it. Null when there are none.
 */
export function panelListOf(
  name: string,
  cells: readonly (readonly string[])[],
  now: number,
): PanelList | null {
  const entries = new Set(
    cells
      .flat()
      .map(comparable)
      .filter((entry) => entry.length >= LEAST_LENGTH),
  );
  return entries.size === 0 ? null : { name, loadedAt: now, entries: [...entries] };
}

export interface OnPanel {
  readonly centre: boolean;
  /** Null when the document does not name one. */
  readonly physician: boolean | null;
}

/** Null when there is nobody to look for. A physician counts by registration number, as names are shared by many. */
export function onPanel(
  { document: record, facts: [claims] }: Answer,
  { entries }: PanelList,
): OnPanel | null {
  if (record === null) return null;
  const isOn = (text: string | null) => text !== null && text !== '' && entries.includes(comparable(text));
  const centre = [record.issuerId, record.issuer, record.licence].some(isOn);
  const physician = claims?.kind === 'certificate' ? isOn(claims.facts.registrationNumber) : null;
  return { centre, physician };
}

function comparable(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}
