import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { sha256 } from '@spondon/protocol/crypto-node';
import { createRenderer } from '../stamp/renderer.js';
import { stampFile } from '../stamp/stamp.js';
import { createStampTools } from '../stamp/tools.js';
import { serveJobs } from '../threads/serve.js';
import { encryptDocument, newDocumentKey } from '../vault/document-key.js';
import type { PreparedDocument, PrepareJob } from './prepare.js';

/** The thread's side of the prepare pool: nothing of a document in the clear leaves it. */
const wasm = await readFile(createRequire(import.meta.url).resolve('@hyzyla/pdfium/pdfium.wasm'));
const tools = createStampTools(createRenderer(await WebAssembly.compile(wasm)));

serveJobs(async ({ file, stamp }: PrepareJob) => {
  const { bytes, warnings } = await stampFile(file, stamp, tools);
  const { identity, recipient } = newDocumentKey();
  const ciphertext = encryptDocument(bytes, recipient);
  const result: PreparedDocument = {
    sha256: sha256(bytes),
    size: bytes.length,
    ciphertext,
    secret: identity,
    warnings,
  };
  return { result, transfer: [ciphertext.buffer as ArrayBuffer] };
});
