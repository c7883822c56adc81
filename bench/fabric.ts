import { files, native } from '@spondon/network/layout';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { hostOf, organisationNamed } from '@spondon/network/topology';
import { startTrial, type TrialNetwork } from '@spondon/ledger/fabric/trial.test-support';
import { attestWhile } from './fabric/attesting.js';
import { bytesOfBlocks, worldState } from './fabric/footprint.js';
import { anchorOneByOne, CLIENTS } from './fabric/one-by-one.js';
import { microsecondsEach, processorTime } from './fabric/processor-time.js';
import { withOrdererStopped } from './fabric/stopped-orderer.js';
import { milliseconds, percentile, perSecond } from './figures.js';
import { openInProcess } from './in-process.js';
import { interruption } from './interruption.js';
import { readOptions } from './options.js';
import { printReport, type Row, tellProgress } from './report.js';

/**
 * Anchoring on the native trial network of Hyperledger Fabric, everything on this machine: statements in batches and, in
 * turns with that on the same network, one transaction for each document; then a steady load, attesting under it, and the
 * load once more while an orderer stands still.
 */

const ROUNDS = 3;
const PER_SECOND = 500;
const ATTEST_EVERY_MS = 100;

const options = readOptions();
const warmUp = options.quick ? 4_096 : 20_480;
/** Of a round. */
const statements = options.quick ? 8_192 : 61_440;
const transactions = options.quick ? 100 : 800;
const steadySeconds = options.quick ? 6 : 60;

const without = await whyNoTrial();
if (without !== false) {
  process.stderr.write(`Nothing is measured: ${without}\n`);
} else {
  const interrupted = interruption();
  tellProgress('starting the trial network');
  const trial = await startTrial();
  try {
    const settings = {
      rounds: ROUNDS,
      'statements of a round': statements,
      'transactions of a round': transactions,
      clients: CLIENTS,
      'statements before': warmUp,
      'steady load': `${PER_SECOND}/s for ${steadySeconds} s`,
      'attested every': `${ATTEST_EVERY_MS} ms`,
    };
    await printReport('Anchoring on Fabric', settings, await measure(trial, interrupted));
  } finally {
    await trial.stop();
  }
}

async function measure(trial: TrialNetwork, interrupted: AbortSignal): Promise<Row[]> {
  const step = (what: string): void => {
    interrupted.throwIfAborted();
    tellProgress(what);
  };
  const ledger = await trial.open('hospital-group');
  const regulators = [await trial.open('dghs'), await trial.open('dgfp')] as const;
  const worker = await openInProcess({ ledger, regulators });
  try {
    await worker.fill(warmUp);
    await worker.drain(warmUp);
    const batched: number[] = [];
    const singly: number[] = [];
    let bytes = 0;
    let spent = '';
    for (let round = 0; round < ROUNDS; round += 1) {
      step(`round ${round + 1}: anchoring in batches`);
      await worker.fill(statements);
      const before = await bytesOnPeer(trial);
      const begun = await processorTime(trial);
      batched.push((await worker.drain(statements)).rate.perSecond);
      spent = microsecondsEach(begun, await processorTime(trial), statements);
      bytes += (await bytesOnPeer(trial)) - before;
      step(`round ${round + 1}: one transaction for each document`);
      singly.push(await anchorOneByOne(regulators[0], round * transactions, transactions));
    }
    step('a steady load');
    let isOver = false;
    const attesting = attestWhile(ledger, worker.store, ATTEST_EVERY_MS, () => isOver);
    const took = await worker.trickle(PER_SECOND, steadySeconds).finally(() => (isOver = true));
    const attested = await attesting;
    step('a steady load while an orderer stands still');
    const tookWithout = await withOrdererStopped(trial, () => worker.trickle(PER_SECOND, steadySeconds));
    const state = await worldState(ledger);
    const [batchedRate, singleRate] = [percentile(batched, 0.5), percentile(singly, 0.5)];
    return [
      {
        figure: 'in batches, from the queue until read back, median of rounds',
        result: perSecond(batchedRate),
        goal: '≥ 12,000/s',
      },
      { figure: 'each round', result: batched.map(perSecond).join(', ') },
      { figure: 'processor time of all nodes for each statement, last round', result: spent },
      { figure: 'one transaction for each document, median of rounds', result: perSecond(singleRate) },
      { figure: 'ratio', result: (batchedRate / singleRate).toFixed(0), goal: '≥ 50' },
      {
        figure: `accepted to anchored at ${PER_SECOND}/s, p50`,
        result: milliseconds(percentile(took, 0.5)),
        goal: '≤ 300 ms',
      },
      {
        figure: `accepted to anchored at ${PER_SECOND}/s, p99`,
        result: milliseconds(percentile(took, 0.99)),
        goal: '≤ 1 s',
      },
      {
        figure: 'the same while one of four orderers stands still, p50, p99',
        result: [0.5, 0.99].map((share) => milliseconds(percentile(tookWithout, share))).join(', '),
      },
      {
        figure: 'attested by three organisations under that load, p50',
        result: milliseconds(percentile(attested.times, 0.5)),
        goal: '≤ 40 ms',
      },
      { figure: 'the same, p99', result: milliseconds(percentile(attested.times, 0.99)) },
      {
        figure: 'attestations refused',
        result: `${attested.refused} of ${attested.times.length + attested.refused}`,
        goal: 'none',
      },
      { figure: 'bytes of an attestation', result: `${attested.bytes}`, goal: '≤ 4,000' },
      {
        figure: 'bytes of blocks for each document, in batches',
        result: (bytes / (ROUNDS * statements)).toFixed(0),
      },
      {
        figure: `world state after ${worker.store.head(ledger.mspId)?.size ?? 0} documents of one organisation`,
        result: `${state.keys} keys, ${state.bytes} bytes`,
      },
    ];
  } finally {
    await worker.close();
  }
}

/** Of the peer that the hospital group's client goes through. */
function bytesOnPeer({ topology, folder }: TrialNetwork): Promise<number> {
  const organisation = organisationNamed(topology, 'hospital-group');
  const [peer] = organisation.peers;
  if (!peer) throw new Error('the hospital group has no peer');
  return bytesOfBlocks(files.node(native(folder), hostOf(organisation, peer)), 'records');
}
