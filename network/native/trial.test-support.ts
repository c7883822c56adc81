import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { NetworkError } from '../error.js';
import { withPorts, type Topology } from '../topology.js';
import { TRIAL } from '../trial.test-support.js';
import { down } from './down.js';
import { findFabric } from './fabric.js';
import { up, type Up } from './up.js';

/** Why this machine cannot run the trial network; `false` when it can. */
export async function whyNoTrial(): Promise<string | false> {
  try {
    await findFabric(TRIAL.release, process.env);
    return false;
  } catch (error) {
    if (!(error instanceof NetworkError) || error.code !== 'PROGRAM_MISSING') throw error;
    return "Hyperledger Fabric's programs are not on this machine";
  }
}

/** Below the ports that systems give to outgoing connections, which would take one while a node restarts. */
const PORTS = { first: 10_000, count: 22_000 };
const ATTEMPTS = 10;
const MAY_PASS: readonly string[] = ['PORT_TAKEN', 'NODE_DIED', 'NOT_READY'];

export interface Trial {
  /** Lays something into the data folder first. */
  readonly fill?: (folder: string) => Promise<void>;
  readonly placeOf?: Up['placeOf'];
}

/** In a folder under `base`. Another test may start a network on the same ports at the same time: then on others. */
export async function upOnFreePorts(
  base: string,
  description: Topology,
  { fill, placeOf }: Trial = {},
): Promise<{ readonly folder: string; readonly topology: Topology }> {
  const fabric = await findFabric(description.release, process.env);
  for (let attempt = 1; ; attempt += 1) {
    const folder = join(base, String(attempt));
    let port = PORTS.first + randomInt(PORTS.count);
    const topology = withPorts(description, () => (port += 1));
    try {
      await fill?.(folder);
      await up({ topology, fabric, folder, say: () => undefined, ...(placeOf && { placeOf }) });
      return { folder, topology };
    } catch (error) {
      await down({ folder, erase: true });
      if (!(error instanceof NetworkError) || !MAY_PASS.includes(error.code) || attempt === ATTEMPTS)
        throw error;
      process.stderr.write(`another attempt to start a network: ${error.code}: ${error.message}\n`);
    }
  }
}
