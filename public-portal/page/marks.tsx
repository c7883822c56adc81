import type { Verdict } from '@spondon/protocol/verdict/summaries';
import type { Answer } from '../check/answer.js';
import type { StepState } from '../words/words.js';

/** Shapes that say what colour says. All are decoration: words stand beside them. */

/** What a verdict comes to, for whoever stands at a counter. */
export type Weight = 'good' | 'compare' | 'bad' | 'careful' | 'open';

const weights: Readonly<Record<Exclude<Verdict, 'valid'>, Weight>> = {
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

/**
 * A genuine code may stand on a false sheet: until somebody compares, a code's 'valid' is half an answer. So is that of a
 * day gone by.
 */
export function weightOf({ verdict, asked, asOf }: Answer): Weight {
  if (verdict !== 'valid') return weights[verdict];
  if (asOf !== null) return 'careful';
  return asked === 'file' ? 'good' : 'compare';
}

const outlines: Readonly<Record<Weight, string>> = {
  good: 'M32 3a29 29 0 1 1 0 58a29 29 0 0 1 0-58z',
  compare: 'M10 6h44a4 4 0 0 1 4 4v44a4 4 0 0 1-4 4H10a4 4 0 0 1-4-4V10a4 4 0 0 1 4-4z',
  bad: 'M20.5 4h23L60 20.5v23L43.5 60h-23L4 43.5v-23z',
  careful: 'M32 5 62 58H2z',
  open: 'M32 3 61 32 32 61 3 32z',
};
const signs: Readonly<Record<Weight, string>> = {
  good: 'm19 33 9 9 18-20',
  compare: 'M19 25h26M19 39h26',
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
  missing: 'M8.5 9c0-5 7-5 7-.5 0 3-3.5 3-3.5 6m0 3.5v.2',
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

/** 'বাংলা' drawn, so that whoever reads English fetches no Bangla font for one word. */
export function BanglaWord() {
  return (
    <svg class="bangla-word" viewBox="0 0 50 20" aria-hidden="true">
      <path d="M12.8 3.6L12.8 5.8L10.9 5.8L10.9 16L8.2 16Q7.1 14.4 5.3 13.3Q3.6 12.3 1.3 11.9L0.3 9.6Q2.1 8.6 4.2 7.7Q6.2 6.8 8.3 6.2L8.3 5.8L-0.2 5.8L-0.2 3.6ZM3.7 10.4Q4.8 10.7 6 11.3Q7.2 11.9 8.2 13Q8.2 12.4 8.2 11.8L8.2 8.6Q7 9 6 9.4Q4.9 9.9 3.7 10.4ZM18.9 3.6L18.9 5.8L16.9 5.8L16.9 16L14.3 16L14.3 7.1Q14.1 6.5 13.6 6.1Q13.2 5.8 12.5 5.8L12.4 5.8L12.4 3.6L12.8 3.6Q13.2 3.6 13.6 3.8Q14 4 14.4 4.8Q14.4 4.7 14.3 4.4Q14.3 4 14.3 3.7L14.3 2.2L16.5 2.2L16.9 3.6ZM19.9 6.5Q19.9 5.6 20.4 5Q20.8 4.3 21.5 3.9Q22.2 3.6 23 3.6Q23.9 3.6 24.6 3.9Q25.3 4.3 25.7 5Q26.1 5.6 26.1 6.5Q26.1 7.4 25.7 8.1Q25.3 8.7 24.6 9.1Q23.9 9.5 23 9.5Q22.2 9.5 21.5 9.1Q20.8 8.8 20.4 8.1Q19.9 7.4 19.9 6.5ZM22 6.5Q22 7 22.3 7.3Q22.6 7.6 23 7.6Q23.5 7.6 23.8 7.3Q24.1 7 24.1 6.5Q24.1 6.1 23.8 5.8Q23.5 5.4 23 5.4Q22.6 5.4 22.3 5.8Q22 6.1 22 6.5ZM21.5 9.6Q23.4 10.8 24.9 12.4Q26.4 14 27.4 15.9L25.4 16.9Q24.7 15.9 23.9 15Q23.1 14 22.1 13.2Q21.2 12.4 19.9 11.6ZM43.1 3.6L43.1 5.8L41.2 5.8L41.2 16L38.6 16L38.6 10.1Q38.3 9.8 38 9.6Q37.7 9.4 37.4 9.4Q37 9.4 36.7 9.7Q36.3 9.9 36.3 10.7Q36.3 11.1 36.4 11.4L34.1 11.5Q34 10.5 33.4 9.9Q32.9 9.3 31.9 9.3Q31.4 9.3 31.1 9.6Q30.7 9.9 30.7 10.4Q30.7 11.1 31.3 11.5Q31.9 11.9 32.7 12.2L31.9 14.4Q30.1 13.9 29.1 12.9Q28 11.9 28 10.3Q28 9.3 28.5 8.6Q29 7.9 29.8 7.5Q30.6 7.1 31.6 7.1Q32.7 7.1 33.4 7.4Q34.2 7.7 34.9 8.4Q35.2 7.8 35.7 7.5Q36.2 7.2 36.8 7.2Q37.4 7.2 37.8 7.3Q38.2 7.5 38.6 7.8Q38.6 7.3 38.6 6.8L38.6 5.8L27.2 5.8L27.2 3.6ZM49.2 3.6L49.2 5.8L47.3 5.8L47.3 16L44.7 16L44.7 7.1Q44.4 6.5 44 6.1Q43.5 5.8 42.8 5.8L42.7 5.8L42.7 3.6L43.1 3.6Q43.6 3.6 44 3.8Q44.4 4 44.7 4.8Q44.7 4.7 44.7 4.4Q44.7 4 44.7 3.7L44.7 2.2L46.8 2.2L47.3 3.6Z" />
    </svg>
  );
}
