import { codeReaderOf, type ReadCodes } from '@spondon/protocol/reading/qr-codes';
import { prepareZXingModule, purgeZXingModule, readBarcodes } from 'zxing-wasm/reader';
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url';
import { compileAt, instantiating } from './wasm.js';

/** ZXing, with its WebAssembly from this site: by itself it would ask a CDN. Rejects when that cannot be fetched. */
export async function loadCodeReader(): Promise<ReadCodes> {
  const overrides = { instantiateWasm: instantiating(await compileAt(wasmUrl)) };
  return codeReaderOf({
    load: () => prepareZXingModule({ overrides, fireImmediately: true }),
    decode: (image) =>
      readBarcodes(new ImageData(image.data, image.width), { formats: ['QRCodeModel2'], returnErrors: true }),
    replace: purgeZXingModule,
  });
}
