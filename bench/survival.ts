import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { seededRandom } from '@spondon/fixtures/random';
import { native } from '@spondon/network/layout';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { TRIAL } from '@spondon/network/trial.test-support';
import { tellProgress } from './report.js';
import { faultsFor } from './survival/faults.js';
import { runFault } from './survival/run-fault.js';
import { openScene, type Scene } from './survival/scene.js';
import { isInside, placeOfSides, runInside, whyNoSides } from './survival/sides.js';
import { mountSmallDisk, unmountSmallDisk, whyNoSmallDisk } from './survival/small-disk.js';
import { SteadyLoad } from './survival/steady-load.js';
import { faultsOf, type Result, tableOf } from './survival/table.js';

/**
 * `npm run survival -- --only kill-leader --seed 7`: the trial network of Fabric and a service on it, under load, while
 * one thing after the other is killed, paused, cut off, filled or made to lie. After each everything that was ever
 * acknowledged is looked for on the ledger. Prints a table, and writes it into `--table <file>`.
 */

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    table: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});
/** What the service's data gets, where a disk can be mounted for it. */
const SERVICE_DISK_MB = 512;

const ENDINGS = ['SIGINT', 'SIGTERM'] as const;

process.exitCode = await main();

async function main(): Promise<number> {
  const noSides = isInside() ? null : await whyNoSides();
  const all = faultsFor(noSides);
  const unknown = values.only.filter((name) => !all.some((fault) => fault.name === name));
  if (values.list || unknown.length > 0) {
    for (const { name, title } of all) process.stdout.write(`${name.padEnd(34)} ${title}\n`);
    return unknown.length > 0 ? 1 : 0;
  }
  const without = await whyNoTrial();
  if (without !== false) {
    process.stderr.write(`Nothing is tried: ${without}\n`);
    return 1;
  }
  const away = TRIAL.organisations.find(({ name }) => name === 'dgfp');
  if (!away) throw new TypeError('there is no dgfp');
  if (noSides === null && !isInside()) return runInside(TRIAL, away, runAndWait);

  const results: Result[] = [];
  const end = interrupted();
  // Who waits for a fault hears of it.
  end.catch(() => undefined);
  const placeOf = isInside() ? placeOfSides(away) : native;
  const scene = await startScene(placeOf);
  const load = new SteadyLoad(
    scene,
    seededRandom(Number(values.seed)),
    join(scene.folder, 'acknowledged.jsonl'),
  );
  try {
    for (const fault of all.filter(({ name }) => values.only.length === 0 || values.only.includes(name))) {
      if (fault.whyNot) {
        results.push({ fault, notRun: fault.whyNot });
        continue;
      }
      tellProgress(`${fault.name}, load ${(loadavg()[0] ?? 0).toFixed(1)}`);
      const result = await Promise.race([runFault(fault, scene, load), end]);
      results.push(result);
      tellProgress(tableOf([result]));
    }
  } finally {
    load.close();
    await scene.close();
  }
  const table = tableOf(results);
  process.stdout.write(`${table}\n`);
  if (values.table !== undefined) await writeFile(values.table, `${table}\n`);
  const faults = results.flatMap(faultsOf);
  process.stdout.write(
    faults.length === 0 ? 'nothing lost, nothing twice, no wrong answer\n' : `${faults.length} faults\n`,
  );
  return faults.length === 0 ? 0 : 1;
}

function startScene(placeOf: typeof native): Promise<Scene> {
  tellProgress('starting the trial network and the service');
  if (whyNoSmallDisk() !== null) return openScene(placeOf);
  return openScene(placeOf, async (folder) => {
    await mountSmallDisk(folder, SERVICE_DISK_MB);
    return () => unmountSmallDisk(folder);
  });
}

/** Rejects when somebody ends this program, so that what it started ends too. */
async function interrupted(): Promise<never> {
  await Promise.race(ENDINGS.map((signal) => once(process, signal)));
  throw new Error('interrupted');
}

/** Lives until what it started has cleared up. */
async function runAndWait(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(command, args, { env, stdio: 'inherit' });
  for (const signal of ENDINGS) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
