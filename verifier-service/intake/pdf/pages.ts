import { ServiceError } from '../../error.js';
import { MAX_PAGES } from '../limits.js';
import { damaged } from './parse.js';
import type { PdfFile } from './file.js';
import { Name, Ref, isName, type Dict, type PdfValue } from './value.js';

/** Attributes that a page takes from the nodes above it (ISO 32000-2, table 31). */
const INHERITED = ['Resources', 'MediaBox', 'CropBox', 'Rotate'] as const;

export interface PdfPage {
  readonly ref: Ref;
  readonly dict: Dict;
  /** The page's own attributes, and those it inherits. */
  readonly attributes: ReadonlyMap<string, PdfValue>;
}

/** All pages, in order. Throws FILE_DAMAGED when the tree is none, FILE_BOMB when it has more than MAX_PAGES. */
export function listPages(file: PdfFile): PdfPage[] {
  const pages: PdfPage[] = [];
  const seen = new Set<number>();
  const visit = (ref: PdfValue | undefined, above: ReadonlyMap<string, PdfValue>, depth: number): void => {
    const dict = file.dict(ref);
    if (dict === undefined) return; // a missing kid is no page, for every reader
    if (!(ref instanceof Ref)) throw damaged('its page tree holds a page that is no object of its own');
    if (seen.has(ref.number) || depth > 64) throw damaged('its page tree is not a tree');
    seen.add(ref.number);
    const leaf = !dict.has('Kids');
    if (!isName(dict.get('Type'), leaf ? 'Page' : 'Pages')) {
      dict.set('Type', new Name(leaf ? 'Page' : 'Pages')); // what its place in the tree says it is
      file.irregular.add(ref.number);
    }
    const attributes = new Map(above);
    for (const key of INHERITED) {
      const value = dict.get(key);
      if (value !== undefined && value !== null) attributes.set(key, value);
    }
    if (!leaf) {
      for (const kid of file.array(dict.get('Kids'))) visit(kid, attributes, depth + 1);
    } else {
      pages.push({ ref, dict, attributes });
      if (pages.length > MAX_PAGES) {
        throw new ServiceError(
          'FILE_BOMB',
          `The PDF has more than ${MAX_PAGES} pages. Split it and issue the parts.`,
        );
      }
    }
  };
  const root = file.dict(file.xref.trailer.get('Root'));
  if (root === undefined) throw damaged('it has no document catalogue');
  visit(root.get('Pages'), new Map(), 0);
  if (pages.length === 0) throw damaged('it has no pages');
  return pages;
}

export function nameText(value: PdfValue | undefined): string | undefined {
  return value instanceof Name ? value.text : undefined;
}
