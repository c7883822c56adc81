import { PDFiumLibrary } from '@hyzyla/pdfium';
import { pdfOpenerOf, type PdfOpener } from '@spondon/protocol/reading/pdf-pages';

export function createPdfOpener(): PdfOpener {
  return pdfOpenerOf(() => PDFiumLibrary.init());
}
