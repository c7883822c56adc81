import { resolve } from 'node:path';
import { NetworkError } from '../error.js';
import { connectionSettings } from '../derive/connection.js';
import { native } from '../layout.js';
import { regulatorsOf, type Topology } from '../topology.js';
import { connectClient } from './client.js';

/**
 * Tells the contract of every channel who its regulators are, once: from then on they decide together. A network whose
 * contract was told before is left alone.
 *
 * @throws NetworkError `NOT_READY`
 */
export async function initialise(topology: Topology, folder: string): Promise<void> {
  const place = native(resolve(folder));
  const [first, ...others] = regulatorsOf(topology);
  if (!first) return;
  for (const channel of topology.channels.filter(({ chaincode }) => chaincode !== undefined)) {
    const client = await connectClient(connectionSettings(topology, first, place), channel.name);
    try {
      if ((await client.evaluate('Clock', [])) !== null) continue;
      const regulators = JSON.stringify([first, ...others].map(({ mspId }) => mspId));
      const outcome = await client.submit('Init', [regulators], client.endorsers);
      if (outcome !== 'VALID') throw new NetworkError('NOT_READY', `Init on ${channel.name}: ${outcome}`);
    } finally {
      client.close();
    }
  }
}
