import type { ComponentChildren, VNode } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { identityOf } from '../bulk/export.js';
import type { Row } from '../bulk/run.js';
import { onPanel, type PanelList } from '../panel/panel-list.js';
import { digitsOf, fill, headlineOf, momentOf, plainName, type Words } from '../words/words.js';
import { StepMark, weightOf } from './marks.js';

type Column = keyof Words['bulk']['columns'];
const COLUMNS: readonly Column[] = [
  'document',
  'verdict',
  'issuer',
  'person',
  'identity',
  'panel',
  'registered',
];

interface Order {
  readonly by: Column;
  readonly descending: boolean;
}

/** Two thousand rows are drawn a page at a time. */
const ROWS_A_PAGE = 100;

interface BulkTableProps {
  readonly words: Words;
  readonly rows: readonly Row[];
  readonly panel: PanelList | null;
  readonly onOpen: (row: Row) => void;
}

/** Answers in rows: filtered by what they say, sorted by any column, each opened by its name. */
export function BulkTable({ words, rows, panel, onOpen }: BulkTableProps) {
  const { bulk } = words;
  const columns = COLUMNS.filter((column) => column !== 'panel' || panel !== null);
  const [order, setOrder] = useState<Order | null>(null);
  const [shown, setShown] = useState('');
  const [page, setPage] = useState(0);
  const kinds = useMemo(() => countsOf(rows, words), [rows, words]);
  const chosen = useMemo(() => {
    const filtered = shown === '' ? rows : rows.filter((row) => kindsOf(row, words).includes(shown));
    return order ? filtered.toSorted((a, b) => inOrder(a, b, order, words, panel)) : filtered;
  }, [rows, shown, order, words, panel]);
  // What was drawn of a row is good until the row is another: drawing a hundred again and again is felt.
  const lineOf = useMemo(() => {
    const drawn = new WeakMap<Row, VNode>();
    return (row: Row): VNode => {
      const line = drawn.get(row) ?? (
        <Line key={row.id} words={words} row={row} panel={panel} onOpen={onOpen} />
      );
      drawn.set(row, line);
      return line;
    };
  }, [words, panel]);
  const pages = Math.max(1, Math.ceil(chosen.length / ROWS_A_PAGE));
  const at = Math.min(page, pages - 1);
  return (
    <>
      <fieldset class="filters">
        <legend>{bulk.filter}</legend>
        {[['', rows.length] as const, ...kinds].map(([kind, count]) => (
          <button
            key={kind}
            type="button"
            class="plain"
            aria-pressed={kind === shown}
            onClick={() => {
              setShown(kind);
              setPage(0);
            }}
          >
            {kind === '' ? bulk.all : kind} {digitsOf(String(count), words)}
          </button>
        ))}
      </fieldset>
      <div class="table" role="region" aria-label={bulk.title} tabIndex={0}>
        <table role="table">
          <thead role="rowgroup">
            <tr role="row">
              {columns.map((column) => (
                <th key={column} scope="col" role="columnheader" aria-sort={sortOf(column, order)}>
                  <button
                    type="button"
                    class="bare"
                    title={fill(bulk.sorted, { column: bulk.columns[column] })}
                    onClick={() =>
                      setOrder({ by: column, descending: order?.by === column && !order.descending })
                    }
                  >
                    {bulk.columns[column]}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">{chosen.slice(at * ROWS_A_PAGE, (at + 1) * ROWS_A_PAGE).map(lineOf)}</tbody>
        </table>
      </div>
      {pages > 1 && (
        <nav class="pages">
          <button type="button" class="plain" disabled={at === 0} onClick={() => setPage(at - 1)}>
            {bulk.previous}
          </button>
          <span>
            {fill(bulk.page, {
              page: digitsOf(String(at + 1), words),
              pages: digitsOf(String(pages), words),
            })}
          </span>
          <button type="button" class="plain" disabled={at === pages - 1} onClick={() => setPage(at + 1)}>
            {bulk.next}
          </button>
        </nav>
      )}
    </>
  );
}

function sortOf(column: Column, order: Order | null) {
  if (order?.by !== column) return 'none';
  return order.descending ? 'descending' : 'ascending';
}

interface LineProps {
  readonly words: Words;
  readonly row: Row;
  readonly panel: PanelList | null;
  readonly onOpen: (row: Row) => void;
}

function Line({ words, row, panel, onOpen }: LineProps) {
  const answer = row.outcome?.answer;
  const record = answer?.document ?? null;
  const subject = answer?.facts[0]?.subject;
  const labels = words.bulk.columns;
  return (
    <tr role="row" class={answer ? weightOf(answer) : row.state}>
      <th scope="row" role="rowheader">
        {row.outcome ? (
          <button type="button" class="link" data-row={row.id} onClick={() => onOpen(row)}>
            <bdi>{plainName(row.name)}</bdi>
          </button>
        ) : (
          <bdi>{plainName(row.name)}</bdi>
        )}
      </th>
      <Cell class="answer-cell">{saidOf(row, words)}</Cell>
      <Cell label={labels.issuer}>{record?.issuer && <bdi>{record.issuer}</bdi>}</Cell>
      <Cell label={labels.person}>{subject && <bdi>{subject.name}</bdi>}</Cell>
      <Cell label={labels.identity}>{answer && <Identity words={words} row={row} />}</Cell>
      {panel && <Cell label={labels.panel}>{listedOf(row, panel, words)}</Cell>}
      <Cell label={labels.registered}>{record?.anchoredAt && momentOf(record.anchoredAt, words)}</Cell>
    </tr>
  );
}

interface CellProps {
  /** Stands beside it on a telephone, where rows are cards. */
  readonly label?: string;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A table whose parts are laid out otherwise is none to who listens, unless told so. */
function Cell({ label, class: look, children }: CellProps) {
  return (
    <td role="cell" class={look} data-label={label}>
      {children}
    </td>
  );
}

function Identity({ words, row }: { readonly words: Words; readonly row: Row }) {
  const { bulk } = words;
  const identity = identityOf(row);
  const state = (
    { same: 'passed', different: 'failed', unclear: 'unavailable', 'not-checked': 'waiting' } as const
  )[identity];
  return (
    <>
      <StepMark state={state} /> {bulk.identity[identity]}
      <ul>
        {row.comparisons
          .filter(({ agreement }) => agreement !== 'same')
          .map(({ field, expected, signed }) => (
            <li key={field}>{fill(bulk.difference, { field: bulk.fields[field], expected, signed })}</li>
          ))}
      </ul>
    </>
  );
}

/** What the table says of a row, in words: they are what it is filtered and sorted by. */
function saidOf({ state, outcome, fault }: Row, words: Words): string {
  const { bulk } = words;
  if (outcome) return headlineOf(outcome.answer, words);
  if (fault) return bulk.faults[fault];
  return state === 'working' ? bulk.states.working : bulk.states.waiting;
}

/** What a row is found by: its answer, and whether it is another person's. */
function kindsOf(row: Row, words: Words): string[] {
  const { columns, identity } = words.bulk;
  const said = saidOf(row, words);
  return identityOf(row) === 'different' ? [said, `${columns.identity}: ${identity.different}`] : [said];
}

/** Whether all whom the document names are on the officer's list; empty when it names nobody. */
function listedOf({ outcome }: Row, panel: PanelList, allWords: Words): string {
  const { panel: words } = allWords;
  const listed = outcome && onPanel(outcome.answer, panel);
  if (!listed || (listed.centre === null && listed.physician === null)) return '';
  if (listed.centre !== false && listed.physician === 'unclear') return allWords.bulk.identity.unclear;
  return listed.centre === false || listed.physician === false ? words.notAllOn : words.allOn;
}

function countsOf(rows: readonly Row[], words: Words): (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const row of rows) {
    for (const kind of kindsOf(row, words)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts];
}

function inOrder(a: Row, b: Row, { by, descending }: Order, words: Words, panel: PanelList | null): number {
  const [keyA, keyB] = [sortKey(a, by, words, panel), sortKey(b, by, words, panel)];
  const compared = keyA.localeCompare(keyB, words.language, { numeric: true });
  return descending ? -compared : compared;
}

function sortKey(row: Row, by: Column, words: Words, panel: PanelList | null): string {
  const record = row.outcome?.answer.document;
  switch (by) {
    case 'document':
      return row.name;
    case 'verdict':
      return saidOf(row, words);
    case 'issuer':
      return record?.issuer ?? '';
    case 'person':
      return row.outcome?.answer.facts[0]?.subject.name ?? '';
    case 'identity':
      return row.outcome ? identityOf(row) : '';
    case 'panel':
      return panel ? listedOf(row, panel, words) : '';
    case 'registered':
      return String(record?.anchoredAt ?? '');
  }
}
