import type { StepId, StepState, Words } from '../words/words.js';
import { StepMark } from './marks.js';
import type { Subject } from './ask.js';

/** In the order in which they are done. */
const STEPS: readonly StepId[] = [
  'read',
  'record',
  'file',
  'signature',
  'issuer',
  'anchor',
  'status',
  'claims',
];

/** Steps that a visitor's question has. */
function stepsOf(asked: Subject['brought']): readonly StepId[] {
  if (asked === 'file') return STEPS;
  return STEPS.filter((id) => id !== 'read' && (asked === 'claims' || id !== 'claims'));
}

interface StepsProps {
  readonly words: Words;
  readonly asked: Subject['brought'];
  /** Null for a step that was not taken, as there is nothing to take it on. */
  readonly of: (id: StepId) => { readonly state: StepState; readonly message: string | null } | null;
}

export function Steps({ words, asked, of }: StepsProps) {
  return (
    <ol class="steps">
      {stepsOf(asked).map((id) => {
        const step = of(id);
        if (step === null) return null;
        return (
          <li key={id} class={step.state}>
            <StepMark state={step.state} />
            <div>
              <h3>
                {words.steps[id]} <span class="state">{words.states[step.state]}</span>
              </h3>
              {step.message !== null && <p>{step.message}</p>}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
