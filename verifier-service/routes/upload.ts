import type { MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { ServiceError } from '../error.js';
import { MAX_FILE_BYTES } from '../intake/limits.js';

const MAX_DETAILS_BYTES = 64 * 1024;

export interface Upload {
  /** Alone in its buffer, so that it can be handed over to a thread. */
  readonly file: Uint8Array<ArrayBuffer>;
  /** The `details` field, parsed as JSON; undefined when there is none. */
  readonly details: unknown;
}

/**
 * Reads a multipart body with one `file` (at most 25 MB, in memory: no plaintext is ever written to a disk) and
 * optional JSON `details`, in either order.
 */
export async function readUpload(request: FastifyRequest): Promise<Upload> {
  let file: Upload['file'] | undefined;
  let details: Uint8Array | undefined;
  for await (const part of partsOf(request)) {
    if (part.fieldname === 'file' && !file) {
      file = await collect(wellFormed(part.file), MAX_FILE_BYTES, fileTooLarge);
    } else if (part.fieldname === 'details' && !details) {
      details = await collect(wellFormed(part.file), MAX_DETAILS_BYTES, detailsTooLarge);
    } else {
      throw unexpected();
    }
  }
  if (!file) throw missingFile();
  return { file, details: details && parseDetails(details) };
}

/** The `file` part of a multipart body as it arrives; the rest of the body must be empty. */
export async function streamUpload(
  request: FastifyRequest,
  consume: (file: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  let files = 0;
  for await (const part of partsOf(request)) {
    files += 1;
    if (part.fieldname !== 'file' || files > 1) throw unexpected();
    await consume(wellFormed(part.file));
  }
  if (files === 0) throw missingFile();
}

/**
 * The parts of a body; what is wrong with its form is the sender's doing, whatever the parser calls it. Each comes as
 * bytes, whatever content type or file name a client gives it; by itself the parser reads some of them as text or JSON.
 */
async function* partsOf(request: FastifyRequest): AsyncGenerator<MultipartFile> {
  if (!request.isMultipart()) {
    throw new ServiceError('MEDIA_TYPE_UNSUPPORTED', "Send multipart/form-data with a part named 'file'");
  }
  yield* wellFormed(request.files({ isPartAFile: () => true }));
}

/** What the parser gives, or a refusal; read to its end or given back. */
async function* wellFormed<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const items = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await items.next().catch(malformed);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await items.return?.();
  }
}

function malformed(): never {
  throw new ServiceError(
    'REQUEST_INVALID',
    'The body is not whole multipart/form-data, or has too many parts',
  );
}

async function collect(
  stream: AsyncIterable<Uint8Array>,
  most: number,
  tooLarge: () => ServiceError,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > most) throw tooLarge();
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** UTF-8, with or without a byte order mark. What the parsers say is not kept: it may quote the text. */
function parseDetails(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new ServiceError('DETAILS_INVALID', "'details' is not JSON in UTF-8");
  }
}

function fileTooLarge(): ServiceError {
  return new ServiceError('FILE_TOO_LARGE', `The file is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB`);
}

function detailsTooLarge(): ServiceError {
  return new ServiceError('REQUEST_TOO_LARGE', `'details' is larger than ${MAX_DETAILS_BYTES / 1024} KiB`);
}

function unexpected(): ServiceError {
  return new ServiceError(
    'REQUEST_INVALID',
    "Unexpected part: send one file as 'file', and where details are asked for one 'details'",
  );
}

function missingFile(): ServiceError {
  return new ServiceError('REQUEST_INVALID', "There is no file in a part named 'file'");
}
