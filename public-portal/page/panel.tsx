import { useEffect, useState } from 'preact/hooks';
import { readCells, SheetFault } from '../bulk/sheet.js';
import type { Answer } from '../check/answer.js';
import { onPanel, type PanelList, panelListOf, type PanelStore } from '../panel/panel-list.js';
import { ageOf, digitsOf, fill, type Words } from '../words/words.js';
import { FileButton } from './file-button.js';
import { StepMark } from './marks.js';

export interface Panel {
  readonly list: PanelList | null;
  /** Null forgets it. */
  readonly keep: (list: PanelList | null) => void;
}

/** The list that this browser keeps. */
export function usePanel(store: PanelStore): Panel {
  const [list, setList] = useState<PanelList | null>(null);
  useEffect(() => {
    store.load().then(setList, console.error);
  }, []);
  const keep = (next: PanelList | null): void => {
    setList(next);
    store.save(next).catch(console.error);
  };
  return { list, keep };
}

interface PanelChoiceProps {
  readonly words: Words;
  readonly panel: Panel;
  /** Unix ms. */
  readonly now: () => number;
}

/** For an officer: load the list, see how old it is, forget it. */
export function PanelChoice({ words: allWords, panel: { list, keep }, now }: PanelChoiceProps) {
  const { panel: words } = allWords;
  const [failure, setFailure] = useState<string | null>(null);
  const load = async ([file]: readonly File[]): Promise<void> => {
    if (!file) return;
    const loaded = await listIn(file, now());
    setFailure(loaded ? null : fill(words.unreadable, { name: file.name }));
    if (loaded) keep(loaded);
  };
  return (
    <details class="panel" open={list !== null}>
      <summary>{words.title}</summary>
      <p>{words.hint}</p>
      {failure !== null && (
        <p class="alarm" role="alert">
          {failure}
        </p>
      )}
      {list && (
        <p role="status">
          {fill(words.loaded, {
            name: list.name,
            centres: digitsOf(String(list.centres?.length ?? 0), allWords),
            physicians: digitsOf(String(list.physicians?.length ?? 0), allWords),
            age: ageOf(now() - list.loadedAt, allWords),
          })}
        </p>
      )}
      <div class="actions">
        <FileButton
          label={words.choose}
          onFiles={(files) => void load(files)}
          accept=".csv,.xlsx"
          class="plain"
        />
        {list && (
          <button type="button" class="plain" onClick={() => keep(null)}>
            {words.forget}
          </button>
        )}
      </div>
    </details>
  );
}

async function listIn(file: File, now: number): Promise<PanelList | null> {
  try {
    return panelListOf(file.name, await readCells(file), now);
  } catch (error) {
    if (error instanceof SheetFault) return null;
    throw error;
  }
}

/** Beside an answer: whether those who examined and issued are on the list. */
export function PanelAnswer(props: {
  readonly words: Words;
  readonly answer: Answer;
  readonly list: PanelList | null;
}) {
  const { words, answer, list } = props;
  const found = list && onPanel(answer, list);
  if (!found) return null;
  const { centre, physician } = found;
  return (
    <ul class="panel-answer">
      {centre !== null && (
        <PanelLine isOn={centre} text={centre ? words.panel.centreOn : words.panel.centreOff} />
      )}
      {physician !== null && <PanelLine isOn={physician} text={words.panel[PHYSICIAN[`${physician}`]]} />}
    </ul>
  );
}

const PHYSICIAN = { true: 'physicianOn', false: 'physicianOff', unclear: 'physicianUnclear' } as const;
const MARKS = { true: 'passed', false: 'failed', unclear: 'unavailable' } as const;

function PanelLine({ isOn, text }: { readonly isOn: boolean | 'unclear'; readonly text: string }) {
  return (
    <li>
      <StepMark state={MARKS[`${isOn}`]} /> {text}
    </li>
  );
}
