import { useEffect, useRef, useState } from 'preact/hooks';
import { csvOf, evidenceZip, reportedOf, reportOf } from '../bulk/export.js';
import { isUnanswered, type Row } from '../bulk/run.js';
import { SheetFault } from '../bulk/sheet.js';
import { MAX_REPORTED } from '../check/service.js';
import type { PanelList } from '../panel/panel-list.js';
import { digitsOf, fill, plainName, type Words } from '../words/words.js';
import { AnswerScreen } from './answer.js';
import type { AskDeps } from './ask.js';
import { type Brought, useBatch } from './batch.js';
import { BulkTable } from './bulk-table.js';
import { ReportButton } from './report.js';
import { save } from './save.js';
import { useTitle } from './title.js';

interface BulkScreenProps {
  readonly words: Words;
  readonly deps: AskDeps;
  readonly files: readonly File[];
  readonly panel: PanelList | null;
  readonly isShown: boolean;
  /** The one that is open, by its id. Another is opened by a step that Back undoes. */
  readonly row: number | null;
  readonly onRow: (row: number) => void;
  readonly onAgain: () => void;
}

/** It goes on while something else is shown, so that whoever comes back finds it further on. */
export function BulkScreen({ words, deps, files, panel, isShown, row, onRow, onAgain }: BulkScreenProps) {
  const batch = useBatch(files, deps);
  const screen = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (row === null) return;
    // Who closes a row is where it was opened.
    return () => screen.current?.querySelector<HTMLElement>(`[data-row='${row}']`)?.focus();
  }, [row]);
  const [saved, setSaved] = useState<readonly Row[]>([]);
  useWarning(batch !== null && batch.run.rows.length > 0 && (!batch.run.isOver || batch.run.rows !== saved));
  const { bulk } = words;
  useTitle(isShown && row === null ? bulk.title : null);
  if (batch === null) return isShown ? <h1 aria-live="polite">{words.reading}</h1> : null;
  const { run, brought } = batch;
  const { rows } = run;
  const opened = row === null ? undefined : rows[row];
  const done = rows.filter(({ state }) => state === 'done' || state === 'fault').length;
  const unanswered = rows.filter(isUnanswered).length;
  const reported = reportedOf(rows);
  const isOver = run.isOver && !run.isPaused;
  return (
    <>
      {opened?.outcome && (
        <AnswerScreen
          words={words}
          outcome={opened.outcome}
          service={deps.service}
          host={deps.ownHost}
          panel={panel}
          again={bulk.back}
          onAgain={() => history.back()}
        />
      )}
      {/* Kept, so that whoever comes back finds the table as it was. */}
      <div ref={screen} class="bulk" hidden={!isShown || opened !== undefined}>
        <h1>{bulk.title}</h1>
        {remarksOn(brought, words).map(({ text, isFault }) => (
          <p key={text} class={isFault ? 'note' : 'aside'}>
            {text}
          </p>
        ))}
        {rows.length === 0 ? (
          <p role="alert">{bulk.nothing}</p>
        ) : (
          <>
            <progress max={rows.length} value={done} aria-label={bulk.title} />
            <p role="status">
              {isOver
                ? unanswered === 0
                  ? bulk.done
                  : fill(bulk.unanswered, { count: digitsOf(String(unanswered), words) })
                : fill(bulk.progress, {
                    done: digitsOf(String(done), words),
                    all: digitsOf(String(rows.length), words),
                  })}
            </p>
          </>
        )}
        <div class="actions">
          {!run.isOver && (
            <button type="button" onClick={() => (run.isPaused ? run.start() : run.pause())}>
              {run.isPaused ? bulk.resume : bulk.pause}
            </button>
          )}
          {isOver && unanswered > 0 && (
            <button type="button" onClick={() => run.retry()}>
              {bulk.retry}
            </button>
          )}
          {done > 0 && (
            <>
              <button
                type="button"
                class="plain"
                onClick={() => {
                  save(new Blob([csvOf(rows, deps.ownHost, panel)], { type: 'text/csv' }), 'spondon.csv');
                  setSaved(rows);
                }}
              >
                {bulk.saveCsv}
              </button>
              <button
                type="button"
                class="plain"
                onClick={() => void evidenceZip(rows).then((zip) => save(zip, 'spondon-evidence.zip'))}
              >
                {bulk.saveEvidence}
              </button>
              {isOver && reported.length > 0 && (
                <ReportButton
                  words={words}
                  label={bulk.saveReport}
                  make={async () => {
                    const report = await reportOf(reported, deps.service, words.language);
                    setSaved(rows);
                    return report;
                  }}
                  name={reported.length > MAX_REPORTED ? 'spondon-reports.zip' : 'spondon-report.pdf'}
                />
              )}
            </>
          )}
          <button type="button" class="plain" onClick={onAgain}>
            {words.again}
          </button>
        </div>
        {isOver && reported.length > 0 && reported.length < rows.length && (
          <p class="aside">
            {fill(bulk.leftOut, { count: digitsOf(String(rows.length - reported.length), words) })}
          </p>
        )}
        {rows.length > 0 && (
          <BulkTable
            key={words.language}
            words={words}
            rows={rows}
            panel={panel}
            onOpen={({ id }) => onRow(id)}
          />
        )}
      </div>
    </>
  );
}

/** The browser asks before the page is left, and with it what is saved nowhere. */
function useWarning(isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return;
    const ask = (event: Event): void => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isNeeded]);
}

interface Remark {
  readonly text: string;
  readonly isFault: boolean;
}

/** What was made of tables and archives, and what could not be taken. */
function remarksOn({ closed, tables }: Brought, words: Words): Remark[] {
  const { bulk } = words;
  return [
    ...closed.map((name) => ({ text: fill(bulk.closed, { name: plainName(name) }), isFault: true })),
    ...tables.map(({ name: file, read }) => {
      const name = plainName(file);
      if (read instanceof SheetFault)
        return { text: fill(bulk.sheetFaults[read.code], { name }), isFault: true };
      const rows = digitsOf(String(read.rows.length), words);
      const columns = Object.values(read.columns).join(', ');
      return { text: fill(bulk.sheetRead, { name, rows, columns }), isFault: false };
    }),
  ];
}
