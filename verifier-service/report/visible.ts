import type { Faces } from '../text/faces.js';
import { missingCharacters } from '../text/shape.js';

/** Turns text that strangers wrote into text that shows what it is: see {@link createVisible}. */
export type Visible = (text: string, most: number) => string;

/**
 * Text from issuers and visitors, as it may stand on a page. Nothing in it is hidden, drawn over something else or left
 * out: a character that draws nothing, reorders what surrounds it, piles up, or is in none of the faces is named
 * instead, as ‹U+202E›, and several in a row are counted. Spaces of all widths become one. What is longer than `most`
 * characters loses its middle; its end stays, because of what a file's name ends in.
 */
export function createVisible(faces: Faces): Visible {
  const inFaces = new Map<string, boolean>();
  const hasGlyph = (character: string): boolean => {
    const known = inFaces.get(character) ?? missingCharacters(faces, character).length === 0;
    inFaces.set(character, known);
    return known;
  };
  return (text, most) => {
    const pieces = joined(named(text.normalize('NFC'), hasGlyph));
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (length <= most) return pieces.join('');
    const end = takeFrom(pieces.toReversed(), Math.floor(most / 3)).reverse();
    // A mark without its letter would stand upon the dots.
    while (MARK.test(end[0]?.[0] ?? '')) end.shift();
    const start = takeFrom(pieces, most - Math.floor(most / 3));
    return `${start.join('')} … ${end.join('')}`;
  };
}

/** Of what others write, in characters: so much of it is shown. */
export const MOST = { fileName: 180, name: 140, licence: 70, telephone: 40, sentence: 450 } as const;

/** Control, format, surrogate, private and unassigned characters, and those that are said to draw nothing. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
const MARK = /\p{M}/u;
const BENGALI = /[\u0980-\u09ff]/;
const JOINER = /[\u200c\u200d]/;
/** Upon one letter. Bangla has up to four in a row: hasanta, a vowel sign in two parts, candrabindu. */
const MOST_MARKS = 4;

interface Piece {
  readonly text: string;
  /** The character itself cannot be shown, and this is its name. */
  readonly isName: boolean;
}

function named(text: string, hasGlyph: (character: string) => boolean): Piece[] {
  const characters = [...text];
  let marks = MOST_MARKS; // with nothing before it, a mark would stand upon what is not its own
  return characters.map((character, at): Piece => {
    const isSpace = /\s/u.test(character) && !HIDDEN.test(character);
    marks = isSpace ? MOST_MARKS : MARK.test(character) ? marks + 1 : 0;
    if (isSpace) return { text: ' ', isName: false };
    const isJoiner = JOINER.test(character) && isBengali(characters[at - 1]) && isBengali(characters[at + 1]);
    // Marks are for Bangla only: those of other scripts, which NFC has not joined with a letter, can be piled up.
    const isMark = MARK.test(character) && (!isBengali(character) || marks > MOST_MARKS);
    const isShown = isJoiner || (!HIDDEN.test(character) && !isMark && hasGlyph(character));
    if (isShown) return { text: character, isName: false };
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return { text: `U+${code}`, isName: true };
  });
}

const isBengali = (character = ''): boolean => BENGALI.test(character);

/** Names in brackets, a row of them as the first and how many more; a row of spaces as one. */
function joined(pieces: readonly Piece[]): string[] {
  const out: string[] = [];
  for (let at = 0; at < pieces.length;) {
    const piece = pieces[at];
    if (!piece) break;
    let to = at + 1;
    const goesOn = (next: Piece | undefined): boolean =>
      next !== undefined && (piece.isName ? next.isName : piece.text === ' ' && next.text === ' ');
    while (goesOn(pieces[to])) to += 1;
    const more = to - at - 1;
    if (!piece.isName) out.push(piece.text);
    else out.push(more === 0 ? `‹${piece.text}›` : `‹${piece.text} and ${more} more›`);
    at = to;
  }
  return out;
}

function takeFrom(pieces: readonly string[], most: number): string[] {
  let length = 0;
  return pieces.filter((piece) => (length += piece.length) <= most);
}
