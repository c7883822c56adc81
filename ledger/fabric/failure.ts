import { status } from '@grpc/grpc-js';
import { GatewayError } from '@hyperledger/fabric-gateway';
import { LedgerError, parseRefusal, type Refusal } from '../port.js';

/**
 * What a gateway's error means:
 * - `refused`: everyone who was asked gives the same refusal of the contract.
 * - `bug`: everyone who was asked gives an answer that the contract has no words for.
 * - `disagreed`: the organisations that were asked do not agree, or some could not execute it; in a moment they may.
 * - `unreachable`: this gateway does not do its work, another may.
 */
export type Failure =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'bug' | 'disagreed' | 'unreachable'; readonly message: string };

/** What the gateway puts before a chaincode's own words. */
const CHAINCODE_SAYS = /^chaincode response \d+, ([\s\S]*)$/;

/**
 * Reads what a gateway threw when it was to execute something at the peers of `asked`; empty when one peer of any
 * organisation would do. What is no error of a gateway comes through: it is a bug.
 */
export function failureOf(error: unknown, asked: readonly string[]): Failure {
  if (!(error instanceof GatewayError)) throw error;
  const message = messageOf(error);
  const answers = error.details.map((detail) => CHAINCODE_SAYS.exec(detail.message)?.[1]);
  const refusing = new Set(error.details.map(({ mspId }) => mspId));
  const words = answers.filter((answer) => answer !== undefined);
  const unanimous =
    words.length > 0 && words.length === answers.length && asked.every((mspId) => refusing.has(mspId));
  if (unanimous) return unanimousFailure(words, message);
  if (words.length > 0 || error.code === (status.ABORTED as number)) return { kind: 'disagreed', message };
  return { kind: 'unreachable', message };
}

/** Peers a block apart may word a refusal differently: its code and position count. */
function unanimousFailure(words: readonly string[], message: string): Failure {
  const refusals = words.map(parseRefusal);
  const [first] = refusals;
  if (!first) return { kind: refusals.some((each) => each !== null) ? 'disagreed' : 'bug', message };
  const same = refusals.every((each) => each?.code === first.code && each.position === first.position);
  return same ? { kind: 'refused', refusal: first } : { kind: 'disagreed', message };
}

/** For people: who said what. */
export function messageOf(error: unknown): string {
  if (!(error instanceof GatewayError)) return String(error);
  const details = error.details.map(({ mspId, address, message }) => `${mspId} (${address}): ${message}`);
  return [error.message, ...details].join('; ');
}

export function refused(refusal: Refusal, cause: unknown): LedgerError {
  return new LedgerError('REFUSED', refusal.message, refusal, { cause });
}

export function unavailable(message: string, cause?: unknown): LedgerError {
  return new LedgerError('UNAVAILABLE', message, undefined, { cause });
}
