import { native } from '@spondon/network/layout';
import { nodesOf } from '@spondon/network/native/nodes';
import { pidOf } from '@spondon/network/native/process';
import type { TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import { processorSeconds } from '../processor-time.js';

/** Processor time so far, ms, by what a process is; the worker is this one. */
export type ProcessorTime = Readonly<Record<'worker' | 'orderer' | 'peer' | 'chaincode', number>>;

/** Linux only. */
export async function processorTime({ topology, folder }: TrialNetwork): Promise<ProcessorTime> {
  const { user, system } = process.cpuUsage();
  const total = { worker: (user + system) / 1000, orderer: 0, peer: 0, chaincode: 0 };
  for (const { kind, note } of nodesOf(topology, native(folder))) {
    const pid = await pidOf(note);
    if (pid !== undefined) total[kind] += (await processorSeconds(pid)) * 1000;
  }
  return total;
}

/** What was used between two moments for each of so many, µs. */
export function microsecondsEach(before: ProcessorTime, after: ProcessorTime, count: number): string {
  const kinds = ['worker', 'chaincode', 'peer', 'orderer'] as const;
  const each = kinds.map((kind) => [kind, ((after[kind] - before[kind]) * 1000) / count] as const);
  const sum = each.reduce((total, [, time]) => total + time, 0);
  return `${sum.toFixed(0)} µs (${each.map(([kind, time]) => `${kind} ${time.toFixed(0)}`).join(', ')})`;
}
