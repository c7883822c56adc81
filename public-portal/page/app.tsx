import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { NotEvidence } from '../check/check.js';
import type { PanelStore } from '../panel/panel-list.js';
import { FileFault } from '../read/reading.js';
import { fill, type Words } from '../words/words.js';
import { AnswerScreen } from './answer.js';
import type { BulkScreen } from './bulk.js';
import { type AskDeps, askFor, askForFile, ForeignHost, type Outcome, type Subject } from './ask.js';
import { Frame } from './frame.js';
import { usePanel } from './panel.js';
import { enter, placeNow } from './places.js';
import { StartScreen } from './start.js';
import { fromAddress, type NoCode, type Typed } from './way-in.js';
import { WorkingScreen } from './working.js';

type Screen =
  | { readonly at: 'start'; readonly failure: unknown }
  | { readonly at: 'working'; readonly subject: Subject; readonly read: number | null }
  | { readonly at: 'answer'; readonly outcome: Outcome }
  /** One of the batches, by its number, and the row of it that is open. */
  | { readonly at: 'bulk'; readonly batch: number; readonly row: number | null };

/** Many documents, brought together. */
interface Brought {
  readonly files: readonly File[];
  readonly Bulk: typeof BulkScreen;
}

const START: Screen = { at: 'start', failure: null };

interface AppProps {
  readonly deps: AskDeps;
  readonly panelStore: PanelStore;
  readonly words: Words;
  /** In a frame of another site's page. */
  readonly isEmbedded: boolean;
  readonly onOtherLanguage: () => void;
}

