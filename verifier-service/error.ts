/**
 * HTTP status per error code: the one table. A code is stable; the sentence beside it may be improved at any time.
 */
export const HTTP_STATUS = {
  // the file
  FILE_EMPTY: 400,
  FILE_TOO_LARGE: 413,
  FILE_TYPE_UNKNOWN: 415,
  FILE_DAMAGED: 422,
  FILE_ENCRYPTED: 422,
  FILE_BOMB: 422,
  FILE_NO_ROOM: 422,
  FILE_ALREADY_STAMPED: 422,
  // the request
  REQUEST_INVALID: 400,
  REQUEST_TOO_LARGE: 413,
  REQUEST_TIMEOUT: 408,
  MEDIA_TYPE_UNSUPPORTED: 415,
  DETAILS_INVALID: 422,
  CLAIMS_TOO_LARGE: 422,
  CODE_INVALID: 400,
  STATEMENT_INVALID: 422,
  NOT_FOUND: 404,
  DOCUMENT_UNKNOWN: 404,
  DOCUMENT_ERASED: 410,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  IDEMPOTENCY_MISMATCH: 422,
  IDEMPOTENCY_IN_PROGRESS: 409,
  ALREADY_REVOKED: 409,
  ISSUER_UNKNOWN: 404,
  ISSUER_EXISTS: 409,
  ISSUER_SUSPENDED: 403,
  ISSUER_KEYLESS: 409,
  ISSUER_KEY_ENDED: 409,
  NOT_REGULATOR: 403,
  DECISION_UNKNOWN: 404,
  REFUSED_BY_LEDGER: 409,
  RATE_LIMITED: 429,
  // the service itself
  OVERLOADED: 503,
  SHUTTING_DOWN: 503,
  LEDGER_UNAVAILABLE: 503,
  STORAGE_UNAVAILABLE: 503,
  KEY_CHANGING: 503,
  PROCESSING_TIMEOUT: 503,
  PROCESSING_FAILED: 500,
  REPORT_NOT_SIGNED: 500,
  BLOB_MISSING: 500,
  BLOB_DAMAGED: 500,
  MASTER_KEY_WRONG: 500,
  KEY_DAMAGED: 500,
  CONFIG_INVALID: 500,
  DATA_LOCKED: 500,
  DATA_DAMAGED: 500,
  DATA_NEWER: 500,
  DATA_OLDER: 500,
  DATABASE_NOT_EMPTY: 500,
  DATABASE_OF_ANOTHER: 500,
  PROGRAM_MISSING: 500,
  PROGRAM_FAILED: 500,
  INTERNAL: 500,
} as const satisfies Record<string, number>;

export type ServiceErrorCode = keyof typeof HTTP_STATUS;

/** What a caller is told: a stable code, and a sentence that helps. Anything else thrown is a bug. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  constructor(
    readonly code: ServiceErrorCode,
    message: string,
    options?: ErrorOptions & { readonly details?: unknown },
  ) {
    super(message, options);
    this.details = options?.details;
  }

  /** Machine-readable particulars (which field, which position); never personal data. */
  readonly details: unknown;
}

/** Disk, database or Kubo do not answer for now, which says nothing about what was asked. */
export function isStorageUnavailable(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'STORAGE_UNAVAILABLE';
}

/** `CODE: message` of any error that has a code; the message alone when it begins with the code, or there is none. */
export function messageWithCode(error: Error): string {
  const { message } = error;
  const code = 'code' in error ? String(error.code) : '';
  return message.startsWith(code) ? message : `${code}: ${message}`;
}
