/**
 * The objects of a PDF (ISO 32000-2, 7.3) as values. Names and dictionary keys are the Latin-1 reading of their
 * bytes with `#xx` resolved, so `/Obj#53tm` and `/ObjStm` are the same key. Strings are never interpreted: they
 * are kept as they stand in the file, delimiters included, and copied.
 */
export class Name {
  constructor(readonly text: string) {}
}

export class Ref {
  constructor(
    readonly number: number,
    readonly generation: number,
  ) {}
}

export class RawString {
  constructor(readonly token: Uint8Array) {}
}

export type Dict = Map<string, PdfValue>;
export type PdfValue = null | boolean | number | Name | RawString | Ref | PdfValue[] | Dict;

export function dictOf(entries: Readonly<Record<string, PdfValue>>): Dict {
  return new Map(Object.entries(entries));
}

/** A stream's `data` is still encoded, exactly as in the file. */
export class Stream {
  constructor(
    readonly dict: Dict,
    readonly data: Uint8Array,
  ) {}
}

export type PdfObject = PdfValue | Stream;

export function isName(value: PdfObject | undefined, text: string): boolean {
  return value instanceof Name && value.text === text;
}
