import type { FastifyReply, FastifyRequest } from 'fastify';
import type { VisitorLimit } from '../visitor-limit.js';

/** Lets a visitor's request through, or refuses it and says when to come again. */
export async function allow(
  limit: VisitorLimit,
  request: FastifyRequest,
  reply: FastifyReply,
  cost: number,
): Promise<void> {
  await limit.spend(request.ip, cost, (seconds) => void reply.header('retry-after', seconds));
}
