import { createPublicKey, sign, verify } from 'node:crypto';
import { generatePrivateKey } from '@spondon/protocol/crypto-node';

/**
 * How fast this machine is, in the one operation that most figures here consist of: figures of two machines compare
 * after dividing by it.
 */

const WARM_UP = 200;
const TIMES = 1000;

/** Processor time of one ECDSA P-256 verification over 1.5 KB, the size of what a peer signs, in µs. */
export function verificationMicroseconds(): number {
  const privateKey = generatePrivateKey('P-256');
  const publicKey = createPublicKey(privateKey);
  const data = Buffer.alloc(1500, 'd');
  const signature = sign('sha256', data, privateKey);
  return cpuMicroseconds(() => void verify('sha256', data, publicKey, signature));
}

/** Processor time of doing it once, warm, which others on this machine change less than the time by the clock. */
export function cpuMicroseconds(once: () => void): number {
  for (let done = 0; done < WARM_UP; done += 1) once();
  const before = process.cpuUsage();
  for (let done = 0; done < TIMES; done += 1) once();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / TIMES;
}
