import type { Verdict } from '@spondon/protocol/verdict/summaries';
import type { StepState } from '../words/words.js';

/** Shapes that say what colour says. All are decoration: words stand beside them. */

/** What a verdict comes to, for whoever stands at a counter. */
export type Weight = 'good' | 'bad' | 'careful' | 'open';

export const weightOf: Readonly<Record<Verdict, Weight>> = {
  valid: 'good',
  revoked: 'bad',
  altered: 'bad',
  superseded: 'careful',
  expired: 'careful',
  'not-original': 'careful',
  conflict: 'careful',
  pending: 'open',
  'not-found': 'open',
  unavailable: 'open',
};

const outlines: Readonly<Record<Weight, string>> = {
  good: 'M32 3a29 29 0 1 1 0 58a29 29 0 0 1 0-58z',
  bad: 'M20.5 4h23L60 20.5v23L43.5 60h-23L4 43.5v-23z',
  careful: 'M32 5 62 58H2z',
  open: 'M32 3 61 32 32 61 3 32z',
};
const signs: Readonly<Record<Weight, string>> = {
  good: 'm19 33 9 9 18-20',
  bad: 'm22 22 20 20m0-20L22 42',
  careful: 'M32 24v16m0 8v.5',
  open: 'M25 26c0-10 14-10 14-1 0 6-7 6-7 12m0 7v.5',
};

export function VerdictMark({ weight }: { readonly weight: Weight }) {
  return (
    <svg class="verdict-mark" viewBox="0 0 64 64" aria-hidden="true">
      <path class="outline" d={outlines[weight]} />
      <path class="sign" d={signs[weight]} />
    </svg>
  );
}

const stepSigns: Readonly<Record<StepState, string>> = {
  passed: 'm5 12.5 5 5 9-11',
  failed: 'm6 6 12 12m0-12L6 18',
  unavailable: 'M8.5 9c0-5 7-5 7-.5 0 3-3.5 3-3.5 6m0 3.5v.2',
  waiting: 'M12 12v.1',
  running: 'M12 4a8 8 0 0 1 8 8',
};

export function StepMark({ state }: { readonly state: StepState }) {
  return (
    <svg class={`step-mark ${state}`} viewBox="0 0 24 24" aria-hidden="true">
      <path d={stepSigns[state]} />
    </svg>
  );
}

/** A sheet with a pulse: 'spondon' is a heartbeat. */
export function Wordmark() {
  return (
    <>
      <svg class="mark" viewBox="0 0 48 48" aria-hidden="true">
        <path class="sheet" d="M10 4h20l8 8v32H10z" />
        <path class="pulse" d="M15 27h5l3-8 4 14 3-6h4" />
      </svg>
      Spondon
    </>
  );
}
