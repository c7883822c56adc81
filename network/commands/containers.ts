import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join as joinPath, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { secretsOf, writeSecrets } from '../containers/secrets.js';
import { deploy, genesis, join, prepare } from '../containers/steps.js';
import { composeFiles } from '../derive/compose.js';
import { SECRETS_FOLDER } from '../derive/compose/document.js';
import { CONTAINERS } from '../layout.js';
import { findFabric } from '../native/fabric.js';
import { organisationNamed, parseTopology, type Topology } from '../topology.js';

/** The network in containers: its compose file and secrets, and the steps that the containers take. */

const TRIAL_TOPOLOGY = fileURLToPath(new URL('../../topology.json', import.meta.url));
const DEFAULT_FOLDER = fileURLToPath(new URL('../../compose', import.meta.url));
const CONTEXT = fileURLToPath(new URL('../../..', import.meta.url));
/** Where the compose file puts the description. */
const MOUNTED_TOPOLOGY = joinPath(CONTAINERS.folder, 'topology.json');

export function addContainers(program: Command): void {
  addFiles(program);
  addSteps(program);
}

interface FileOptions {
  readonly topology: string;
  readonly output: string;
}

function addFiles(program: Command): void {
  program
    .command('compose')
    .description('write the compose file, and what it mounts, from the description')
    .option('--topology <file>', 'description of the network, instead of the trial network', TRIAL_TOPOLOGY)
    .option('--output <folder>', 'where they go', DEFAULT_FOLDER)
    .action(async ({ topology, output }: FileOptions) => {
      const from = resolve(output);
      const places = { context: relative(from, CONTEXT), topology: relative(from, resolve(topology)) };
      await mkdir(from, { recursive: true });
      for (const [name, content] of composeFiles(await read(topology), places)) {
        await writeFile(joinPath(from, name), content);
      }
      console.log(`docker compose -f ${joinPath(output, 'compose.yaml')} up -d`);
    });

  program
    .command('secrets')
    .description('make the passwords and keys that the compose file asks for; what is there is kept')
    .option('--topology <file>', 'description of the network, instead of the trial network', TRIAL_TOPOLOGY)
    .option('--output <folder>', 'folder of the compose file', DEFAULT_FOLDER)
    .action(async ({ topology, output }: FileOptions) => {
      const folder = joinPath(output, SECRETS_FOLDER);
      const made = await writeSecrets(folder, secretsOf(await read(topology), randomBytes));
      console.log(`${folder} ${made ? 'made: keep a copy where the machine is not' : 'is there already'}`);
    });
}

interface StepOptions {
  readonly organisation: string;
  readonly secret: string;
}

function addSteps(program: Command): void {
  program
    .command('prepare')
    .description('in a container: enrol an organisation with its authorities, make its package and settings')
    .requiredOption('--organisation <name>')
    .requiredOption('--secret <file>', "the registrar's secret")
    .action(async ({ organisation, secret }: StepOptions) => {
      const topology = await read(MOUNTED_TOPOLOGY);
      const registrar = (await readFile(secret, 'utf8')).trim();
      await prepare(topology, organisationNamed(topology, organisation), registrar, CONTAINERS);
    });

  program
    .command('genesis')
    .description("in a container: make the channels' first blocks")
    .action(async () => {
      const topology = await read(MOUNTED_TOPOLOGY);
      await genesis(topology, await findFabric(topology.release, process.env), CONTAINERS);
    });

  program
    .command('join')
    .description('in a container: join an organisation to its channels, and approve its chaincodes')
    .requiredOption('--organisation <name>')
    .action(async ({ organisation }: StepOptions) => {
      const topology = await read(MOUNTED_TOPOLOGY);
      const fabric = await findFabric(topology.release, process.env);
      await join(topology, organisationNamed(topology, organisation), fabric, CONTAINERS);
    });

  program
    .command('deploy')
    .description('in a container: commit the chaincodes that all have approved')
    .action(async () => {
      const topology = await read(MOUNTED_TOPOLOGY);
      await deploy(topology, await findFabric(topology.release, process.env), CONTAINERS);
    });
}

const read = async (file: string): Promise<Topology> => parseTopology(await readFile(file, 'utf8'));
