/** How text that strangers wrote is shown. */
export interface VisibleTextOptions {
  /** The most characters that are shown. Default: all. */
  readonly most?: number;
  /** Whether a character can be drawn. Default: all can. */
  readonly hasGlyph?: (character: string) => boolean;
}

/**
 * Text from issuers and visitors, as it may stand on a page. Nothing in it is hidden, drawn over something else or left
 * out: a character that draws nothing, reorders what surrounds it, piles up, or has no glyph is named instead, as
 * ‹U+202E›, and of several in a row the first, as ‹U+202E +3›. Spaces of all widths become one. What is longer than `most`
 * characters loses its middle; its end stays, because of what a file's name ends in.
 */
export function visibleText(
  text: string,
  { most = Infinity, hasGlyph = () => true }: VisibleTextOptions = {},
): string {
  const pieces = joined(named(text.normalize('NFC'), hasGlyph));
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (length <= most) return pieces.join('');
  const end = takeFrom([...pieces].reverse(), Math.floor(most / 3)).reverse();
  // A mark without its letter would stand upon the dots.
  while (isMark(end[0]?.[0])) end.shift();
  const start = takeFrom(pieces, most - Math.floor(most / 3));
  return `${start.join('')} … ${end.join('')}`;
}

/** A combining character: it stands upon the letter before it. */
export function isMark(character = ''): boolean {
  return /\p{M}/u.test(character);
}

export function isBengali(character = ''): boolean {
  return /[\u0980-\u09ff]/.test(character);
}

/** Control, format, surrogate, private and unassigned characters, and those that are said to draw nothing. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** They shape Bangla; between other letters they hide. */
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
    marks = isSpace ? MOST_MARKS : isMark(character) ? marks + 1 : 0;
    if (isSpace) return { text: ' ', isName: false };
    const isJoiner = JOINER.test(character) && isBengali(characters[at - 1]) && isBengali(characters[at + 1]);
    const isShown = isJoiner || (!HIDDEN.test(character) && marks <= MOST_MARKS && hasGlyph(character));
    if (isShown) return { text: character, isName: false };
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return { text: `U+${code}`, isName: true };
  });
}

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
    else out.push(more === 0 ? `‹${piece.text}›` : `‹${piece.text} +${more}›`);
    at = to;
  }
  return out;
}

function takeFrom(pieces: readonly string[], most: number): string[] {
  let length = 0;
  return pieces.filter((piece) => (length += piece.length) <= most);
}