/** The page: the ways in, the work, the answer. */
export function App({ deps, panelStore, words, isEmbedded, onOtherLanguage }: AppProps) {
  const [screen, show] = useState<Screen>(START);
  const panel = usePanel(panelStore);
  const work = useRef(new AbortController());
  // What was answered is kept as long as the page: the browser's Back leads to it, and no work is done twice.
  const outcomes = useRef<Outcome[]>([]);
  const [batches, setBatches] = useState<readonly Brought[]>([]);
  const kept = useRef(batches);
  kept.current = batches;

  /** `place`: of the answer, when the address does not say it already. */
  const begin = (
    subject: Subject,
    ask: (signal: AbortSignal) => Promise<Outcome>,
    place: 'in-address' | 'new' = 'new',
  ): void => {
    work.current.abort();
    const { signal } = (work.current = new AbortController());
    show({ at: 'working', subject, read: null });
    ask(signal).then(
      (outcome) => {
        if (signal.aborted) return;
        const answer = outcomes.current.push(outcome) - 1;
        if (place === 'new') enter({ answer, code: codeOf(outcome) }, isEmbedded);
        show({ at: 'answer', outcome });
      },
      (failure: unknown) => signal.aborted || show({ at: 'start', failure }),
    );
  };
  const askTyped = (typed: Typed, place?: 'in-address'): void =>
    begin({ brought: typed.question.asked === 'code' ? 'code' : 'claims' }, () => askFor(typed, deps), place);
  const askFile = (file: File, evidence?: File): void => {
    const subject = { brought: 'file', name: file.name, size: file.size } as const;
    begin(subject, (signal) => {
      const showRead = (read: number | null) => signal.aborted || show({ at: 'working', subject, read });
      return askForFile(file, deps, { signal, evidence, onRead: showRead, onCheck: () => showRead(null) });
    });
  };
  /** One file, or one with its evidence, is answered by itself; anything more is a table of answers. */
  const askFiles = (files: readonly File[]): void => {
    const [only] = files;
    const pair = pairOf(files);
    if (pair) askFile(pair.file, pair.evidence);
    else if (only && files.length === 1 && !isMany(only)) askFile(only);
    else if (only) {
      work.current.abort();
      const { signal } = (work.current = new AbortController());
      void import('./bulk.js').then(({ BulkScreen: Bulk }) => {
        if (signal.aborted) return;
        const batch = kept.current.length;
        setBatches([...kept.current, { files, Bulk }]);
        showTable(batch);
      });
    }
  };
  const startAgain = (): void => {
    work.current.abort();
    enter({}, isEmbedded);
    show(START);
  };
  const showTable = (batch: number): void => {
    enter({ batch }, isEmbedded);
    show({ at: 'bulk', batch, row: null });
  };
  const showRow = (batch: number, row: number): void => {
    enter({ batch, row }, isEmbedded);
    show({ at: 'bulk', batch, row });
  };

  // Before anybody can do anything: a code that was entered meanwhile would be lost.
  useLayoutEffect(() => {
    const follow = (): void => {
      const { answer, batch, row = null } = placeNow();
      const outcome = answer === undefined ? undefined : outcomes.current[answer];
      const typed = fromAddress(location);
      work.current.abort();
      if (outcome) show({ at: 'answer', outcome });
      else if (batch !== undefined && kept.current[batch]) show({ at: 'bulk', batch, row });
      else if (typed === null) show(START);
      else if (typeof typed === 'string') show({ at: 'start', failure: new NotACode(typed) });
      else askTyped(typed, 'in-address');
    };
    follow();
    addEventListener('popstate', follow);
    addEventListener('hashchange', follow);
    return () => {
      removeEventListener('popstate', follow);
      removeEventListener('hashchange', follow);
    };
  }, []);

  return (
    <Frame
      words={words}
      deps={deps}
      isEmbedded={isEmbedded}
      onOtherLanguage={onOtherLanguage}
      onStart={startAgain}
    >
      {screen.at === 'start' && (
        <StartScreen
          words={words}
          failure={failureIn(words, screen.failure)}
          onFiles={askFiles}
          onTyped={askTyped}
          panel={panel}
          now={deps.now}
          onTable={batches.length > 0 ? () => showTable(batches.length - 1) : null}
        />
      )}
      {screen.at === 'working' && <WorkingScreen words={words} {...screen} onCancel={startAgain} />}
      {batches.map(({ files, Bulk }, batch) => (
        <Bulk
          key={batch}
          words={words}
          deps={deps}
          files={files}
          panel={panel.list}
          isShown={screen.at === 'bulk' && screen.batch === batch}
          row={screen.at === 'bulk' && screen.batch === batch ? screen.row : null}
          onRow={(row) => showRow(batch, row)}
          onAgain={startAgain}
        />
      ))}
      {screen.at === 'answer' && (
        <AnswerScreen
          words={words}
          outcome={screen.outcome}
          service={deps.service}
          host={deps.ownHost}
          panel={panel.list}
          onAgain={startAgain}
        />
      )}
    </Frame>
  );
}

/** What was asked by code has an address of its own. */
function codeOf({ reported, subject }: Outcome): string | undefined {
  return subject.brought === 'code' && reported && 'code' in reported ? reported.code : undefined;
}

/** The address is one of ours, but what stands in it is no code. */
class NotACode extends Error {
  override readonly name = 'NotACode';
  constructor(readonly code: NoCode) {
    super(code);
  }
}

/** In words for a visitor; null when nothing failed. */
function failureIn({ failures }: Words, failure: unknown): string | null {
  if (failure === null) return null;
  if (failure instanceof FileFault) return failures[failure.code];
  if (failure instanceof ForeignHost) return fill(failures['foreign-host'], { host: failure.host });
  if (failure instanceof NotEvidence) return failures['not-evidence'];
  if (failure instanceof NotACode) return failures[failure.code];
  console.error(failure);
  return failures.bug;
}

/** Archives and tables hold many. */
function isMany({ name }: File): boolean {
  return /\.(?:zip|csv|xlsx)$/i.test(name);
}

function isEvidence({ name }: File): boolean {
  return /\.json$/i.test(name);
}

function pairOf(files: readonly File[]): { readonly file: File; readonly evidence: File } | null {
  const evidence = files.find(isEvidence);
  const file = files.find((one) => one !== evidence);
  return files.length === 2 && evidence && file && !isMany(file) && !isEvidence(file)
    ? { file, evidence }
    : null;
}
