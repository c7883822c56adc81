import { isBengali, isMark, visibleText } from '@spondon/protocol/visible-text';
import type { Faces } from '../text/faces.js';
import { missingCharacters } from '../text/shape.js';

/** Turns text that strangers wrote into text that shows what it is, see {@link visibleText}, in at most so many characters. */
export type Visible = (text: string, most: number) => string;

/** For text that is drawn with these faces: what none of them has is named. */
export function createVisible(faces: Faces): Visible {
  const inFaces = new Map<string, boolean>();
  const hasGlyph = (character: string): boolean => {
    // Marks of other scripts, which NFC has not joined with a letter, the faces have, and do not place.
    if (isMark(character) && !isBengali(character)) return false;
    const known = inFaces.get(character) ?? missingCharacters(faces, character).length === 0;
    inFaces.set(character, known);
    return known;
  };
  return (text, most) => visibleText(text, { most, hasGlyph });
}

/** Of what others write, in characters: so much of it is shown. */
export const MOST = { fileName: 180, name: 140, licence: 70, telephone: 40, sentence: 450 } as const;
