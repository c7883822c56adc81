import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetworkError } from '@spondon/network/error';
import { files, native } from '@spondon/network/layout';
import { down } from '@spondon/network/native/down';
import { findFabric } from '@spondon/network/native/fabric';
import { untilDone } from '@spondon/network/native/health';
import { up } from '@spondon/network/native/up';
import { withPorts, type Topology } from '@spondon/network/topology';
import { TRIAL } from '@spondon/network/trial.test-support';
import { LedgerError } from '../port.js';
import { readFabricSettings, type FabricSettings } from './connection.js';
import { FabricLedger } from './engine.js';
import { openFabricLedger } from './open.js';

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

/** The trial network on this machine, for one test file alone. */
export interface TrialNetwork {
  readonly topology: Topology;
  readonly folder: string;
  /** Connection settings of an organisation, by its name, for the channel `records` or another. */
  readonly settings: (organisation: string, channel?: string) => Promise<FabricSettings>;
  /** A client of an organisation; closed with the network. Resolves once its peer reaches all who endorse. */
  readonly open: (organisation: string, channel?: string) => Promise<FabricLedger>;
  readonly stop: () => Promise<void>;
}

export async function startTrial(
  change: (topology: Topology) => Topology = (topology) => topology,
): Promise<TrialNetwork> {
  const base = await mkdtemp(join(tmpdir(), 'spondon-fabric-'));
  const { folder, topology } = await startSomewhere(base, change(TRIAL)).catch(async (error: unknown) => {
    await rm(base, { recursive: true });
    throw error;
  });
  const ledgers: FabricLedger[] = [];
  const stop = async () => {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    await down({ folder, erase: true });
    await rm(base, { recursive: true });
  };
  const settings = (organisation: string, channel = 'records') => {
    const found = topology.organisations.find(({ name }) => name === organisation);
    if (!found) throw new TypeError(`there is no organisation ${organisation}`);
    return readFabricSettings(files.connection(native(folder), found), channel);
  };
  const open = async (organisation: string, channel?: string) => {
    const ledger = openFabricLedger(await settings(organisation, channel));
    ledgers.push(ledger);
    await untilDone(() => untilKnown(ledger));
    return ledger;
  };
  return { topology, folder, settings, open, stop };
}

/** A peer learns of the others from gossip, some time after its start. All who endorse refuse this once they are asked. */
async function untilKnown(ledger: FabricLedger): Promise<void> {
  const refusal = await ledger.submit('Init', ['[]']).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(refusal instanceof LedgerError) || refusal.code !== 'REFUSED') throw refusal;
}

/** Below the ports that systems give to outgoing connections, which would take one while a node restarts. */
const PORTS = { first: 10_000, count: 22_000 };
const ATTEMPTS = 10;

/** In its folder under `base`. Another test may start a network on the same ports at the same time: then on others. */
async function startSomewhere(
  base: string,
  description: Topology,
): Promise<{ folder: string; topology: Topology }> {
  const fabric = await findFabric(description.release, process.env);
  for (let attempt = 1; ; attempt += 1) {
    const folder = join(base, String(attempt));
    let port = PORTS.first + randomInt(PORTS.count);
    const topology = withPorts(description, () => (port += 1));
    try {
      await up({ topology, fabric, folder, say: () => undefined });
      return { folder, topology };
    } catch (error) {
      await down({ folder, erase: true });
      const taken = error instanceof NetworkError && ['PORT_TAKEN', 'NODE_DIED'].includes(error.code);
      if (!taken || attempt === ATTEMPTS) throw error;
    }
  }
}
