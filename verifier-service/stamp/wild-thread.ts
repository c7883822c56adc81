import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { serveJobs } from '../threads/serve.js';
import type { StampDetails } from './details.js';
import { createRenderer } from './renderer.js';
import { stampFile } from './stamp.js';
import { createStampTools } from './tools.js';

export interface WildJob {
  readonly file: Uint8Array;
  readonly stamp: StampDetails;
}

/** The thread that wild.test.ts gives strangers' files to: a hang or a crash is then a failed test, not a stuck one. */
const wasm = readFileSync(createRequire(import.meta.url).resolve('@hyzyla/pdfium/pdfium.wasm'));
const tools = createStampTools(createRenderer(new WebAssembly.Module(wasm)));

serveJobs(async ({ file, stamp }: WildJob) => {
  const result = await stampFile(file, stamp, tools);
  return { result, transfer: [result.bytes.buffer as ArrayBuffer] };
});
