import { generateKeyPairSync } from 'node:crypto';
import { startTrial } from '@spondon/ledger/fabric/trial.test-support';
import type { Ledger } from '@spondon/ledger/port';
import { canonicalJson } from '@spondon/protocol/canonical';
import { publicJwkOf } from '@spondon/protocol/crypto-node';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { anchorInProcess } from './anchor-in-process.js';
import { milliseconds, percentile, perSecond, seconds } from './figures.js';
import { readOptions } from './options.js';
import { printReport, tellProgress } from './report.js';

/**
 * Anchoring on the native trial network of Hyperledger Fabric, everything on this machine: statements in batches, and
 * on the same network one transaction for each document.
 */

const options = readOptions();
const warmUp = options.quick ? 4_096 : 20_480;
const count = options.quick ? 16_384 : 122_880;
const transactions = options.quick ? 200 : 1_600;
const attestations = options.quick ? 20 : 200;
/** So many at once, each by itself. */
const CLIENTS = 64;

const without = await whyNoTrial();
if (without !== false) {
  process.stderr.write(`Nothing is measured: ${without}\n`);
} else {
  tellProgress('starting the trial network');
  const trial = await startTrial();
  try {
    const ledger = await trial.open('hospital-group');
    const regulators = [await trial.open('dghs'), await trial.open('dgfp')] as const;
    tellProgress('anchoring in batches');
    const batches = await anchorInProcess({ warmUp, count, channel: { ledger, regulators } });
    tellProgress('one transaction for each document');
    const singly = await oneByOne(regulators[0]);
    tellProgress('attesting');
    const attested = await attest(ledger);
    const ratio = batches.rate.perSecond / singly;
    await printReport(
      'Anchoring on Fabric',
      { statements: count, 'statements before': warmUp, transactions, clients: CLIENTS, attestations },
      [
        {
          figure: 'in batches, from the queue until read back',
          result: perSecond(batches.rate.perSecond),
          goal: '≥ 12,000/s',
        },
        { figure: `${batches.batches} batches in`, result: seconds(batches.elapsed) },
        { figure: 'one transaction for each document', result: perSecond(singly) },
        { figure: 'ratio', result: ratio.toFixed(0), goal: '≥ 50' },
        {
          figure: 'attest, three organisations, idle: p50, p99',
          result: `${milliseconds(percentile(attested, 0.5))}, ${milliseconds(percentile(attested, 0.99))}`,
        },
      ],
    );
  } finally {
    await trial.stop();
  }
}

/**
 * Transactions a second, each of which writes one key of its own, as a contract without batches would for a document.
 * A regulator's votes on different facilities are such: they read three keys, check them, and disturb no other.
 */
async function oneByOne(regulator: Ledger): Promise<number> {
  const jwk = publicJwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < transactions) {
      next += 1;
      const facility = { name: 'Benchmark Hospital', kind: 'hospital', mspId: regulator.mspId };
      const contact = { licence: 'B-1', telephone: '+880 2 0000 9999' };
      const iss = `bd.dghs.${next}`;
      const vote = canonicalJson({ do: 'admit', iss, ...facility, ...contact, jwk, nonce: 'benchmark' });
      await regulator.submit('Decide', [vote]);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return (transactions * 1000) / (performance.now() - begun);
}

/** How long each took, ms. */
async function attest(ledger: Ledger): Promise<number[]> {
  const { n } = JSON.parse(Buffer.from(await ledger.evaluate('Head', [ledger.mspId])).toString()) as {
    n: number;
  };
  const request = canonicalJson({ heads: [{ mspId: ledger.mspId, n }], documents: [], issuers: [] });
  const times: number[] = [];
  for (let done = 0; done < attestations; done += 1) {
    const begun = performance.now();
    await ledger.attest(request);
    times.push(performance.now() - begun);
  }
  return times;
}
