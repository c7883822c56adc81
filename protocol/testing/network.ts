/* eslint-disable no-restricted-imports, no-restricted-globals -- material for tests: nothing in the protocol imports it */
import { ledger, peer as fabric } from '@hyperledger/fabric-protos';
import { createHash, type KeyObject } from 'node:crypto';
import type { Attestation } from '../attestation.js';
import type { AttestedState } from '../attestation/state.js';
import { encodeBase64url } from '../base64url.js';
import { canonicalJson } from '../canonical.js';
import { kidOf } from '../crypto.js';
import { generatePrivateKey, publicJwkOf, sha256, signWith } from '../crypto-node.js';
import { encodeEntry } from '../entry.js';
import type { Evidence } from '../evidence/file.js';
import { leafHash, nodeHash } from '../merkle/tree.js';
import type { Issuer } from '../records.js';
import { signStatement, type IssueStatement } from '../statement.js';
import { signTrustBundle } from '../trust.js';
import type { TrustPayload, TrustSigner } from '../trust/payload.js';
import { issuerWith } from './finding.js';
import { DAY, TODAY, endorse, mintCertificate, type Minted } from './mint.js';

/** A consortium of two regulators and two hospitals, one document, and everything that proves it. */

export interface Organisation {
  readonly mspId: string;
  readonly owner: string;
  readonly root: Minted;
  readonly intermediate: Minted | null;
  readonly peer: Minted;
}

export interface SignerKey {
  readonly signer: TrustSigner;
  readonly privateKey: KeyObject;
}

export function mintSigner(): SignerKey {
  const privateKey = generatePrivateKey('P-256');
  const jwk = publicJwkOf(privateKey);
  return { signer: { kid: kidOf(jwk, sha256), jwk }, privateKey };
}

async function mintOrganisation(
  mspId: string,
  owner: string,
  withIntermediate: boolean,
): Promise<Organisation> {
  const root = await mintCertificate({ subject: `CN=ca.${mspId},O=${owner}`, ca: true });
  const intermediate = withIntermediate
    ? await mintCertificate({ subject: `CN=ica.${mspId},O=${owner}`, issuer: root, ca: true, pathLength: 0 })
    : null;
  const peer = await mintCertificate({
    subject: `CN=peer0.${mspId},OU=peer,O=${owner}`,
    issuer: intermediate ?? root,
  });
  return { mspId, owner, root, intermediate, peer };
}

export interface Network {
  readonly dghs: Organisation;
  readonly dgfp: Organisation;
  readonly hospital: Organisation;
  /** Of the same owner as `dghs`. */
  readonly dghsHospital: Organisation;
  readonly signers: readonly SignerKey[];
  readonly issuerKey: SignerKey;
}

export async function mintNetwork(): Promise<Network> {
  return {
    dghs: await mintOrganisation('DGHS', 'Directorate General of Health Services', false),
    dgfp: await mintOrganisation('DGFP', 'Directorate General of Family Planning', false),
    hospital: await mintOrganisation('SampleHospital', 'Sample Hospital Ltd', true),
    dghsHospital: await mintOrganisation('StateHospital', 'Directorate General of Health Services', false),
    signers: [mintSigner(), mintSigner()],
    issuerKey: mintSigner(),
  };
}

export function trustPayload(network: Network, change: Partial<TrustPayload> = {}): TrustPayload {
  const { dghs, dgfp, hospital, dghsHospital } = network;
  return {
    typ: 'spondon-trust/v1',
    version: 1,
    expires: TODAY + 90 * DAY,
    previous: null,
    engine: 'fabric',
    channel: 'records',
    chaincodes: [{ name: 'records', version: '1.0' }],
    hosts: ['verify.example.org'],
    msps: [dghs, dgfp, hospital, dghsHospital].map(({ mspId, owner, root, intermediate }) => ({
      mspId,
      owner,
      roots: [root.pem],
      intermediates: intermediate === null ? [] : [intermediate.pem],
      crls: [],
      from: TODAY - 200 * DAY,
    })),
    policy: { all: ['DGHS', 'DGFP'], otherOwners: 1 },
    signers: network.signers.map(({ signer }) => signer),
    outgoing: [],
    ...change,
  };
}

/** Signs with the network's keys, and `more` ones. */
export function signPayload(
  network: Network,
  payload: TrustPayload,
  more: readonly SignerKey[] = [],
): Promise<string> {
  const keys = new Map(
    [...network.signers, ...more].map(({ signer, privateKey }) => [signer.kid, privateKey]),
  );
  return signTrustBundle(payload, (kid) => {
    const key = keys.get(kid);
    if (key === undefined) throw new Error(`no key ${kid}`);
    return signWith(key);
  });
}

export const ISSUED_AT = TODAY - 10 * DAY;
export const ATTESTED_AT = TODAY - 60_000;
export const DOCUMENT = '0000000000000000' + '0';
const ISS = 'bd.dghs.10012345';

export function hash64(text: string): string {
  return encodeBase64url(createHash('sha256').update(text).digest());
}

export const STATEMENT: IssueStatement = {
  op: 'issue',
  iss: ISS,
  iat: ISSUED_AT / 1000,
  jti: DOCUMENT,
  kind: 'report',
  sha256: hash64('the file'),
  claims: hash64('the claims'),
};

