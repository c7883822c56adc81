import 'reflect-metadata';
import { createPrivateKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import { request } from 'node:https';
import { hash, signers } from '@hyperledger/fabric-gateway';
import * as x509 from '@peculiar/x509';
import { z } from 'zod';
import { NetworkError } from '../error.js';

/**
 * A client of Fabric CA: registers identities and has certificates issued. It keeps nothing; what it sends is safe to
 * send again after no answer, since a second registration of a name only gives that name another secret.
 */
export interface FabricCa {
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  /** Its own name, which stands in its TLS certificate. */
  readonly name: string;
  /** PEM: its certificate, the root of all that it issues and of its own TLS certificate. */
  readonly root: string;
}

/** What becomes the organisational unit in a certificate, by which Fabric tells who may do what (NodeOUs). */
export type IdentityType = 'admin' | 'client' | 'orderer' | 'peer';

/** PEM texts. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

export interface Enrolment {
  readonly name: string;
  readonly secret: string;
  /** `tls` for a certificate that a connection is opened with, to one of `hosts`; otherwise one that signs. */
  readonly profile?: 'tls';
  readonly hosts?: readonly string[];
}

/** Makes a key, which never leaves this process, and has it certified. */
export async function enrol(ca: FabricCa, { name, secret, profile, hosts }: Enrolment): Promise<Issued> {
  const key = newKey();
  const body = { certificate_request: await signingRequest(name, key), profile: profile ?? '', hosts };
  const password = Buffer.from(`${name}:${secret}`).toString('base64');
  const answer = await call(ca, 'POST', '/api/v1/enroll', JSON.stringify(body), `Basic ${password}`);
  const { Cert } = z.object({ Cert: z.base64() }).parse(answer.result);
  return { certificate: Buffer.from(Cert, 'base64').toString(), key };
}

const ALREADY_REGISTERED = 74;

/** Lets `name` enrol with `secret` from now on. */
export async function register(
  ca: FabricCa,
  registrar: Issued,
  { name, type, secret }: { readonly name: string; readonly type: IdentityType; readonly secret: string },
): Promise<void> {
  const send = async (method: string, path: string, what: object, expected: readonly number[]) => {
    const body = JSON.stringify(what);
    return call(ca, method, path, body, await token(registrar, method, path, body), expected);
  };
  const identity = { id: name, type, secret, affiliation: '' };
  const { errors } = await send('POST', '/api/v1/register', identity, [ALREADY_REGISTERED]);
  if (errors.length > 0) await send('PUT', `/api/v1/identities/${encodeURIComponent(name)}`, { secret }, []);
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

function newKey(): string {
  // By way of its encoding: Node 20 may stand still while a key that it has just generated is exported.
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey;
}

async function signingRequest(name: string, key: string): Promise<string> {
  const jwk = createPrivateKey(key).export({ format: 'jwk' }) as webcrypto.JsonWebKey;
  const { kty, crv, x, y } = jwk as { kty: string; crv: string; x: string; y: string };
  const { subtle } = webcrypto;
  const certified = await x509.Pkcs10CertificateRequestGenerator.create({
    name: `CN=${name}`,
    keys: {
      privateKey: await subtle.importKey('jwk', jwk, ALGORITHM, false, ['sign']),
      publicKey: await subtle.importKey('jwk', { kty, crv, x, y }, ALGORITHM, true, ['verify']),
    },
    signingAlgorithm: ALGORITHM,
  });
  return certified.toString('pem');
}

/** Proves to the authority who asks, and what: signed with the key of the registrar's own certificate. */
async function token(
  { certificate, key }: Issued,
  method: string,
  uri: string,
  body: string,
): Promise<string> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const signed = [method, base64(uri), base64(body), base64(certificate)].join('.');
  const signature = await signers.newPrivateKeySigner(createPrivateKey(key))(
    hash.sha256(Buffer.from(signed)),
  );
  return `${base64(certificate)}.${Buffer.from(signature).toString('base64')}`;
}

const answerOf = z.object({
  success: z.boolean(),
  result: z.unknown(),
  errors: z.array(z.object({ code: z.int(), message: z.string() })).nullish(),
});
interface Answer {
  readonly result: unknown;
  readonly errors: readonly { readonly code: number; readonly message: string }[];
}

const PATIENCE_MS = 30_000;

/** @throws NetworkError `CA` when it cannot be reached, or refuses for another reason than the `expected` ones. */
async function call(
  { host, port, name, root }: FabricCa,
  method: string,
  path: string,
  body: string,
  authorization: string,
  expected: readonly number[] = [],
): Promise<Answer> {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    authorization,
  };
  const options = { host, port, path, method, headers, ca: root, servername: name, timeout: PATIENCE_MS };
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const sent = request(options, (response) => {
        let received = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (received += part));
        response.on('end', () => resolve(received));
        response.on('error', reject);
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('error', reject);
      sent.end(body);
    });
    const { success, result, errors } = answerOf.parse(JSON.parse(text));
    const refusals = errors ?? [];
    if (success || refusals.every(({ code }) => expected.includes(code))) return { result, errors: refusals };
    throw new Error(refusals.map(({ code, message }) => `${message} (${code})`).join('; '));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new NetworkError('CA', `${name} did not do ${method} ${path}: ${why}`, { cause: error });
  }
}
