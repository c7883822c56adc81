import { createPublicKey, type KeyObject } from 'node:crypto';
import { generatePrivateKey } from '@spondon/protocol/crypto-node';

/** A key pair on Curve25519 (RFC 7748). */
export interface X25519KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function newX25519KeyPair(): X25519KeyPair {
  const privateKey = generatePrivateKey('x25519');
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** 32 bytes, as RFC 7748 writes them. */
export function rawPublicKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/** 32 bytes, as RFC 7748 writes them. */
export function rawPrivateKey(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
}
