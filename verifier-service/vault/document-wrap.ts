import { compactDecrypt, CompactEncrypt, type CompactDecryptResult } from 'jose';
import { ServiceError } from '../error.js';
import type { Vault } from './seal.js';

/**
 * The secret key of a document, wrapped for one holder: a compact JWE (RFC 7516), A256KW with A256GCM. Document and
 * holder stand in the protected header, so a wrap moved to another row does not open. Destroying the wraps is how a
 * document is erased.
 */
export interface WrapOf {
  readonly documentId: string;
  /** Who may open it: `facility/<iss>` for an issuer's clinical staff. */
  readonly holder: string;
}

/** An issuer's clinical staff, as a holder of wraps. */
export function holderOf(iss: string): string {
  return `facility/${iss}`;
}

const ALGORITHM = 'A256KW';
const ENCRYPTION = 'A256GCM';
const TYPE = 'spondon-document-key+jwe';
const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;

/** A holder's wrapping key, 32 bytes, with the bytes to store: sealed for this holder alone. */
export function newWrappingKey(
  vault: Vault,
  holder: string,
  random: (bytes: number) => Uint8Array,
): { readonly key: Uint8Array; readonly sealed: Uint8Array } {
  const key = random(32);
  return { key, sealed: vault.seal(key, wrappingKeyContext(holder)) };
}

/** Throws `MASTER_KEY_WRONG`, or `KEY_DAMAGED` for anything that is not a sealed key of this holder. */
export function loadWrappingKey(sealed: Uint8Array, vault: Vault, holder: string): Uint8Array {
  return vault.open(sealed, wrappingKeyContext(holder));
}

/** What the vault is told when it seals a holder's wrapping key. */
export function wrappingKeyContext(holder: string): string {
  return `wrapping-key/${holder}`;
}

/** `identity`: `AGE-SECRET-KEY-1…` */
export async function wrapDocumentKey(
  identity: string,
  wrappingKey: Uint8Array,
  of: WrapOf,
): Promise<string> {
  const header = { alg: ALGORITHM, enc: ENCRYPTION, typ: TYPE, documentId: of.documentId, holder: of.holder };
  return new CompactEncrypt(Buffer.from(identity, 'latin1')).setProtectedHeader(header).encrypt(wrappingKey);
}

/** The identity. Throws `KEY_DAMAGED` when this is not the wrap of this document for this holder under this key. */
export async function unwrapDocumentKey(jwe: string, wrappingKey: Uint8Array, of: WrapOf): Promise<string> {
  const { plaintext, protectedHeader } = await decrypt(jwe, wrappingKey);
  const identity = Buffer.from(plaintext).toString('latin1');
  const { typ, documentId, holder } = protectedHeader;
  if (typ !== TYPE || documentId !== of.documentId || holder !== of.holder || !IDENTITY.test(identity))
    throw damaged();
  return identity;
}

async function decrypt(jwe: string, wrappingKey: Uint8Array): Promise<CompactDecryptResult> {
  try {
    return await compactDecrypt(jwe, wrappingKey, {
      keyManagementAlgorithms: [ALGORITHM],
      contentEncryptionAlgorithms: [ENCRYPTION],
    });
  } catch {
    throw damaged();
  }
}

function damaged(): ServiceError {
  return new ServiceError(
    'KEY_DAMAGED',
    'The wrapped key of this document is damaged, or belongs elsewhere.',
  );
}
