import { readFile } from 'node:fs/promises';
import { readFabricSettings } from '@spondon/ledger/fabric/connection';
import { openFabricLedger } from '@spondon/ledger/fabric/open';
import { LedgerError } from '@spondon/ledger/port';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import { ProtocolError } from '@spondon/protocol/error';
import { openTrustBundle } from '@spondon/protocol/trust';
import type { FabricFiles } from '../config.js';
import { ServiceError } from '../error.js';
import { CHANNEL } from './ledger.js';
import type { ServiceLedger } from './service-ledger.js';

/**
 * The ledger on a Fabric network, which is asked nothing yet. Throws `CONFIG_INVALID` when a file cannot be
 * read or is not what it should be.
 */
export async function openFabric({ connection, trustBundle }: FabricFiles): Promise<ServiceLedger> {
  const { text, expires } = await readTrustBundle(trustBundle);
  try {
    const ledger = openFabricLedger(await readFabricSettings(connection, CHANNEL));
    return {
      ledger,
      singleOwner: false,
      // The regulators sign it with keys that are not here; a successor is read at the next start.
      trustBundle: () => Promise.resolve(text),
      agreedAt: () => ledger.agreedAt(),
      certificateEnds: () => [
        ...ledger.certificateEnds(),
        { use: 'trust bundle', holder: CHANNEL, until: expires },
      ],
      // What fails there is told by whoever reads it or anchors on it.
      failure: () => Promise.resolve(null),
    };
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    throw new ServiceError('CONFIG_INVALID', `SPONDON_FABRIC: ${cause.message}`, { cause });
  }
}

async function readTrustBundle(path: string): Promise<{ text: string; expires: number }> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ServiceError('CONFIG_INVALID', `SPONDON_TRUST_BUNDLE: ${path} cannot be read`, { cause });
  });
  try {
    const { payload } = await openTrustBundle(text, { now: Date.now(), hash: sha256, verify });
    if (payload.engine === 'fabric' && payload.channel === CHANNEL) return { text, expires: payload.expires };
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new ServiceError('CONFIG_INVALID', `SPONDON_TRUST_BUNDLE: ${cause.message}`, { cause });
  }
  const message = `SPONDON_TRUST_BUNDLE must be about the channel ${CHANNEL} of a Fabric network`;
  throw new ServiceError('CONFIG_INVALID', message);
}
