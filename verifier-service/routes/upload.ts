import type {} from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { ServiceError } from '../error.js';

export const MAX_FILE_BYTES = 25 * 1024 * 1024;
const MAX_DETAILS_BYTES = 64 * 1024;

export interface Upload {
  readonly file: Buffer;
  /** The `details` field, parsed as JSON; undefined when there is none. */
  readonly details: unknown;
}

/**
 * Reads a multipart body with one `file` (at most 25 MB, in memory: no plaintext is ever written to a disk) and
 * optional JSON `details`, in either order.
 */
export async function readUpload(request: FastifyRequest): Promise<Upload> {
  let file: Buffer | undefined;
  let details: unknown;
  for await (const part of multipartOf(request)) {
    if (part.type === 'file' && part.fieldname === 'file' && !file) {
      file = await collect(part.file, MAX_FILE_BYTES, 'FILE_TOO_LARGE');
    } else if (part.fieldname === 'details' && details === undefined) {
      const text = part.type === 'file' ? (await collect(part.file, MAX_DETAILS_BYTES, 'REQUEST_TOO_LARGE')).toString() : part.value;
      details = parseDetails(text);
    } else {
      throw new ServiceError('REQUEST_INVALID', `Unexpected part '${part.fieldname.slice(0, 40)}': send one 'file' and one 'details'`);
    }
  }
  if (!file) throw new ServiceError('REQUEST_INVALID', "There is no part named 'file'");
  return { file, details };
}

/** The `file` part of a multipart body as it arrives; the rest of the body must be empty. */
export async function streamUpload(request: FastifyRequest, consume: (file: Readable) => Promise<void>): Promise<void> {
  let files = 0;
  for await (const part of multipartOf(request)) {
    if (part.type !== 'file' || part.fieldname !== 'file' || (files += 1) > 1) {
      throw new ServiceError('REQUEST_INVALID', "Send one part named 'file' and nothing else");
    }
    await consume(part.file);
  }
  if (files === 0) throw new ServiceError('REQUEST_INVALID', "There is no part named 'file'");
}

function multipartOf(request: FastifyRequest): ReturnType<FastifyRequest['parts']> {
  if (!request.isMultipart()) {
    throw new ServiceError('REQUEST_INVALID', "Send multipart/form-data with a part named 'file'");
  }
  return request.parts();
}

async function collect(
  stream: AsyncIterable<Uint8Array>,
  most: number,
  code: 'FILE_TOO_LARGE' | 'REQUEST_TOO_LARGE',
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > most) throw new ServiceError(code, `It is larger than ${Math.floor(most / 1024)} KiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseDetails(text: unknown): unknown {
  try {
    return JSON.parse(String(text)) as unknown;
  } catch (error) {
    throw new ServiceError('DETAILS_INVALID', "'details' is not JSON", { cause: error });
  }
}
