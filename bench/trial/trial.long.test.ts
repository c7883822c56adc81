import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { down } from '@spondon/network/native/down';
import { upOnFreePorts, whyNoTrial } from '@spondon/network/native/trial.test-support';
import { TRIAL } from '@spondon/network/trial.test-support';
import { runTrial } from './run-trial.js';

const base = await mkdtemp(join(tmpdir(), 'spondon-trial-'));
after(() => rm(base, { recursive: true, force: true }));

test(
  'a document goes the whole way among three organisations, and again over the same data',
  {
    skip: await whyNoTrial(),
    timeout: 9 * 60_000,
  },
  async () => {
    const network = await upOnFreePorts(base, TRIAL);
    try {
      const folder = join(base, 'deployments');
      // Beside the ports that networks of tests draw from.
      for (let run = 1; run <= 2; run += 1) {
        const said: string[] = [];
        const stop = await runTrial({ network, folder, port: 9_410, say: (line) => said.push(line) });
        await stop();
        assert.match(said.join('\n'), /✓ VALID/);
        assert.equal(
          said.some((line) => line.startsWith('admitted')),
          run === 1,
        );
      }
    } finally {
      await down({ folder: network.folder, erase: true });
    }
  },
);
