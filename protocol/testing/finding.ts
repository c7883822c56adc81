/* eslint-disable no-restricted-globals -- material for tests: nothing in the protocol imports it */
import type { Issuer, IssuerKey } from '../records.js';
import type { IssueStatement } from '../statement.js';
import type { ClaimsSigner, Finding, FoundClaims, FoundRecord, Lookup } from '../verdict/finding.js';

/** Facts to judge: one document of one issuer, anchored ten days ago, and ways in which it can be otherwise. */

export const HOUR = 60 * 60 * 1000;
export const NOW = Date.UTC(2026, 2, 1);
export const ANCHORED = NOW - 240 * HOUR;
export const FILE = 'file-hash';
export const OTHER_FILE = 'other-file-hash';
export const ID = '7K3MQ2XD9FHTW4ZB8';
export const OTHER_ID = '7K3MQ2XD9FHTW4ZC9';

export const key: IssuerKey = {
  kid: 'k1',
  jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
  from: ANCHORED - HOUR,
};

export function issuerWith(change: Partial<Issuer> = {}): Issuer {
  return {
    name: 'Sample Hospital',
    kind: 'hospital',
    mspId: 'SampleHospital',
    licence: 'L-1',
    telephone: '+880 2 000000',
    keys: [key],
    state: 'admitted',
    since: ANCHORED - HOUR,
    ...change,
  };
}

/** An issuer whose key ended at the moment of anchoring. */
export const endedKey = (why: 'rotated' | 'compromised'): Issuer =>
  issuerWith({ keys: [{ ...key, until: ANCHORED, why }] });

export const statement: IssueStatement = {
  op: 'issue',
  iss: 'bd.dghs.1',
  iat: ANCHORED / 1000,
  jti: ID,
  kind: 'report',
  sha256: FILE,
  claims: 'claims-hash',
};

export type RecordWish = Partial<FoundRecord> & { says?: Partial<IssueStatement> };

export function record({ says, ...change }: RecordWish = {}): FoundRecord {
  return {
    statement: { ...statement, ...says },
    kid: 'k1',
    issuer: issuerWith(),
    signatureGood: true,
    anchoring: { state: 'anchored', mspId: 'SampleHospital', index: 7, at: ANCHORED },
    status: { state: 'known', status: null, asOf: NOW },
    singleOwner: false,
    ...change,
  };
}

/** A document of another issuer, anchored an hour later, under the same code. */
export function elsewhere({ says, ...change }: RecordWish = {}): FoundRecord {
  return record({
    anchoring: { state: 'anchored', mspId: 'Other', index: 0, at: ANCHORED + HOUR },
    issuer: issuerWith({ name: 'Other Clinic' }),
    ...change,
    says: { iss: 'bd.dghs.2', sha256: 'third-file-hash', claims: 'other-claims', ...says },
  });
}

export const pending = record({ anchoring: { state: 'pending', acceptedAt: NOW - 1000 } });
export const overdue = record({ anchoring: { state: 'pending', acceptedAt: NOW - HOUR - 1 } });

export const revokedFor = (reason: 'error' | 'fraud' | 'withdrawn'): FoundRecord =>
  record({ status: { state: 'known', status: { reason, at: NOW - HOUR, index: 9, mspId: 'M' }, asOf: NOW } });

const supersededStatus = {
  reason: 'superseded',
  by: OTHER_ID,
  at: NOW - HOUR,
  index: 9,
  mspId: 'M',
} as const;
export const superseded = record({ status: { state: 'known', status: supersededStatus, asOf: NOW } });
export const annulled = record({
  status: { state: 'known', status: { ...supersededStatus, annulled: NOW - 1000 }, asOf: NOW },
});

/** A record as evidence of two days ago shows it. */
export const fromEvidence = record({
  anchoring: {
    state: 'anchored',
    mspId: 'M',
    index: 0,
    at: ANCHORED,
    attested: { at: NOW - 48 * HOUR, by: ['DGHS'] },
  },
  status: { state: 'known', status: null, asOf: NOW - 48 * HOUR },
});

export const goodSigner: ClaimsSigner & { readonly state: 'known' } = {
  state: 'known',
  good: true,
  issuer: issuerWith(),
  key,
};
export const badSigner: ClaimsSigner = { ...goodSigner, good: false };
export const compromisedSigner: ClaimsSigner = {
  ...goodSigner,
  key: { ...key, until: ANCHORED - 1, why: 'compromised' },
};

export function claims(change: Partial<FoundClaims> = {}): FoundClaims {
  return {
    iss: statement.iss,
    jti: ID,
    iat: statement.iat,
    hash: statement.claims,
    signer: goodSigner,
    ...change,
  };
}

export const outage: Lookup = { state: 'unavailable' };

export function answered(...records: FoundRecord[]): Lookup {
  return { state: 'answered', source: 'register', records };
}

export function evidenceOf(found: FoundRecord): Lookup {
  return { state: 'answered', source: 'evidence', records: [found] };
}

export const file = (lookup: Lookup, ...found: FoundClaims[]): Finding => ({
  asked: 'file',
  sha256: FILE,
  claims: found,
  lookup,
});

/** A file with another hash than the document's. */
export const otherFile = (lookup: Lookup, ...found: FoundClaims[]): Finding => ({
  ...file(lookup, ...found),
  sha256: OTHER_FILE,
});

export const code = (lookup: Lookup, ...found: FoundClaims[]): Finding => ({
  asked: 'code',
  claims: found,
  lookup,
});

export const qr = (lookup: Lookup, found = claims()): Finding => ({
  asked: 'claims',
  claims: [found],
  lookup,
});
