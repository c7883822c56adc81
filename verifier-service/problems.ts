import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { WorkerError } from '@spondon/anchor-worker/error';
import { LedgerError } from '@spondon/ledger/port';
import { ProtocolError, type ProtocolErrorCode } from '@spondon/protocol/error';
import { storageUnavailable } from './disk.js';
import { HTTP_STATUS, ServiceError, type ServiceErrorCode } from './error.js';
import { faultOf } from './fault.js';

const RETRY_AFTER_SECONDS = 2;
/** Somebody has to make room first. */
const STORAGE_RETRY_AFTER_SECONDS = 10;
const MEDIA_TYPE = 'application/problem+json';

/** Said by a service that is well: nothing for the operator to look at. */
const EXPECTED: ReadonlySet<ServiceErrorCode> = new Set([
  'OVERLOADED',
  'SHUTTING_DOWN',
  'KEY_CHANGING',
  'PROCESSING_TIMEOUT',
]);

/** What a caller did wrong, when the protocol refuses its input; any other code of the protocol is a bug here. */
const FROM_PROTOCOL: Partial<Record<ProtocolErrorCode, ServiceErrorCode>> = {
  CLAIMS: 'DETAILS_INVALID',
  CLAIMS_TOO_LARGE: 'CLAIMS_TOO_LARGE',
  STATEMENT: 'DETAILS_INVALID',
  DOCUMENT_ID: 'CODE_INVALID',
};

/** Errors that Fastify and its plugins raise themselves. */
const FROM_FASTIFY: Partial<Record<string, ServiceErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'REQUEST_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'MEDIA_TYPE_UNSUPPORTED',
  FST_PARTS_LIMIT: 'REQUEST_INVALID',
  FST_FILES_LIMIT: 'REQUEST_INVALID',
  FST_FIELDS_LIMIT: 'REQUEST_INVALID',
};

const MEDIA_TYPES =
  'Send JSON as application/json, or where a file is asked for multipart/form-data, and say so in content-type';

/** Answers every error as RFC 9457 problem details with a stable code; what is not foreseen is logged, not shown. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toServiceError(error);
  const status = HTTP_STATUS[problem.code];
  if (status >= 500 && !EXPECTED.has(problem.code)) {
    request.log.error({ code: problem.code, fault: faultOf(error) }, 'a request failed here');
  }
  if (status === 503) void reply.header('retry-after', retryAfter(problem.code));
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  // What follows of a refused upload is not read.
  if (request.raw.headers['transfer-encoding'] !== undefined || status === 413)
    void reply.header('connection', 'close');
  return reply.code(status).type(MEDIA_TYPE).serializer(JSON.stringify).send(describe(problem, request.id));
}

function retryAfter(code: ServiceErrorCode): number {
  return code === 'STORAGE_UNAVAILABLE' ? STORAGE_RETRY_AFTER_SECONDS : RETRY_AFTER_SECONDS;
}

/**
 * Answers what is no request of HTTP, or one with too large a head: it reaches no route. Also one that stopped coming.
 */
export function sendUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = ofUnreadable(error.code);
  const status = HTTP_STATUS[problem.code];
  const body = JSON.stringify(describe(problem));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    `content-type: ${MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function ofUnreadable(code: string | undefined): ServiceError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ServiceError('REQUEST_TOO_LARGE', 'URL and headers are too long');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ServiceError('REQUEST_TIMEOUT', 'The request took too long to arrive');
  return new ServiceError('REQUEST_INVALID', 'This is not a request of HTTP/1.1');
}

function describe({ code, message, details }: ServiceError, requestId?: string) {
  const status = HTTP_STATUS[code];
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail: message,
    ...(requestId === undefined ? {} : { requestId }),
    ...(details === undefined ? {} : { errors: details }),
  };
}

export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof ProtocolError) {
    const code = FROM_PROTOCOL[error.code];
    if (code) return new ServiceError(code, sentence(error.message), { cause: error });
  }
  const storage = storageUnavailable(error);
  if (storage) return storage;
  if (isOutage(error)) {
    const message = 'The ledger does not answer at the moment; try again';
    return new ServiceError('LEDGER_UNAVAILABLE', message, { cause: error });
  }
  if (hasZodFastifySchemaValidationErrors(error)) return fromValidation(error);
  if (isFastifyError(error)) {
    const code = FROM_FASTIFY[error.code];
    if (code) return new ServiceError(code, code === 'MEDIA_TYPE_UNSUPPORTED' ? MEDIA_TYPES : error.message);
    if (error.statusCode !== undefined && error.statusCode < 500)
      return new ServiceError('REQUEST_INVALID', error.message);
  }
  const message = 'Something went wrong here; tell the operator the requestId';
  return new ServiceError('INTERNAL', message, { cause: error });
}

/** A head that has left the ring means that blocks were not read for long. */
function isOutage(error: unknown): boolean {
  if (error instanceof LedgerError) return error.code !== 'REFUSED' || error.refusal?.code === 'HEAD_GONE';
  return error instanceof WorkerError;
}

function fromValidation(error: FastifyError): ServiceError {
  const errors = (error.validation ?? []).map(({ instancePath, message, params }) => ({
    path: instancePath.split('/').filter(Boolean).join('.'),
    message: message ?? 'invalid',
    code: codeIn(params),
  }));
  const [first] = errors;
  const detail = `${first?.path ? `${first.path}: ` : ''}${first?.message ?? 'The request is not of the expected form'}`;
  return new ServiceError(first?.code ?? 'REQUEST_INVALID', detail, {
    details: errors.map(({ path, message }) => ({ path, message })),
  });
}

/** A schema may name the code of its own refusal. */
function codeIn(params: unknown): ServiceErrorCode | undefined {
  const issue = params as { issue?: { params?: { code?: string } }; params?: { code?: string } } | undefined;
  const code = issue?.params?.code ?? issue?.issue?.params?.code;
  return code !== undefined && code in HTTP_STATUS ? (code as ServiceErrorCode) : undefined;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}
