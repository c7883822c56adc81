import { useState } from 'preact/hooks';
import type { CameraDialog } from './camera.js';
import { digitsOf, fill, type Words } from '../words/words.js';
import { droppedFiles } from '../bulk/collect.js';
import { FileButton } from './file-button.js';
import { type Panel, PanelChoice } from './panel.js';
import { useTitle } from './title.js';
import { judgeTyped, readTyped, type Typed } from './way-in.js';

interface StartScreenProps {
  readonly words: Words;
  readonly failure: string | null;
  readonly onFiles: (files: readonly File[]) => void;
  readonly onTyped: (typed: Typed) => void;
  readonly panel: Panel;
  readonly now: () => number;
  /** Back to the table that was made before; null when there is none. */
  readonly onTable: (() => void) | null;
}

export function StartScreen({ words, failure, onFiles, onTyped, panel, now, onTable }: StartScreenProps) {
  useTitle(words.title);
  return (
    <div class="start">
      <h1>{words.title}</h1>
      <p class="lead">{words.lead}</p>
      {failure !== null && (
        <p class="alarm" role="alert">
          {failure}
        </p>
      )}
      {onTable && (
        <p class="note">
          {words.bulk.kept}{' '}
          <button type="button" class="link" onClick={onTable}>
            {words.bulk.back}
          </button>
        </p>
      )}
      <div class="ways">
        <FileWay words={words} onFiles={onFiles} />
        <CodeWay words={words} onTyped={onTyped} onFiles={onFiles} />
      </div>
      <section class="paper">
        <h2>{words.paperTitle}</h2>
        <ol>
          {words.paperSteps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </section>
      <PanelChoice words={words} panel={panel} now={now} />
    </div>
  );
}

function FileWay({ words, onFiles }: Pick<StartScreenProps, 'words' | 'onFiles'>) {
  const [isOver, setOver] = useState(false);
  return (
    <section
      class={isOver ? 'way drop over' : 'way drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (event.dataTransfer) void droppedFiles(event.dataTransfer).then(onFiles);
      }}
    >
      <h2>{words.dropTitle}</h2>
      <p>{isOver ? words.dropNow : words.dropHint}</p>
      <div class="actions">
        <FileButton label={words.chooseFile} onFiles={onFiles} multiple />
        <FileButton label={words.bulk.chooseFolder} onFiles={onFiles} webkitdirectory class="plain" />
      </div>
      <p class="aside">{words.staysHere}</p>
      <p class="aside">{words.bulk.hint}</p>
    </section>
  );
}

function CodeWay({ words, onTyped, onFiles }: Pick<StartScreenProps, 'words' | 'onTyped' | 'onFiles'>) {
  const [text, setText] = useState('');
  const typed = judgeTyped(text);
  return (
    <form
      class="way"
      onSubmit={(event) => {
        event.preventDefault();
        const asked = readTyped(text);
        if (asked) onTyped(asked);
      }}
    >
      <h2>{words.codeTitle}</h2>
      <Scanner words={words} onTyped={onTyped} onFiles={onFiles} />
      <label for="code">{words.codeLabel}</label>
      <input
        id="code"
        class="code"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
        autoComplete="off"
        autoCapitalize="characters"
        spellcheck={false}
        aria-describedby="code-hint code-state"
        aria-invalid={typed.state === 'mistyped'}
      />
      <p id="code-state" class={`typed ${typed.state}`} role="status">
        {stateOf(typed, words)}
      </p>
      <button type="submit" disabled={typed.state !== 'good'}>
        {words.codeCheck}
      </button>
      <p id="code-hint" class="aside">
        {words.codeHint}
      </p>
    </form>
  );
}

/** The camera is fetched when it is wanted. */
function Scanner({ words, onTyped, onFiles }: Pick<StartScreenProps, 'words' | 'onTyped' | 'onFiles'>) {
  const [Dialog, setDialog] = useState<typeof CameraDialog | null>(null);
  const [isMissing, setMissing] = useState(false);
  const open = (): void =>
    void import('./camera.js').then(
      (camera) => setDialog(() => camera.CameraDialog),
      () => setMissing(true),
    );
  const take = (text: string): boolean => {
    const typed = readTyped(text);
    if (typed) onTyped(typed);
    return typed !== null;
  };
  return (
    <>
      <button type="button" class="scan" onClick={open}>
        {words.scan}
      </button>
      {isMissing && (
        <p class="alarm" role="alert">
          {words.camera.faults['no-decoder']}
        </p>
      )}
      {Dialog && (
        <Dialog
          words={words}
          onText={take}
          onPhoto={(photo) => onFiles([photo])}
          onClose={() => setDialog(null)}
        />
      )}
    </>
  );
}

function stateOf({ count, state }: ReturnType<typeof judgeTyped>, words: Words): string {
  if (state === 'mistyped') return words.codeMistyped;
  if (state === 'good') return words.codeComplete;
  return fill(words.codeSymbols, { count: digitsOf(String(count), words) });
}
