import { parseArgs } from 'node:util';

/** What every program of this folder understands. */
export interface Options {
  /** A tenth of the work, to see whether it runs: its figures mean little. */
  readonly quick: boolean;
  /** A folder to keep a prefilled log in, and to find it again; a temporary one when absent. Pictures of paper, too. */
  readonly data: string | undefined;
  /** A folder that gets a CPU profile of the service (`--cpu-prof`), which slows it by a few per cent. */
  readonly profile: string | undefined;
  /** Of the hashes asked for, the share that is in no log. */
  readonly unknown: number;
  /** For the start on a new machine: what is not committed yet, too. */
  readonly workingTree: boolean;
}

export function readOptions(args: readonly string[] = process.argv.slice(2)): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      data: { type: 'string' },
      profile: { type: 'string' },
      unknown: { type: 'string', default: '0.1' },
      'working-tree': { type: 'boolean', default: false },
    },
  });
  const unknown = Number(values.unknown);
  if (!(unknown >= 0 && unknown <= 1))
    throw new Error('--unknown must be a share between 0 and 1, such as 0.1');
  const { quick, data, profile, 'working-tree': workingTree } = values;
  return { quick, data, profile, unknown, workingTree };
}
