import { PDFiumLibrary } from '@hyzyla/pdfium';
import wasmUrl from '@hyzyla/pdfium/pdfium.wasm?url';
import { pdfOpenerOf, type PdfOpener } from '@spondon/protocol/reading/pdf-pages';
import { compileAt, instantiating } from './wasm.js';

/** PDFium, with its WebAssembly from this site. Rejects when that cannot be fetched. */
export async function loadPdfOpener(): Promise<PdfOpener> {
  const module = await compileAt(wasmUrl);
  return pdfOpenerOf(() => PDFiumLibrary.init({ instantiateWasm: instantiating(module) }));
}
