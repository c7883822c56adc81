import { describe } from 'node:test';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { promisesOfTheLedger, type Channel } from '../port-suite.test-support.js';
import { startTrial } from './trial.test-support.js';

describe('on the native trial network', { skip: await whyNoTrial(), timeout: 5 * 60_000 }, () => {
  promisesOfTheLedger('fabric', async (): Promise<Channel> => {
    const trial = await startTrial();
    const [ledger, ...regulators] = await Promise.all(
      ['hospital-group', 'dghs', 'dgfp'].map((name) => trial.open(name)),
    );
    if (!ledger) throw new TypeError('no ledger');
    return { ledger, regulators, close: trial.stop };
  });
});
