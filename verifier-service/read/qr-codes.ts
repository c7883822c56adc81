import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { codeReaderOf, type ReadCodes } from '@spondon/protocol/reading/qr-codes';
import { prepareZXingModule, purgeZXingModule, readBarcodes } from 'zxing-wasm/reader';

/** ZXing's WebAssembly comes from the installed package; by itself it would ask a CDN. */
export function createCodeReader(): ReadCodes {
  const file = createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm');
  const wasmBinary = new Uint8Array(readFileSync(file)).buffer;
  return codeReaderOf({
    load: () => prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true }),
    decode: (image) => readBarcodes(image, { formats: ['QRCodeModel2'], returnErrors: true }),
    replace: purgeZXingModule,
  });
}
