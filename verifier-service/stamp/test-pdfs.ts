import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  PDFDocument,
  PDFName,
  PDFNumber,
  StandardFonts,
  concatTransformationMatrix,
  degrees,
  popGraphicsState,
  pushGraphicsState,
} from '@cantoo/pdf-lib';
import type { StampDetails } from './details.js';
import { createRenderer } from './renderer.js';
import { createStampTools, type StampTools } from './tools.js';

/** Made by a library that stamping itself does not use, so that its mistakes are not ours. */
export interface ReportOptions {
  /** As the page's own units have it, before rotation. */
  readonly size?: readonly [number, number];
  readonly lines?: number;
  readonly leading?: number;
  readonly fontSize?: number;
  readonly rotate?: 0 | 90 | 180 | 270;
  /** x, y, width, height. */
  readonly crop?: readonly [number, number, number, number];
  readonly userUnit?: number;
  readonly pages?: number;
  readonly objectStreams?: boolean;
  /** What the content leaves open, or closes once too often. */
  readonly leaves?: 'q' | 'Q';
  readonly more?: (document: PDFDocument) => void | Promise<void>;
}

const LINE = 'Haemoglobin 13.2 g/dL, within the reference range of adults, measured twice';

/** A report of some lines on each page, upright as shown. */
export async function makeReport(options: ReportOptions = {}): Promise<Uint8Array> {
  const { size = [595.28, 841.89], lines = 20, leading = 20, fontSize = 12, rotate = 0, pages = 1 } = options;
  const document = await PDFDocument.create();
  const font = await document.embedFont(StandardFonts.Helvetica);
  const [width, height] = size;
  for (let number = 1; number <= pages; number++) {
    const page = document.addPage([width, height]);
    const upright = {
      0: [1, 0, 0, 1, 0, 0],
      90: [0, 1, -1, 0, width, 0],
      180: [-1, 0, 0, -1, width, height],
      270: [0, -1, 1, 0, 0, height],
    }[rotate] as [number, number, number, number, number, number];
    page.pushOperators(pushGraphicsState(), concatTransformationMatrix(...upright));
    const top = rotate % 180 === 0 ? height : width;
    for (let i = 0; i < lines; i++) {
      page.drawText(`${number}.${i} ${LINE}`, { x: 40, y: top - 50 - i * leading, size: fontSize, font });
    }
    page.pushOperators(popGraphicsState());
    if (options.leaves === 'q')
      page.pushOperators(pushGraphicsState(), concatTransformationMatrix(0.5, 0.2, 0, 0.5, 30, 30));
    if (options.leaves === 'Q')
      page.pushOperators(popGraphicsState(), concatTransformationMatrix(0.5, 0.2, 0, 0.5, 30, 30));
    if (rotate !== 0) page.setRotation(degrees(rotate));
    if (options.crop !== undefined) page.setCropBox(...options.crop);
    if (options.userUnit !== undefined) page.node.set(PDFName.of('UserUnit'), PDFNumber.of(options.userUnit));
  }
  await options.more?.(document);
  return document.save({ useObjectStreams: options.objectStreams ?? false });
}

/** Claims of the length that a medical certificate's have. */
export function makeDetails(changes: Partial<StampDetails> = {}): StampDetails {
  const part = (seed: string, length: number): string =>
    Array.from({ length: 8 }, (_, i) => createHash('sha512').update(`${seed}${i}`).digest('base64url'))
      .join('')
      .slice(0, length);
  const jws = `${part('header', 70)}.${part('payload', 330)}.${part('signature', 86)}`;
  return {
    claimsUrl: `https://verify.example.org/v#${jws}`,
    claimsJws: jws,
    code: '7K3M-Q2XD-9FHT-W4ZB-8',
    host: 'verify.example.org',
    issuerName: 'Dhaka Medical College Hospital',
    issuedOn: '23 November 2025',
    language: 'en',
    nonce: new Uint8Array(16).fill(7),
    ...changes,
  };
}

export function makeTools(): StampTools {
  const wasm = readFileSync(createRequire(import.meta.url).resolve('@hyzyla/pdfium/pdfium.wasm'));
  return createStampTools(createRenderer(new WebAssembly.Module(wasm)));
}
