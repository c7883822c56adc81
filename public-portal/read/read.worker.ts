import { toHex } from '@spondon/protocol/bytes';
import { isEvidence } from '@spondon/protocol/evidence/file';
import { limitWasmMemory } from '@spondon/protocol/reading/wasm-memory';
import { sha256 } from '@noble/hashes/sha2.js';
import { grayOf } from './canvas.js';
import { claimsInSight, lookForCodes, textsIn, type Programs } from './look.js';
import { FileFault, MAX_SEARCHED_BYTES, type Reading, type SoFar } from './reading.js';

/** The thread behind `readFile`: what a stranger's file does to a decoder, it does here. */
export interface Job {
  readonly file: File;
  readonly searchMs: number;
  /** Whether to ask before pages are looked at. */
  readonly asks: boolean;
}

/** The answer to `asking`. */
export interface GoAhead {
  readonly isEnough: boolean;
}

/** Of a camera: to be answered before the next one comes. */
export interface FrameJob {
  readonly frame: ImageBitmap;
}

export type Message =
  | { readonly share: number }
  /** What is known by now, should this thread have to be ended. */
  | { readonly soFar: SoFar }
  /** Whether that is enough: a {@link GoAhead} is waited for. */
  | { readonly asking: SoFar }
  /** Pages are looked at from now on: the time counts. */
  | { readonly searching: true }
  | { readonly reading: Reading }
  | { readonly fault: FileFault['code'] }
  /** Something that nobody expected: this thread should not be used again. */
  | { readonly broken: string };

export type FrameMessage =
  { readonly texts: readonly string[] } | { readonly fault: 'no-decoder' | 'unsupported' };

/** PDFium and ZXing each. What a page needs beyond that makes an allocation fail, and not the visitor's device. */
const MAX_WASM_BYTES = 384 * 1024 * 1024;
/** Of the work on a file that is searched, for the visitor's eyes. */
const SHARE_OF_HASHING = 0.3;
const MAX_EVIDENCE_BYTES = 1024 * 1024;
const SHOWN_EVERYWHERE = /\.(?:pdf|jpe?g|png)$/i;

limitWasmMemory(MAX_WASM_BYTES);
// What decoders have to say about a stranger's file goes nowhere.
console.log = console.warn = console.error = () => undefined;

const programs: Programs = {
  codeReader: lazily(async () => (await import('./qr-codes.js')).loadCodeReader()),
  pdfOpener: lazily(async () => (await import('./pdf-pages.js')).loadPdfOpener()),
};

const say = (message: Message): void => postMessage(message);

/** For the file that is being read. */
let onGoAhead: ((answer: GoAhead) => void) | null = null;

onmessage = ({ data }: MessageEvent<Job | GoAhead | FrameJob>) => {
  if ('isEnough' in data) {
    onGoAhead?.(data);
    return;
  }
  if ('frame' in data) {
    const answer = (message: FrameMessage): void => postMessage(message);
    readFrame(data.frame).then(answer, () => answer({ fault: 'unsupported' }));
    return;
  }
  read(data).then(
    (reading) => say({ reading }),
    (error: unknown) => say(error instanceof FileFault ? { fault: error.code } : { broken: String(error) }),
  );
};

async function readFrame(frame: ImageBitmap): Promise<FrameMessage> {
  const image = grayOf(frame);
  frame.close();
  const readCodes = await programs.codeReader().catch(() => null);
  return readCodes ? { texts: await textsIn(image, readCodes) } : { fault: 'no-decoder' };
}

async function read({ file, searchMs, asks }: Job): Promise<Reading> {
  if (file.size === 0) throw new FileFault('empty');
  const { hash, bytes } = await readAndHash(file);
  const nothing: SoFar = { sha256: toHex(hash), claims: [], labels: [], evidence: null };
  if (!bytes) return { ...nothing, complete: false, gap: 'too-large' };
  const evidence = evidenceIn(bytes);
  if (evidence !== null) return { ...nothing, evidence, complete: true, gap: null };
  const soFar = { ...nothing, claims: claimsInSight(bytes) };
  say({ soFar });
  if (asks && (await isEnough(soFar))) return { ...soFar, complete: false, gap: 'not-needed' };
  const codes = await lookForCodes(bytes, programs, {
    searchMs,
    onStart: () => say({ searching: true }),
    onProgress: (share) => say({ share: SHARE_OF_HASHING + share * (1 - SHARE_OF_HASHING) }),
    onFound: (found) => say({ soFar: { ...soFar, ...found } }),
  });
  // By its name it should be one of those that browsers show.
  const isBroken = codes.gap === 'not-shown' && SHOWN_EVERYWHERE.test(file.name);
  return { ...soFar, ...codes, gap: isBroken ? 'damaged' : codes.gap };
}

function isEnough(soFar: SoFar): Promise<boolean> {
  return new Promise((resolve) => {
    onGoAhead = (answer) => resolve(answer.isEnough);
    say({ asking: soFar });
  });
}

/** Piece by piece, as files of any size come. The bytes are kept only of a file that will be searched. */
async function readAndHash(file: File): Promise<{ hash: Uint8Array; bytes: Uint8Array | null }> {
  const bytes = file.size > MAX_SEARCHED_BYTES ? null : new Uint8Array(file.size);
  const wholeShare = bytes ? SHARE_OF_HASHING : 1;
  const hasher = sha256.create();
  let length = 0;
  const reader = file.stream().getReader();
  for (let piece = await nextOf(reader); piece; piece = await nextOf(reader)) {
    hasher.update(piece);
    bytes?.set(piece, length);
    length += piece.length;
    say({ share: (length / file.size) * wholeShare });
  }
  return { hash: hasher.digest(), bytes };
}

async function nextOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (cause) {
    // The disk's: the file was moved, changed or locked since it was chosen.
    throw new FileFault('unreadable', { cause });
  }
}

function evidenceIn(bytes: Uint8Array): string | null {
  if (bytes.length > MAX_EVIDENCE_BYTES) return null;
  const text = new TextDecoder().decode(bytes);
  return isEvidence(text) ? text : null;
}

/** Loaded when it is first asked for; when that failed, the next who asks tries again. */
function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
}
