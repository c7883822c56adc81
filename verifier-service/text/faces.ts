import { readFileSync } from 'node:fs';
import { create, type Font } from 'fontkit';

/** Noto Sans for Latin, Noto Sans Bengali for Bangla: vendored whole, as only whole they shape conjuncts. */
export type FaceName =
  'NotoSans-Regular' | 'NotoSans-Bold' | 'NotoSansBengali-Regular' | 'NotoSansBengali-Bold';

/** Opened when first needed and kept: opening and warming one up costs more than a hundred stamps. */
export type Faces = (name: FaceName) => Font;

/** The fonts stand beside this file's source, not beside what is compiled from it. */
const FOLDER = new URL('../../text/fonts/', import.meta.url);

export function openFaces(): Faces {
  const open = new Map<FaceName, Font>();
  return (name) => {
    const known = open.get(name);
    if (known !== undefined) return known;
    const font = create(readFileSync(new URL(`${name}.ttf`, FOLDER)));
    if (!('layout' in font)) throw new Error(`${name}.ttf holds several fonts`);
    open.set(name, font);
    return font;
  };
}