export function issuerRecord(network: Network, change: Partial<Issuer> = {}): Issuer {
  const since = TODAY - 50 * DAY;
  return issuerWith({ keys: [{ ...network.issuerKey.signer, from: since }], since, ...change });
}

/** What one run of a chaincode looks like to a peer; everything but `state` and `result` as `Attest` has it. */
export interface OutcomeWish {
  readonly state: AttestedState;
  /** Instead of the state's canonical JSON. */
  readonly result?: string;
  readonly chaincode?: { readonly name: string; readonly version: string };
  readonly status?: number;
  readonly event?: string;
  readonly change?: (namespace: ledger.rwset.NsReadWriteSet, keys: ledger.rwset.kvrwset.KVRWSet) => void;
}

function readWriteSet(wish: OutcomeWish): Uint8Array {
  const keys = new ledger.rwset.kvrwset.KVRWSet();
  const read = new ledger.rwset.kvrwset.KVRead();
  read.setKey('clock');
  const version = new ledger.rwset.kvrwset.Version();
  version.setBlockNum(1_000_000);
  read.setVersion(version);
  keys.addReads(read);
  const namespace = new ledger.rwset.NsReadWriteSet();
  namespace.setNamespace('records');
  wish.change?.(namespace, keys);
  namespace.setRwset(keys.serializeBinary());
  const lifecycle = new ledger.rwset.NsReadWriteSet();
  lifecycle.setNamespace('_lifecycle');
  lifecycle.setRwset(new ledger.rwset.kvrwset.KVRWSet().serializeBinary());
  const set = new ledger.rwset.TxReadWriteSet();
  set.setNsRwsetList([lifecycle, namespace]);
  return set.serializeBinary();
}

export function attestationJson(state: AttestedState): string {
  return canonicalJson({ typ: 'spondon-attestation/v1', ...state });
}

/** ProposalResponsePayload, encoded by fabric-protos. */
export function proposalResponse(wish: OutcomeWish): Uint8Array {
  const response = new fabric.Response();
  response.setStatus(wish.status ?? 200);
  response.setPayload(Buffer.from(wish.result ?? attestationJson(wish.state)));
  const id = new fabric.ChaincodeID();
  id.setName(wish.chaincode?.name ?? 'records');
  id.setVersion(wish.chaincode?.version ?? '1.0');
  const action = new fabric.ChaincodeAction();
  action.setResults(readWriteSet(wish));
  action.setResponse(response);
  action.setChaincodeId(id);
  if (wish.event !== undefined) {
    const event = new fabric.ChaincodeEvent();
    event.setEventName(wish.event);
    action.setEvents(event.serializeBinary());
  }
  const payload = new fabric.ProposalResponsePayload();
  payload.setProposalHash(createHash('sha256').update('proposal').digest());
  payload.setExtension$(action.serializeBinary());
  return payload.serializeBinary();
}

export function attest(payload: Uint8Array, organisations: readonly Organisation[]): Attestation {
  return { payload, endorsements: organisations.map(({ mspId, peer }) => endorse(payload, mspId, peer)) };
}

export interface EvidenceWish {
  readonly statement?: IssueStatement;
  readonly entry?: Uint8Array;
  readonly issuer?: Partial<Issuer>;
  readonly state?: Partial<AttestedState>;
  readonly outcome?: Partial<OutcomeWish>;
  readonly endorsers?: readonly Organisation[];
  /** Instead of endorsing with each organisation's own peer. */
  readonly endorse?: (payload: Uint8Array) => Attestation;
}

/** Evidence in a tree of four entries, the document's the third of them; good unless the wish says otherwise. */
export async function mintEvidence(network: Network, wish: EvidenceWish = {}): Promise<Evidence> {
  const statement = wish.statement ?? STATEMENT;
  const text = await signStatement(
    statement,
    network.issuerKey.signer.kid,
    signWith(network.issuerKey.privateKey),
  );
  const entry = wish.entry ?? encodeEntry(ISSUED_AT, text);
  const others = [0, 1, 2].map((n) => sha256(Uint8Array.of(n)));
  const [first, second, last] = others as [Uint8Array, Uint8Array, Uint8Array];
  const left = nodeHash(first, second, sha256);
  const root = nodeHash(left, nodeHash(leafHash(entry, sha256), last, sha256), sha256);
  const state: AttestedState = {
    channel: 'records',
    time: ATTESTED_AT,
    clock: ATTESTED_AT - 30_000,
    heads: [{ mspId: 'SampleHospital', n: 2, size: 4, root: encodeBase64url(root), at: ISSUED_AT }],
    statuses: [{ iss: statement.iss, jti: statement.jti, status: null }],
    issuers: [{ iss: statement.iss, ...issuerRecord(network, wish.issuer) }],
    ...wish.state,
  };
  const payload = proposalResponse({ state, ...wish.outcome });
  const endorsers = wish.endorsers ?? [network.dghs, network.dgfp, network.hospital];
  return {
    channel: 'records',
    mspId: 'SampleHospital',
    entry,
    index: 2,
    size: 4,
    path: [last, left],
    attestation: wish.endorse?.(payload) ?? attest(payload, endorsers),
  };
}
