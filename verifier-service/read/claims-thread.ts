import { claimsInXmp, findClaims, type ClaimsReading } from '@spondon/protocol/reading/find-claims';
import { limitWasmMemory } from '@spondon/protocol/reading/wasm-memory';
import sharp from 'sharp';
import { readXmpClaims } from '../stamp/xmp.js';
import { serveJobs } from '../threads/serve.js';
import { openPicture } from './image-pages.js';
import { createPdfOpener } from './pdf-pages.js';
import { createCodeReader } from './qr-codes.js';

/** The thread behind `createClaimsReader`: PDFium, sharp and ZXing meet strangers' files here and nowhere else. */
export interface ClaimsJob {
  readonly bytes: Uint8Array;
  /** For looking at pages; 0 reads the XMP alone. */
  readonly milliseconds: number;
}

const MAX_WASM_BYTES = 384 * 1024 * 1024;

limitWasmMemory(MAX_WASM_BYTES);
// Nothing of one person's picture is kept for the next.
sharp.cache(false);
const pdf = createPdfOpener();
const readCodes = createCodeReader();

serveJobs(async ({ bytes, milliseconds }: ClaimsJob): Promise<{ result: ClaimsReading }> => {
  if (milliseconds === 0)
    return { result: { claims: claimsInXmp(bytes, readXmpClaims), labels: [], complete: false } };
  const end = performance.now() + milliseconds;
  const hasTime = () => performance.now() < end;
  return {
    result: await findClaims(bytes, { xmpClaims: readXmpClaims, pdf, openPicture, readCodes, hasTime }),
  };
});
