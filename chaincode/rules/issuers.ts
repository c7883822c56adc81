import { isDocumentId } from '@spondon/protocol/document-id';
import { kidOf, publicKeyFromJwk, type EcPublicJwk, type Hash } from '@spondon/protocol/crypto';
import { isKeyId } from '@spondon/protocol/jws';
import {
  ISSUER_KINDS,
  keyOf,
  type Issuer,
  type IssuerKey,
  type IssuerKind,
  type Status,
} from '@spondon/protocol/records';
import { isIssuerId } from '@spondon/protocol/statement';
import { Refusal, refusing } from '../refusal.js';
import { exactObject, mspId, natural, oneOf, string, text } from './shape.js';

/** What the regulators may decide about an issuer. `nonce` lets the same decision be taken again later. */
export type IssuerAction =
  | {
      readonly do: 'admit';
      readonly iss: string;
      readonly name: string;
      readonly kind: IssuerKind;
      readonly mspId: string;
      readonly licence: string;
      readonly telephone: string;
      readonly jwk: EcPublicJwk;
      readonly nonce: string;
    }
  | { readonly do: 'suspend' | 'reinstate'; readonly iss: string; readonly nonce: string }
  | { readonly do: 'addKey'; readonly iss: string; readonly jwk: EcPublicJwk; readonly nonce: string }
  | {
      readonly do: 'endKey';
      readonly iss: string;
      readonly kid: string;
      /** Ms. */
      readonly until: number;
      readonly why: 'rotated' | 'compromised';
      readonly nonce: string;
    };

/** Or about one revocation: the document stands again. */
export interface AnnulAction {
  readonly do: 'annul';
  readonly iss: string;
  readonly jti: string;
  readonly nonce: string;
}

export type Action = IssuerAction | AnnulAction;

/** The members of each action, nothing less and nothing more. */
const MEMBERS = {
  admit: ['do', 'iss', 'name', 'kind', 'mspId', 'licence', 'telephone', 'jwk', 'nonce'],
  suspend: ['do', 'iss', 'nonce'],
  reinstate: ['do', 'iss', 'nonce'],
  addKey: ['do', 'iss', 'jwk', 'nonce'],
  endKey: ['do', 'iss', 'kid', 'until', 'why', 'nonce'],
  annul: ['do', 'iss', 'jti', 'nonce'],
} as const satisfies Record<Action['do'], readonly string[]>;

const KINDS_OF_ACTION = Object.keys(MEMBERS) as Action['do'][];

/** @throws Refusal `ARGUMENT` */
export function parseAction(value: unknown): Action {
  const named = typeof value === 'object' && value !== null && 'do' in value ? value.do : undefined;
  const kind = oneOf(named, KINDS_OF_ACTION, 'do');
  const action: Record<string, unknown> = exactObject(value, MEMBERS[kind], `the action ${kind}`);
  const about = { iss: issuerId(action.iss), nonce: text(action.nonce, 'nonce', 64) };
  switch (kind) {
    case 'admit':
      return {
        do: kind,
        ...about,
        name: text(action.name, 'name', 120),
        kind: oneOf(action.kind, ISSUER_KINDS, 'kind'),
        mspId: mspId(action.mspId, 'mspId'),
        licence: text(action.licence, 'licence', 64),
        telephone: text(action.telephone, 'telephone', 32),
        jwk: publicJwk(action.jwk),
      };
    case 'addKey':
      return { do: kind, ...about, jwk: publicJwk(action.jwk) };
    case 'endKey':
      return {
        do: kind,
        ...about,
        kid: keyId(action.kid),
        until: natural(action.until, 'until'),
        why: oneOf(action.why, ['rotated', 'compromised'], 'why'),
      };
    case 'annul':
      return { do: kind, ...about, jti: documentId(action.jti) };
    default:
      return { do: kind, ...about };
  }
}

export function issuerId(value: unknown): string {
  if (!isIssuerId(value)) throw new Refusal('ARGUMENT', 'iss is not an issuer id');
  return value;
}

export function documentId(value: unknown): string {
  if (!isDocumentId(value)) throw new Refusal('ARGUMENT', 'jti is not a document id in canonical form');
  return value;
}

