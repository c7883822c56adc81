import type { FastifyRequest } from 'fastify';
import type { Database } from '../database/schema.js';
import { ServiceError } from '../error.js';
import { authenticate, type Caller } from '../facilities/api-keys.js';

/** A request by a facility: whose documents it may see and issue. */
export interface FacilityCaller extends Caller {
  readonly iss: string;
}

export async function facilityOf(db: Database, request: FastifyRequest): Promise<FacilityCaller> {
  const { keyId, iss } = await authenticate(db, request.headers.authorization);
  if (iss === null)
    throw new ServiceError('FORBIDDEN', "This is the operator's key; documents need a facility's key");
  return { keyId, iss };
}

export async function assertOperator(db: Database, request: FastifyRequest): Promise<void> {
  const { iss } = await authenticate(db, request.headers.authorization);
  if (iss !== null) throw new ServiceError('FORBIDDEN', "Administration needs the operator's key");
}
