import assert from 'node:assert/strict';
import { createCipheriv, createPrivateKey, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { bech32 } from '@scure/base';
import { Decrypter } from 'age-encryption';
import { drawFileSecrets, writeAgeFile, type FileSecrets } from './age-file.js';
import { newX25519KeyPair, rawPublicKey, type X25519KeyPair } from './x25519.js';

/** Files of C2SP's test kit for age (CCTV, age/testdata, 0BSD), whose keys and nonces are known. */
const IDENTITY = 'AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0';
const HEADER =
  'YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBURWlGMHlwcXIrYnB2Y3FYTnlDVkpwTDdPdXdQZFZ3UEw3S1FFYkZET0NjCmhqYWJHW' +
  'HdTTFE5YzNTNkx3MmkrUzJUdTJmaXdRSEhzbGJCTjZCNDFGTEUKLS0tIFd5SnA5Ri85Rk9aaDdnSmRoZXEyV0lKY3dIZ1ljOE5JVmgzZGR3aH' +
  'JjTmcK7s9ix86RtDMnTmjU8vkTT';
const VECTORS: readonly (readonly [string, Uint8Array])[] = [
  ['x25519', Buffer.from(`${HEADER}LdMW/73vqpSyPC8DpksHoMx+2Y=`, 'base64')],
  ['stream_empty_payload', Buffer.from(`${HEADER}K0uT88+UopBMN6r70M25VU=`, 'base64')],
  [
    'stream_two_chunks',
    inflateSync(
      Buffer.from(
        'eNrt0L1OEwEAAGDnrv5sJpVFE1KxV6He4gD2LPVypSkp1Y271rsaA9ciXBoTBgYSRyd3n8FVJxM3XHwC4mgc3FyM+h7f9wjffj5tTA+yxbJ8' +
          'NTs8uHu4yNdOmrXGw/o4WF9vhvXdziy6tyzni9W0PMnm42S5NeqVcbt/XO1MRtVO3H4y6KTRo/5WVite7KePx9UwHoRZa7gRV8FsdRjsHgfP' +
          'Z9Wg2z16mW4mG5v3m1HcqTUajfresleG0VoY9Z8V7bw3KabzYG+7l1Xd/Gn2INkeFa3JpCoWWZLXfn5Nv1y8/dC6nRTffv2+Gl8BAAAAAAAA' +
          'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAfy5/vLuWflp5Hd+4Nbo4PbtpBAAAAAAA' +
          'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgP++hyuX4cc3f87vvD/v1D5f/wtcak2k',
        'base64',
      ),
    ),
  ],
];

function keyPairOf(scalar: Uint8Array): X25519KeyPair {
  const key = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), scalar]);
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

/** What the test kit draws: ChaCha20's stream under a known key. */
function secretsOfTestKit(): FileSecrets {
  const key = Buffer.from('TEST RANDOMNESS TEST RANDOMNESS!');
  const random = createCipheriv('chacha20', key, Buffer.alloc(16)).update(Buffer.alloc(48));
  return {
    fileKey: Buffer.from('YELLOW SUBMARINE'),
    ephemeral: keyPairOf(random.subarray(0, 32)),
    nonce: random.subarray(32),
  };
}

async function opened(file: Uint8Array, identity: string): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter.decrypt(file);
}

const { bytes: scalar } = bech32.decodeToBytes(IDENTITY);
for (const [name, file] of VECTORS) {
  test(`it writes ${name} of the age test kit byte for byte`, async () => {
    const plaintext = await opened(file, IDENTITY);
    assert.deepEqual(
      Buffer.from(writeAgeFile(plaintext, keyPairOf(scalar).publicKey, secretsOfTestKit())),
      Buffer.from(file),
    );
  });
}

test('nothing that is drawn for a file is drawn again', () => {
  const [a, b] = [drawFileSecrets(), drawFileSecrets()];
  assert.notDeepEqual(a.fileKey, b.fileKey);
  assert.notDeepEqual(a.nonce, b.nonce);
  assert.notDeepEqual(rawPublicKey(a.ephemeral.publicKey), rawPublicKey(b.ephemeral.publicKey));
});

test('a recipient of small order, with whom everybody would share the secret, is refused', () => {
  const { publicKey } = newX25519KeyPair();
  assert.doesNotThrow(() => writeAgeFile(Buffer.from('x'), publicKey, drawFileSecrets()));
  const zero = { kty: 'OKP', crv: 'X25519', x: Buffer.alloc(32).toString('base64url') };
  const smallOrder = createPublicKey({ key: zero, format: 'jwk' });
  assert.throws(() => writeAgeFile(Buffer.from('x'), smallOrder, drawFileSecrets()));
});
