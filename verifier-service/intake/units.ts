/** Points, of which PDF has 72 to the inch, in one millimetre. */
export const MM = 72 / 25.4;
