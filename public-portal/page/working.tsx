import { plainName, sizeOf, type StepId, type StepState, type Words } from '../words/words.js';
import type { Subject } from './ask.js';
import { Steps } from './steps.js';
import { useTitle } from './title.js';

interface WorkingScreenProps {
  readonly words: Words;
  readonly subject: Subject;
  /** Share of the file that was read, while it is being read. */
  readonly read: number | null;
  readonly onCancel: () => void;
}

/** What will be done, before it is done. */
export function WorkingScreen({ words, subject, read, onCancel }: WorkingScreenProps) {
  const isReading = read !== null;
  useTitle(words.checking);
  const stateOf = (id: StepId): StepState =>
    id === 'read' ? (isReading ? 'running' : 'passed') : isReading ? 'waiting' : 'running';
  return (
    <div class="working" aria-busy="true">
      <h1 aria-live="polite">{isReading ? words.reading : words.checking}</h1>
      {subject.brought === 'file' && (
        <p class="file-name">
          <bdi>{plainName(subject.name)}</bdi> · {sizeOf(subject.size, words)}
        </p>
      )}
      {isReading && <progress max={1} value={read} aria-label={words.reading} />}
      <Steps words={words} of={(id) => ({ state: stateOf(id), message: null })} asked={subject.brought} />
      <button type="button" class="plain" onClick={onCancel}>
        {words.cancel}
      </button>
    </div>
  );
}
