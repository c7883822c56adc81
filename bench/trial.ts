import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NetworkError } from '@spondon/network/error';
import { down } from '@spondon/network/native/down';
import { findFabric } from '@spondon/network/native/fabric';
import { up } from '@spondon/network/native/up';
import { parseTopology } from '@spondon/network/topology';
import { ServiceError } from '@spondon/verifier-service/error';
import { interruption, untilAborted } from './interruption.js';
import { ORGANISATIONS, runTrial } from './trial/run-trial.js';
import { startStores } from './trial/stores.js';

/**
 * `npm run trial`: a consortium on this machine. Starts the trial network, the stores that this machine has programs for,
 * and a deployment each of both regulators and a group of hospitals, goes the way of a document, and leaves it running
 * until Ctrl-C, which stops all of it.
 */
const { values } = parseArgs({
  options: { data: { type: 'string', default: './data-trial' }, port: { type: 'string', default: '8080' } },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const topology = parseTopology(
  await readFile(new URL('../../network/topology.json', import.meta.url), 'utf8'),
);
const network = { topology, folder: join(values.data, 'network') };
const interrupted = interruption();
/** What was started, to be stopped in reverse order. */
const toStop: (() => Promise<void>)[] = [];

try {
  const fabric = await findFabric(topology.release, process.env);
  const stores = await startStores(values.data, ORGANISATIONS);
  toStop.push(() => stores.stop());
  for (const line of stores.words) say(line);
  interrupted.throwIfAborted();
  toStop.push(() => down({ folder: network.folder, erase: false }));
  await up({ ...network, fabric, say: (step) => say(`network           ${step}`) });
  interrupted.throwIfAborted();
  toStop.push(await runTrial({ network, stores, folder: values.data, port: Number(values.port), say }));
  say('\nRunning until Ctrl-C.');
  await untilAborted(interrupted);
} catch (error) {
  if (!interrupted.aborted) {
    if (!(error instanceof NetworkError || error instanceof ServiceError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    process.exitCode = 1;
  }
} finally {
  const isStarted = toStop.length > 0;
  for (let next = toStop.pop(); next; next = toStop.pop()) await next();
  if (isStarted) say(`Stopped. Everything is kept in ${values.data}; the next run goes on with it.`);
}
