import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { inspect, parseArgs } from 'node:util';
import { seededRandom } from '@spondon/fixtures/random';
import { native } from '@spondon/network/layout';
import { whyNoTrial } from '@spondon/network/native/trial.test-support';
import { TRIAL } from '@spondon/network/trial.test-support';
import { lostFiles } from './campaign/audit.js';
import { interruption } from './interruption.js';
import { machine, tellProgress, versions } from './report.js';
import { faultsFor } from './survival/faults.js';
import { runFault } from './survival/run-fault.js';
import { openScene, type Scene } from './survival/scene.js';
import { isInside, placeOfSides, runInside, whyNoSides } from './survival/sides.js';
import { SteadyLoad } from './survival/steady-load.js';
import { faultsOf, type Result, tableOf } from './survival/table.js';

/**
 * `npm run survival -- --only kill-leader --seed 7`: the trial network of Fabric and a service on it, in two copies over
 * Kubo and PostgreSQL where the machine has them, under load, while one thing after the other is killed, paused, cut off,
 * filled or made to lie. After each everything that was ever acknowledged is looked for on the ledger, and every document
 * opened. Prints a table, and writes it into `--table <file>`.
 */

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: '1' },
    table: { type: 'string' },
    list: { type: 'boolean', default: false },
  },
});

const interrupted = interruption();
process.exitCode = await main();

async function main(): Promise<number> {
  const noSides = isInside() ? null : await whyNoSides();
  const all = await faultsFor(noSides);
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

  const chosen = all.filter(({ name }) => values.only.length === 0 || values.only.includes(name));
  const results: Result[] = [];
  const faults: string[] = [];
  try {
    tellProgress('starting the trial network, the stores and the service');
    const scene = await openScene(interrupted, isInside() ? placeOfSides(away) : native);
    const load = new SteadyLoad(
      scene,
      seededRandom(Number(values.seed)),
      join(scene.folder, 'acknowledged.jsonl'),
    );
    try {
      for (const fault of chosen) {
        if (fault.whyNot) {
          results.push({ fault, notRun: fault.whyNot });
          continue;
        }
        tellProgress(`${fault.name}, load ${(loadavg()[0] ?? 0).toFixed(1)}`);
        const result = await runFault(fault, scene, load);
        results.push(result);
        tellProgress(tableOf([result]));
      }
      faults.push(...(await lostInTheEnd(scene, load)));
    } finally {
      load.close();
      await scene.close();
    }
  } catch (error) {
    // Told here: the chaincode's library would catch it, and end the program as if all were well.
    process.stderr.write(
      interrupted.aborted ? 'interrupted; nothing is left running\n' : `${inspect(error)}\n`,
    );
    return 1;
  }
  const table = tableOf(results);
  const about = [
    `- machine: ${await machine()}`,
    `- versions: ${await versions()}`,
    `- seed ${values.seed}, ${new Date().toISOString().slice(0, 10)}`,
  ];
  process.stdout.write(`${about.join('\n')}\n\n${table}\n`);
  if (values.table !== undefined) await writeFile(values.table, `${table}\n`);
  faults.push(...results.flatMap(faultsOf));
  for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`);
  process.stdout.write(
    faults.length === 0 ? 'nothing lost, nothing twice, no wrong answer\n' : `${faults.length} faults\n`,
  );
  return faults.length === 0 ? 0 : 1;
}

/** A later fault may take what an earlier one left: every document that was ever acknowledged is opened once more. */
function lostInTheEnd({ service, hospitalKey }: Scene, { acknowledged }: SteadyLoad): Promise<string[]> {
  return lostFiles(service.running.url, [...acknowledged.documents], hospitalKey);
}

/** Lives until what it started has cleared up. */
async function runAndWait(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  if (interrupted.aborted) return 1;
  const child = spawn(command, args, { env, stdio: 'inherit' });
  interrupted.addEventListener('abort', () => child.kill('SIGTERM'));
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
