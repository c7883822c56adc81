import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { down } from '@spondon/network/native/down';
import { upOnFreePorts, whyNoTrial } from '@spondon/network/native/trial.test-support';
import { TRIAL } from '@spondon/network/trial.test-support';
import { whyNoPostgres } from '@spondon/verifier-service/database/postgres.test-support';
import { whyNoKubo } from '@spondon/verifier-service/ipfs/kubo.test-support';
import { ORGANISATIONS, runTrial } from './run-trial.js';
import { startStores } from './stores.js';

const base = await mkdtemp(join(tmpdir(), 'spondon-trial-'));
// PostgreSQL refuses root, and whom it takes has to get in.
await chmod(base, 0o711);
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
      const isEmbedded = await whyNoPostgres(base);
      // Beside the ports that networks of tests draw from.
      for (let run = 1; run <= 2; run += 1) {
        const said: string[] = [];
        const stores = await startStores(folder, ORGANISATIONS);
        try {
          const say = (line: string) => void said.push(line);
          await (
            await runTrial({ network, stores, folder, port: 9_410, say })
          )();
        } finally {
          await stores.stop();
        }
        const told = said.join('\n');
        assert.match(told, run === 1 ? /^1 admitted .* voted for by dgfp$/m : /^1 admitted .* earlier run$/m);
        assert.match(told, whyNoKubo() ? /: an age file/ : /on Kubo, read back by its RPC .*: an age file/);
        assert.equal(existsSync(join(folder, 'hospital-group', 'service.db')), isEmbedded !== false);
        assert.match(told, /^4 portal +dgfp says valid/m);
        assert.match(told, /one bit changed: not-found$/m);
        assert.match(told, /✓ VALID/);
      }
    } finally {
      await down({ folder: network.folder, erase: true });
    }
  },
);
