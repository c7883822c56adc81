import type { Fault } from './fault.js';
import type { Outcome } from './run-fault.js';

/** A row for a fault that was tried, one for a fault that was not, and what is to be said of each below the table. */
export type Result = Outcome | { readonly fault: Fault; readonly notRun: string };

const COLUMNS = [
  'fault',
  'anchoring recovers',
  'look-ups refused',
  'evidence refused',
  'issuing refused',
  'acknowledged',
  'wrong answers',
  'lost',
  'twice',
];

/** Markdown. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { title } = result.fault;
    if ('notRun' in result) return [title, `not run: ${result.notRun}`, ...COLUMNS.slice(2).map(() => '')];
    const { figures, acknowledged, lost, twice } = result;
    const refused = [figures['look-up'], figures.evidence, figures.issue].map((each) =>
      seconds(each.refusedMs),
    );
    return [
      title,
      recovery(result),
      ...refused,
      ...[acknowledged, wrongOf(result).length, lost.length, twice.length],
    ];
  });
  const lines = [COLUMNS, COLUMNS.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [...lines, '', ...results.flatMap(notesOf)].join('\n');
}

/** Not what was lost or twice: that has columns of its own. */
function wrongOf({ figures }: Outcome): readonly string[] {
  return Object.values(figures).flatMap(({ wrong }) => wrong);
}

/** Everything that an honest and lasting service would not have done. */
export function faultsOf(result: Result): readonly string[] {
  if ('notRun' in result) return [];
  const { lost, twice, faults } = result;
  return [
    ...wrongOf(result).map((each) => `wrong: ${each}`),
    ...lost.map((each) => `lost: ${each}`),
    ...twice.map((each) => `twice: ${each}`),
    ...faults,
  ];
}

function recovery({ recoveredMs, afterHealingMs }: Outcome): string {
  if (recoveredMs !== null) return seconds(recoveredMs);
  return afterHealingMs === null ? 'never' : `${seconds(afterHealingMs)} after healing`;
}

function notesOf(result: Result): string[] {
  if ('notRun' in result) return [];
  const { fault, figures, notes } = result;
  const refusals = Object.entries(figures).flatMap(([question, { refusals: told, slowestMs }]) => [
    ...(told.length === 0 ? [] : [`${question}: ${told.join(', ')}`]),
    ...(slowestMs < 1_000 ? [] : [`slowest ${question} ${seconds(slowestMs)}`]),
  ]);
  const said = [...notes, ...refusals];
  const lines = said.length === 0 ? [] : [`- ${fault.name}: ${said.join('; ')}`];
  return [...lines, ...faultsOf(result).map((each) => `- FAULT ${fault.name}: ${each}`)];
}

const seconds = (milliseconds: number): string =>
  milliseconds === 0 ? '0' : `${(milliseconds / 1000).toFixed(1)} s`;
