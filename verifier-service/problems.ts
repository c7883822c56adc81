import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { LedgerError } from '@spondon/ledger/port';
import { ProtocolError, type ProtocolErrorCode } from '@spondon/protocol/error';
import { HTTP_STATUS, ServiceError, type ServiceErrorCode } from './error.js';

const RETRY_AFTER_SECONDS = 2;

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
  FST_REQ_FILE_TOO_LARGE: 'FILE_TOO_LARGE',
  FST_PARTS_LIMIT: 'REQUEST_INVALID',
  FST_FILES_LIMIT: 'REQUEST_INVALID',
  FST_FIELDS_LIMIT: 'REQUEST_INVALID',
};

/** Answers every error as RFC 9457 problem details with a stable code; what is not foreseen is logged, not shown. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toServiceError(error);
  const status = HTTP_STATUS[problem.code];
  if (problem.code === 'INTERNAL') request.log.error({ err: error }, 'unexpected error');
  if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
  if (status === 401) void reply.header('www-authenticate', 'Bearer');
  // What follows of a refused upload is not read.
  if (request.raw.headers['transfer-encoding'] !== undefined || status === 413) void reply.header('connection', 'close');
  return reply
    .code(status)
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      code: problem.code,
      detail: problem.message,
      requestId: request.id,
      ...(problem.details === undefined ? {} : { errors: problem.details }),
    });
}

export function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof ProtocolError) {
    const code = FROM_PROTOCOL[error.code];
    if (code) return new ServiceError(code, sentence(error.message), { cause: error });
  }
  if (error instanceof LedgerError && error.code !== 'REFUSED') {
    const message = 'The ledger does not answer at the moment; try again';
    return new ServiceError('LEDGER_UNAVAILABLE', message, { cause: error });
  }
  if (hasZodFastifySchemaValidationErrors(error)) return fromValidation(error);
  if (isFastifyError(error)) {
    const code = FROM_FASTIFY[error.code];
    if (code) return new ServiceError(code, error.message, { cause: error });
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return new ServiceError('REQUEST_INVALID', error.message, { cause: error });
    }
  }
  const message = 'Something went wrong here; tell the operator the requestId';
  return new ServiceError('INTERNAL', message, { cause: error });
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
