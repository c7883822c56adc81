import { useEffect, useRef, useState } from 'preact/hooks';
import { NotEvidence } from '../check/check.js';
import type { PanelStore } from '../panel/panel-list.js';
import { FileFault } from '../read/reading.js';
import { fill, type Words } from '../words/words.js';
import { AnswerScreen } from './answer.js';
import type { BulkScreen } from './bulk.js';
import { type AskDeps, askFor, askForFile, ForeignHost, type Outcome, type Subject } from './ask.js';
import { Frame } from './frame.js';
import { usePanel } from './panel.js';
import { StartScreen } from './start.js';
import { fromAddress, type Typed } from './way-in.js';
import { WorkingScreen } from './working.js';

type Screen =
  | { readonly at: 'start'; readonly failure: unknown }
  | { readonly at: 'working'; readonly subject: Subject; readonly read: number | null }
  | { readonly at: 'answer'; readonly outcome: Outcome }
  | { readonly at: 'bulk'; readonly files: readonly File[]; readonly Bulk: typeof BulkScreen };

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

  const begin = (subject: Subject, ask: (signal: AbortSignal) => Promise<Outcome>): void => {
    work.current.abort();
    const { signal } = (work.current = new AbortController());
    show({ at: 'working', subject, read: null });
    ask(signal).then(
      (outcome) => signal.aborted || show({ at: 'answer', outcome }),
      (failure: unknown) => signal.aborted || show({ at: 'start', failure }),
    );
  };
  const askTyped = (typed: Typed): void =>
    begin({ brought: typed.question.asked === 'code' ? 'code' : 'claims' }, () => askFor(typed, deps));
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
      void import('./bulk.js').then(
        ({ BulkScreen: Bulk }) => signal.aborted || show({ at: 'bulk', files, Bulk }),
      );
    }
  };
  /** Other addresses than its own refuse to be framed, should the visitor reload. */
  const showAddress = (address: string): void => {
    if (!isEmbedded) history.pushState(null, '', address);
  };
  const startAgain = (): void => {
    work.current.abort();
    showAddress('/');
    show(START);
  };

  useEffect(() => {
    const follow = (): void => {
      const typed = fromAddress(location);
      if (typed === null) show(START);
      else if (typed === 'not-a-code') show({ at: 'start', failure: new NotACode() });
      else askTyped(typed);
    };
    follow();
    addEventListener('popstate', follow);
    addEventListener('hashchange', follow);
    return () => {
      removeEventListener('popstate', follow);
      removeEventListener('hashchange', follow);
    };
  }, []);

  const askCode = (typed: Typed): void => {
    if (typed.question.asked === 'code') showAddress(`/d/${typed.question.code}`);
    askTyped(typed);
  };
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
          onTyped={askCode}
          panel={panel}
          now={deps.now}
        />
      )}
      {screen.at === 'working' && <WorkingScreen words={words} {...screen} onCancel={startAgain} />}
      {screen.at === 'bulk' && (
        <screen.Bulk words={words} deps={deps} files={screen.files} panel={panel.list} onAgain={startAgain} />
      )}
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

/** The address is one of ours, but what stands in it is no code. */
class NotACode extends Error {
  override readonly name = 'NotACode';
}

/** In words for a visitor; null when nothing failed. */
function failureIn({ failures }: Words, failure: unknown): string | null {
  if (failure === null) return null;
  if (failure instanceof FileFault) return failures[failure.code];
  if (failure instanceof ForeignHost) return fill(failures['foreign-host'], { host: failure.host });
  if (failure instanceof NotEvidence) return failures['not-evidence'];
  if (failure instanceof NotACode) return failures['not-a-code'];
  console.error(failure);
  return failures.bug;
}

/** Archives and tables hold many. */
function isMany({ name }: File): boolean {
  return /\.(?:zip|csv|xlsx)$/i.test(name);
}

function pairOf(files: readonly File[]): { readonly file: File; readonly evidence: File } | null {
  const evidence = files.find(({ name }) => /\.json$/i.test(name));
  const file = files.find((one) => one !== evidence);
  return files.length === 2 && evidence && file && !isMany(file) ? { file, evidence } : null;
}
