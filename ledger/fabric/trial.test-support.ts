import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
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
  const folder = join(base, 'data');
  const topology = await onFreePorts(change(TRIAL));
  const ledgers: FabricLedger[] = [];
  const stop = async () => {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    if (existsSync(folder)) await down({ folder, erase: true });
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
  try {
    const fabric = await findFabric(topology.release, process.env);
    await up({ topology, fabric, folder, say: () => undefined });
  } catch (error) {
    await stop();
    throw error;
  }
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

async function onFreePorts(topology: Topology): Promise<Topology> {
  let count = 0;
  withPorts(topology, (port) => {
    count += 1;
    return port;
  });
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return withPorts(topology, () => ports.pop() ?? 0);
}
