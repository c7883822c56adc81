/** What one uploaded file may cost us. A file beyond these is refused, never tried. */
export const MAX_FILE_BYTES = 25 * 1024 * 1024;
/** A photograph of 8,192 × 8,192. */
export const MAX_IMAGE_PIXELS = 2 ** 26;
export const MAX_PAGES = 2_000;
/** An A4 page scanned at 600 dpi in colour inflates to 100 MB. */
export const MAX_INFLATED_STREAM_BYTES = 256 * 1024 * 1024;
/** All streams of a file together: each is inflated once, to see that it is whole. */
export const MAX_INFLATED_FILE_BYTES = 1024 * 1024 * 1024;
/** Object streams and cross-reference streams, which are held in memory, all together. */
export const MAX_STRUCTURE_BYTES = 64 * 1024 * 1024;
/** The page that is stamped is read to see how its graphics state ends. */
export const MAX_CONTENT_BYTES = 32 * 1024 * 1024;
/** The highest object number a PDF may use (ISO 32000-1, Annex C). */
export const MAX_OBJECT_NUMBER = 8_388_607;
/** The longest side of a page: 14,400 units, as PDF readers have it, whatever UserUnit makes of a unit. */
export const MAX_PAGE_UNITS = 14_400;
/** What the PDF renderer may hold, in bytes. */
export const MAX_RENDERER_BYTES = 512 * 1024 * 1024;
