import { createHash, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import { encodeBase64url } from '@spondon/protocol/base64url';
import { kidOf } from '@spondon/protocol/crypto';
import { generatePrivateKey, publicJwkOf, sha256, signWith } from '@spondon/protocol/crypto-node';
import { newDocumentId } from '@spondon/protocol/document-id';
import { signStatement } from '@spondon/protocol/statement';
import { type Client, jsonCall } from './client.js';
import type { Service } from './service.js';

/** A facility that signs at home, as a large hospital would. */
export interface HomeSigner {
  readonly iss: string;
  readonly apiKey: string;
  /** Signed issues of the invented documents `first` to `first + count - 1`, as texts. */
  readonly statements: (first: number, count: number) => Promise<string[]>;
}

/** What has to be kept to be the same facility later. */
export interface KeptSigner {
  readonly apiKey: string;
  /** PKCS #8, PEM. */
  readonly privateKey: string;
}

export const HOME_ISSUER = 'bd.dghs.10099999';

/** SHA-256 of an invented document, by its number: known again without being kept. */
export function documentHash(number: number): Buffer {
  return createHash('sha256').update(`spondon benchmark ${number}`).digest();
}

/** Admits such a facility through the API. */
export async function admitHomeSigner(service: Service, client: Client): Promise<KeptSigner> {
  const privateKey = generatePrivateKey('P-256');
  const operatorKey = await service.operatorKey();
  const facility = {
    issuerId: HOME_ISSUER,
    name: 'Benchmark Hospital',
    kind: 'hospital',
    licence: 'B-1',
    telephone: '+880 2 0000 9999',
    jwk: publicJwkOf(privateKey),
  };
  await client.json(jsonCall('/v1/issuers', operatorKey, facility));
  const apiKey = await newApiKey(service, client, HOME_ISSUER);
  return { apiKey, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** For a facility that is admitted on the service's ledger. */
export async function newApiKey(
  service: Pick<Service, 'operatorKey'>,
  client: Client,
  issuerId: string,
): Promise<string> {
  const key = jsonCall(`/v1/issuers/${issuerId}/api-keys`, await service.operatorKey(), {});
  return ((await client.json(key)) as { apiKey: string }).apiKey;
}

export function openHomeSigner({ apiKey, privateKey }: KeptSigner): HomeSigner {
  const key = createPrivateKey(privateKey);
  return { iss: HOME_ISSUER, apiKey, statements: (first, count) => signMany(key, HOME_ISSUER, first, count) };
}

export async function signMany(key: KeyObject, iss: string, first: number, count: number): Promise<string[]> {
  const kid = kidOf(publicJwkOf(key), sha256);
  const sign = signWith(key);
  const iat = Math.floor(Date.now() / 1000);
  const texts: string[] = [];
  for (let number = first; number < first + count; number += 1) {
    const jti = newDocumentId((length) => randomBytes(length));
    const hash = encodeBase64url(documentHash(number));
    const claims = encodeBase64url(randomBytes(32));
    texts.push(
      await signStatement({ op: 'issue', iss, iat, jti, kind: 'report', sha256: hash, claims }, kid, sign),
    );
  }
  return texts;
}
