import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { NetworkError } from '../error.js';
import { run } from './run.js';

const PROGRAMS = ['peer', 'orderer', 'osnadmin', 'configtxgen', 'cryptogen'] as const;
export type Program = (typeof PROGRAMS)[number];

/** An installed release of Hyperledger Fabric: what its archive unpacks to. */
export interface Fabric {
  readonly programs: Readonly<Record<Program, string>>;
  /** Folder with core.yaml and orderer.yaml. */
  readonly config: string;
  /** Folder of the builder for chaincode as a service. */
  readonly builder: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Looks for programs in `FABRIC_BIN` and then on `PATH`, for the configuration in `FABRIC_CFG_PATH` and the builder in
 * `FABRIC_CCAAS_BUILDER`, both otherwise where the release has them beside the programs.
 *
 * @throws NetworkError `PROGRAM_MISSING` that names everything that is missing and where to get it
 */
export async function findFabric(release: string, env: Env): Promise<Fabric> {
  const folders = [env['FABRIC_BIN'], ...(env['PATH'] ?? '').split(delimiter)].filter((folder) => !!folder);
  const found = await Promise.all(PROGRAMS.map((name) => firstIn(folders as string[], name)));
  const missing: string[] = PROGRAMS.filter((_, at) => found[at] === undefined);
  const programs = Object.fromEntries(
    PROGRAMS.map((name, at) => [name, found[at] ?? '']),
  ) as Fabric['programs'];
  const unpacked = programs.peer === '' ? '' : dirname(dirname(await realpath(programs.peer)));
  const config = env['FABRIC_CFG_PATH'] ?? join(unpacked, 'config');
  const builder = env['FABRIC_CCAAS_BUILDER'] ?? join(unpacked, 'builders', 'ccaas');
  if (programs.peer !== '') {
    for (const file of ['core.yaml', 'orderer.yaml']) {
      if (!(await may(join(config, file), constants.R_OK)))
        missing.push(`${join(config, file)} (FABRIC_CFG_PATH)`);
    }
    if (!(await may(join(builder, 'bin', 'detect'), constants.X_OK))) {
      missing.push(`${join(builder, 'bin', 'detect')} (FABRIC_CCAAS_BUILDER)`);
    }
  }
  if (missing.length > 0)
    throw new NetworkError('PROGRAM_MISSING', `missing: ${missing.join(', ')}. ${how(release)}`);
  await checkVersion(programs.peer, release);
  return { programs, config, builder };
}

const how = (release: string) =>
  `Unpack hyperledger-fabric-<system>-${release}.tar.gz from https://github.com/hyperledger/fabric/releases and put ` +
  'its bin on PATH, or name it in FABRIC_BIN';

async function checkVersion(peer: string, release: string): Promise<void> {
  const { stdout } = await run(peer, ['version'], {});
  const version = /Version: v?(\d+)\./.exec(stdout);
  if (version?.[1] === release.split('.')[0]) return;
  throw new NetworkError('PROGRAM_MISSING', `${peer} is of another release. ${how(release)}`);
}

async function firstIn(folders: readonly string[], program: string): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, program);
    if (await may(path, constants.X_OK)) return path;
  }
  return undefined;
}

async function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
