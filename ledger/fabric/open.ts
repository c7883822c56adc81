import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { FabricSettings } from './connection.js';
import { FabricLedger } from './engine.js';
import { unavailable } from './failure.js';

/**
 * Opens a channel of a Fabric network. Connects when it is first used.
 *
 * @throws LedgerError `UNAVAILABLE` when the settings make no sense
 */
export function openFabricLedger(settings: FabricSettings): FabricLedger {
  for (const [what, { certificate, key }] of Object.entries({
    identity: settings.identity,
    tls: settings.tls,
  })) {
    if (!isPair(certificate, key)) throw unavailable(`${what}: no certificate with its key`);
  }
  return new FabricLedger(settings);
}

function isPair(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false; // not PEM
  }
}