function keyId(value: unknown): string {
  if (!isKeyId(value)) throw new Refusal('ARGUMENT', 'kid is not a key id');
  return value;
}

function publicJwk(value: unknown): EcPublicJwk {
  const { x, y } = exactObject(value, ['kty', 'crv', 'x', 'y'], 'jwk');
  refusing('ARGUMENT', () => publicKeyFromJwk(value));
  return { kty: 'EC', crv: 'P-256', x: string(x, 'x'), y: string(y, 'y') };
}

/**
 * The issuer as it is after the action. `time` is the transaction's, ms: no key is valid before the transaction
 * that brought it.
 *
 * @throws Refusal when the action does not apply to `issuer`, undefined when the registry does not know it
 */
export function decideIssuer(
  action: IssuerAction,
  issuer: Issuer | undefined,
  time: number,
  hash: Hash,
): Issuer {
  if (action.do === 'admit') {
    if (issuer !== undefined) throw new Refusal('ISSUER_EXISTS', `${action.iss} was admitted before`);
    const { name, kind, licence, telephone } = action;
    const keys = [newKey(action.jwk, time, hash)];
    return { name, kind, mspId: action.mspId, licence, telephone, keys, state: 'admitted', since: time };
  }
  if (issuer === undefined) throw new Refusal('ISSUER_UNKNOWN', `${action.iss} was never admitted`);
  switch (action.do) {
    case 'suspend':
    case 'reinstate': {
      const state = action.do === 'suspend' ? 'suspended' : 'admitted';
      if (issuer.state === state) throw new Refusal('ISSUER_STATE', `${action.iss} is ${state} already`);
      return { ...issuer, state, since: time };
    }
    case 'addKey': {
      const key = newKey(action.jwk, time, hash);
      // A short kid that meets another key's is refused too: `kid` must resolve to exactly one.
      if (keyOf(issuer, key.kid) !== null)
        throw new Refusal('KEY_EXISTS', `${action.iss} has a key ${key.kid}`);
      return { ...issuer, keys: [...issuer.keys, key] };
    }
    case 'endKey': {
      const key = keyOf(issuer, action.kid);
      if (key === null) throw new Refusal('KEY_UNKNOWN', `${action.iss} has no key ${action.kid}`);
      const ended = endKey(key, action.until, action.why, time);
      return { ...issuer, keys: issuer.keys.map((each) => (each === key ? ended : each)) };
    }
  }
}

function newKey(jwk: EcPublicJwk, time: number, hash: Hash): IssuerKey {
  return { kid: kidOf(jwk, hash), jwk, from: time };
}

/**
 * Ends a key. What was anchored while it was valid stands for ever, with one exception, a compromise:
 * - `rotated` ends it now or later, never in the past;
 * - `compromised` ends it now or in the past, at the earliest when it became valid;
 * - an end may be replaced only by an earlier or equal one, and `compromised` never by `rotated`: what failed once
 *   does not come to stand again.
 */
function endKey(key: IssuerKey, until: number, why: 'rotated' | 'compromised', time: number): IssuerKey {
  if (key.why === 'compromised' && why === 'rotated') {
    throw new Refusal('KEY_ENDED', `key ${key.kid} is compromised, which is not taken back`);
  }
  if (key.until !== undefined && until > key.until) {
    throw new Refusal('KEY_ENDED', `key ${key.kid} ended at ${key.until} and cannot end later`);
  }
  // A key's `from` may be minutes ahead, when its transaction's time was.
  const present = Math.max(time, key.from);
  if (why === 'rotated' && until < present) {
    throw new Refusal('UNTIL', `a rotated key ends at ${present} or later: earlier statements stand`);
  }
  if (why === 'compromised' && (until < key.from || until > present)) {
    throw new Refusal('UNTIL', `a compromised key ends from ${key.from}, its beginning, to ${present}`);
  }
  return { ...key, until, why };
}

/** @throws Refusal `NOT_REVOKED` */
export function annul({ iss, jti }: AnnulAction, status: Status | undefined, time: number): Status {
  if (status === undefined || status.annulled !== undefined) {
    throw new Refusal('NOT_REVOKED', `no revocation of ${jti} of ${iss} stands`);
  }
  return { ...status, annulled: time };
}
