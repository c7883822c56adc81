import { useState } from 'preact/hooks';
import { Unreachable } from '../check/service.js';
import type { Words } from '../words/words.js';
import { save } from './save.js';

interface ReportButtonProps {
  readonly words: Words;
  readonly label: string;
  /** Rejects with `Unreachable` when the service cannot be asked. */
  readonly make: () => Promise<Blob>;
  readonly name: string;
}

/** Fetches a signed report and hands it over; says so while it is being made, and when it could not be had. */
export function ReportButton({ words: { report }, label, make, name }: ReportButtonProps) {
  const [state, setState] = useState<'idle' | 'waiting' | 'unreachable'>('idle');
  const begin = async (): Promise<void> => {
    setState('waiting');
    try {
      save(await make(), name);
      setState('idle');
    } catch (error) {
      if (!(error instanceof Unreachable)) console.error(error);
      setState('unreachable');
    }
  };
  return (
    <>
      <button type="button" class="plain" disabled={state === 'waiting'} onClick={() => void begin()}>
        {label}
      </button>
      <p class="report-state" role="status">
        {state !== 'idle' && report[state]}
      </p>
    </>
  );
}
