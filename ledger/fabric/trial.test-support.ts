import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { files, native } from '@spondon/network/layout';
import { down } from '@spondon/network/native/down';
import { untilDone } from '@spondon/network/native/health';
import { readTopology } from '@spondon/network/native/kept-topology';
import { type Trial, upOnFreePorts } from '@spondon/network/native/trial.test-support';
import { organisationNamed, type Topology } from '@spondon/network/topology';
import { TRIAL } from '@spondon/network/trial.test-support';
import { LedgerError } from '../port.js';
import { readFabricSettings, type FabricSettings } from './connection.js';
import { FabricLedger } from './engine.js';
import { openFabricLedger } from './open.js';

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
  trial?: Trial,
): Promise<TrialNetwork> {
  const base = await mkdtemp(join(tmpdir(), 'spondon-fabric-'));
  const { folder, topology } = await upOnFreePorts(base, change(TRIAL), trial).catch(
    async (error: unknown) => {
      await rm(base, { recursive: true });
      throw error;
    },
  );
  const ledgers: FabricLedger[] = [];
  const stop = async () => {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    await down({ folder, erase: true });
    await rm(base, { recursive: true });
  };
  const settings = async (organisation: string, channel = 'records') => {
    // Members may have come since it started.
    const found = organisationNamed(await readTopology(folder), organisation);
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
