import { MM } from '../intake/units.js';
import { drawText, type TextItem } from '../text/draw.js';
import type { NamedFaces } from '../text/embed.js';
import type { Element } from './structure.js';

export const A4 = { width: 210 * MM, height: 297 * MM };

type Item =
  | { readonly element: Element; readonly texts: TextItem[] }
  /** What is not part of the text: rules, grounds, signs that repeat in a shape what stands beside them in words. */
  | { readonly operators: string; readonly texts: readonly TextItem[] };

/** A page that is being filled, in the order in which it is to be read. Everything is measured from the upper left. */
export class Page {
  readonly #items: Item[] = [];

  constructor(readonly number: number) {}

  text(element: Element, text: TextItem): void {
    const last = this.#items.at(-1);
    if (last && 'element' in last && last.element === element) last.texts.push(text);
    else this.#items.push({ element, texts: [text] });
  }

  /** Operators in points from the lower left, as PDF has them: see {@link fromTop}. */
  artefact(operators: string, texts: readonly TextItem[] = []): void {
    this.#items.push({ operators, texts });
  }

  /** Every line; `y` is the baseline's, from the top. */
  get lines(): readonly TextItem[] {
    return this.#items.flatMap(({ texts }) => texts);
  }

  /** The content stream. Marks each element's content, and tells the element. */
  draw(faces: NamedFaces): string {
    let marks = 0;
    const draw = (text: TextItem): string => drawText({ ...text, y: fromTop(text.y) }, faces);
    return this.#items
      .map((item) => {
        const texts = item.texts.map(draw).join('\n');
        if (!('element' in item)) return `/Artifact BMC q\n${item.operators}\n${texts}\nQ EMC`;
        item.element.marks.push({ page: this.number, id: marks });
        return `/${item.element.role} <</MCID ${marks++}>> BDC q\n${texts}\nQ EMC`;
      })
      .join('\n');
  }
}

export const fromTop = (y: number): number => A4.height - y;
