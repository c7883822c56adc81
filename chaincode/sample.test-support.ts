import { randomBytes } from 'node:crypto';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { canonicalJson } from '@spondon/protocol/canonical';
import type { EcPublicJwk, Sign } from '@spondon/protocol/crypto';
import { kidOf } from '@spondon/protocol/crypto';
import { generatePrivateKey, publicJwkOf, sha256, signWith } from '@spondon/protocol/crypto-node';
import { newDocumentId } from '@spondon/protocol/document-id';
import { encodeEntry } from '@spondon/protocol/entry';
import { appendLeaves, type Frontier } from '@spondon/protocol/merkle/compact-range';
import { inclusionPath } from '@spondon/protocol/merkle/inclusion';
import { leafHash } from '@spondon/protocol/merkle/tree';
import { packStatements } from '@spondon/protocol/pack';
import {
  parseStatement,
  signStatement,
  type IssueStatement,
  type RevokeStatement,
  type SignedStatement,
} from '@spondon/protocol/statement';
import { FakeLedger } from './fake-ledger.test-support.js';

/** A moment for tests, ms. */
export const NOON = Date.UTC(2025, 5, 1, 12);
export const MINUTE = 60_000;

export const documentId = (): string => newDocumentId((length) => randomBytes(length));
const hash = (): string => encodeBase64url(randomBytes(32));

export interface Key {
  readonly kid: string;
  readonly jwk: EcPublicJwk;
  readonly sign: Sign;
}

export function newKey(): Key {
  const privateKey = generatePrivateKey('P-256');
  const jwk = publicJwkOf(privateKey);
  return { kid: kidOf(jwk, sha256), jwk, sign: signWith(privateKey) };
}

/** A facility that signs. Its statements are made at noon unless said otherwise. */
export class Facility {
  readonly key = newKey();
  constructor(
    readonly iss: string,
    readonly mspId: string,
  ) {}

  async issue(members: Partial<IssueStatement> = {}, key = this.key): Promise<SignedStatement> {
    const defaults = {
      op: 'issue',
      iss: this.iss,
      iat: NOON / 1000,
      jti: documentId(),
      kind: 'report',
    } as const;
    const statement = { ...defaults, sha256: hash(), claims: hash(), ...members };
    return parseStatement(await signStatement(statement, key.kid, key.sign));
  }

  async revoke(
    jti: string,
    members: Partial<RevokeStatement> = {},
    key = this.key,
  ): Promise<SignedStatement> {
    const statement = {
      op: 'revoke',
      iss: this.iss,
      iat: NOON / 1000,
      jti,
      reason: 'error',
      ...members,
    } as const;
    return parseStatement(await signStatement(statement, key.kid, key.sign));
  }

  admission(): object {
    const { iss, mspId, key } = this;
    return {
      do: 'admit',
      iss,
      name: 'Sample Hospital',
      kind: 'hospital',
      mspId,
      licence: 'DGHS-1',
      telephone: '+88021234567',
      jwk: key.jwk,
      nonce: '1',
    };
  }
}

/** What a client keeps of its log: entries, and every node, so that it can prove inclusion. */
export class LogCopy {
  readonly entries: Uint8Array[] = [];
  #frontier: Frontier = [];
  readonly #nodes = new Map<string, Uint8Array>();

  add(at: number, statements: readonly SignedStatement[]): void {
    const entries = statements.map(({ text }) => encodeEntry(at, text));
    const leaves = entries.map((entry) => leafHash(entry, sha256));
    this.#frontier = appendLeaves(this.#frontier, this.entries.length, leaves, sha256, (level, index, node) =>
      this.#nodes.set(`${level}/${index}`, node),
    );
    this.entries.push(...entries);
  }

  /** A proof as `Append` takes it; of the tree as it was at `size`. */
  proof(position: number, index: number, size = this.entries.length): Record<string, unknown> {
    const node = (level: number, at: number) => this.#nodes.get(`${level}/${at}`) ?? new Uint8Array();
    const path = inclusionPath(index, size, node, sha256).map(encodeBase64url);
    return { position, index, entry: encodeBase64url(this.entries[index] ?? new Uint8Array()), path };
  }
}

export function appendArguments(
  size: number,
  statements: readonly SignedStatement[],
  proofs: readonly unknown[] = [],
): [string, Uint8Array, string] {
  return [String(size), packStatements(statements), JSON.stringify(proofs)];
}

export const REGULATORS = ['DghsMSP', 'BmdcMSP'] as const;

/** Every regulator votes for `action`. */
export async function decide(ledger: FakeLedger, action: object): Promise<void> {
  for (const regulator of REGULATORS) await ledger.submit(regulator, 'Decide', [canonicalJson(action)]);
}

/** Two regulators, and at noon two hospitals of different organisations, each with one issuer. */
export async function openSample(): Promise<{
  ledger: FakeLedger;
  hospital: Facility;
  clinic: Facility;
  log: LogCopy;
  /** Appends to the hospital's log, and to `log` too. */
  append: (statements: readonly SignedStatement[], proofs?: readonly unknown[]) => Promise<void>;
}> {
  const ledger = new FakeLedger(NOON);
  const hospital = new Facility('bd.dghs.1', 'HospitalMSP');
  const clinic = new Facility('bd.dghs.2', 'ClinicMSP');
  await ledger.submit(REGULATORS[0], 'Init', [JSON.stringify(REGULATORS)]);
  await decide(ledger, hospital.admission());
  await decide(ledger, clinic.admission());
  const log = new LogCopy();
  const append = async (statements: readonly SignedStatement[], proofs: readonly unknown[] = []) => {
    await ledger.submit('HospitalMSP', 'Append', appendArguments(log.entries.length, statements, proofs));
    log.add(ledger.now, statements);
  };
  return { ledger, hospital, clinic, log, append };
}

/** For `assert.rejects`: the contract refused with this code, and this position when the code is about a statement. */
export function refused(code: string, position?: number): RegExp {
  return new RegExp(position === undefined ? `^${code}: ` : `^${code}\\[${position}\\]: `);
}
