import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NetworkError } from '@spondon/network/error';
import { down } from '@spondon/network/native/down';
import { findFabric } from '@spondon/network/native/fabric';
import { up } from '@spondon/network/native/up';
import { parseTopology } from '@spondon/network/topology';
import { runTrial } from './trial/run-trial.js';

/**
 * `npm run trial`: a consortium on this machine. Starts the trial network and a deployment each of both regulators and a
 * group of hospitals, goes the way of a document, and leaves it running until Ctrl-C, which stops all of it.
 */
const { values } = parseArgs({
  options: { data: { type: 'string', default: './data-trial' }, port: { type: 'string', default: '8080' } },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const topology = parseTopology(
  await readFile(new URL('../../network/topology.json', import.meta.url), 'utf8'),
);
const network = { topology, folder: join(values.data, 'network') };
const interrupted = new Promise<void>((resolve) => {
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
});

try {
  const fabric = await findFabric(topology.release, process.env);
  try {
    await up({ ...network, fabric, say: (step) => say(`network           ${step}`) });
    const stop = await runTrial({ network, folder: values.data, port: Number(values.port), say });
    say('\nRunning until Ctrl-C.');
    await interrupted;
    await stop();
  } finally {
    await down({ folder: network.folder, erase: false });
    say(`Stopped. Everything is kept in ${values.data}; the next run goes on with it.`);
  }
} catch (error) {
  if (!(error instanceof NetworkError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = 1;
}
