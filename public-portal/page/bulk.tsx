import { useEffect, useRef, useState } from 'preact/hooks';
import { collect } from '../bulk/collect.js';
import { csvOf, evidenceZip, reportedOf, reportOf } from '../bulk/export.js';
import { BulkRun, isUnanswered, type Row } from '../bulk/run.js';
import { readSheet, type Sheet, SheetFault } from '../bulk/sheet.js';
import { MAX_REPORTED } from '../check/service.js';
import type { PanelList } from '../panel/panel-list.js';
import { digitsOf, fill, type Words } from '../words/words.js';
import { AnswerScreen } from './answer.js';
import type { AskDeps } from './ask.js';
import { BulkTable } from './bulk-table.js';
import { ReportButton } from './report.js';
import { save } from './save.js';

interface BulkScreenProps {
  readonly words: Words;
  readonly deps: AskDeps;
  readonly files: readonly File[];
  readonly panel: PanelList | null;
  readonly onAgain: () => void;
}

/** Not more often than an eye follows. */
const DRAW_EVERY_MS = 250;

export function BulkScreen({ words, deps, files, panel, onAgain }: BulkScreenProps) {
  const { run, remarks } = useRun(files, deps, words);
  const [opened, open] = useState<Row | null>(null);
  const { bulk } = words;
  if (run === null) return <h1 aria-live="polite">{words.reading}</h1>;
  const { rows } = run;
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
          onAgain={() => open(null)}
        />
      )}
      {/* Kept, so that whoever comes back finds the table as it was. */}
      <div class="bulk" hidden={opened !== null}>
        <h1>{bulk.title}</h1>
        {remarks.map((remark) => (
          <p key={remark} class="note">
            {remark}
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
                onClick={() =>
                  save(new Blob([csvOf(rows, deps.ownHost, panel)], { type: 'text/csv' }), 'spondon.csv')
                }
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
                  make={() => reportOf(reported, deps.service, words.language)}
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
          <BulkTable key={words.language} words={words} rows={rows} panel={panel} onOpen={open} />
        )}
      </div>
    </>
  );
}

/** Takes what was brought apart and runs it; `remarks` say what could not be taken. */
function useRun(files: readonly File[], deps: AskDeps, words: Words) {
  const [run, setRun] = useState<BulkRun | null>(null);
  const [remarks, setRemarks] = useState<readonly string[]>([]);
  const [, draw] = useState(0);
  const latest = useRef<BulkRun | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onChange = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        draw((count) => count + 1);
      }, DRAW_EVERY_MS);
    };
    void prepare(files, words).then(({ items, sheetRows, said }) => {
      const begun = new BulkRun(items, sheetRows, deps, onChange);
      latest.current = begun;
      setRemarks(said);
      setRun(begun);
      begun.start();
    });
    return () => {
      clearTimeout(timer);
      latest.current?.end();
    };
  }, [files]);
  return { run, remarks };
}

async function prepare(files: readonly File[], { bulk }: Words) {
  const { items, sheets, closed } = await collect(files);
  const said = closed.map((name) => fill(bulk.closed, { name }));
  const read = await Promise.all(
    sheets.map(async (file): Promise<Sheet | null> => {
      try {
        const sheet = await readSheet(file);
        const columns = Object.values(sheet.columns).join(', ');
        said.push(fill(bulk.sheetRead, { name: file.name, rows: String(sheet.rows.length), columns }));
        return sheet;
      } catch (error) {
        if (!(error instanceof SheetFault)) throw error;
        said.push(fill(bulk.sheetFaults[error.code], { name: file.name }));
        return null;
      }
    }),
  );
  return { items, sheetRows: read.flatMap((sheet) => sheet?.rows ?? []), said };
}
