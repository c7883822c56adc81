import { asciiString } from '../intake/pdf/strings.js';
import { type Dict, dictOf, Name, type PdfValue, type Ref } from '../intake/pdf/value.js';
import type { Revision } from '../intake/pdf/write.js';
import type { Language } from './words.js';

/** What a part of the text is, for whoever has the report read aloud or copies from it (ISO 32000-2, 14.8.4). */
export type Role = 'Document' | 'H1' | 'H2' | 'P' | 'Span' | 'L' | 'LI' | 'Table' | 'TR' | 'TH' | 'TD';

/** A node of the structure tree; its own content is marked in the pages by number. */
export class Element {
  readonly kids: Element[] = [];
  readonly marks: { readonly page: number; readonly id: number }[] = [];

  constructor(
    readonly role: Role,
    readonly language?: Language,
  ) {}

  add(role: Role, language?: Language): Element {
    const kid = new Element(role, language);
    this.kids.push(kid);
    return kid;
  }
}

/**
 * Writes the tree below `root`. `pages[n]` has the StructParents number n. Returns the StructTreeRoot.
 */
export function writeStructure(revision: Revision, root: Element, pages: readonly Ref[]): Ref {
  const treeRoot = revision.add(null);
  /** For each page, the element of each mark in it. */
  const parents = pages.map((): Ref[] => []);
  const write = (element: Element, parent: Ref): Ref => {
    const ref = revision.add(null);
    const own = element.marks.map(({ page, id }): Dict => {
      const owners = parents[page];
      const pageRef = pages[page];
      if (!owners || !pageRef) throw new Error('an element is marked on a page that is not there');
      owners[id] = ref;
      return dictOf({ Type: new Name('MCR'), Pg: pageRef, MCID: id });
    });
    const dict = dictOf({
      Type: new Name('StructElem'),
      S: new Name(element.role),
      P: parent,
      K: [...own, ...element.kids.map((kid) => write(kid, ref))],
    });
    if (element.language !== undefined) dict.set('Lang', asciiString(element.language));
    if (element.role === 'TH') dict.set('A', dictOf({ O: new Name('Table'), Scope: new Name('Row') }));
    revision.replace(ref, dict);
    return ref;
  };
  const document = write(root, treeRoot);
  const numbers = parents.flatMap((owners, page): PdfValue[] => [page, owners]);
  revision.replace(
    treeRoot,
    dictOf({
      Type: new Name('StructTreeRoot'),
      K: document,
      ParentTree: dictOf({ Nums: numbers }),
      ParentTreeNextKey: pages.length,
    }),
  );
  return treeRoot;
}
