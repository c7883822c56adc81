import { openFile, type Storage } from './storage.js';

/** What becomes of a call that fails: nothing, all of it, or (for writes) the first half. */
export type Outcome = 'lost' | 'half' | 'applied';

export type Call = 'write' | 'datasync' | 'truncate';

export interface Fault {
  readonly call: Call;
  /** Which such call fails, counted from 0. */
  readonly at: number;
  readonly outcome: Outcome;
}

/** A file on disk of which one call fails, once, in the given way. */
export function failingOnce(fault: Fault): (path: string) => Promise<Storage> {
  let calls = 0;
  return failingWhen((call) => (call === fault.call && calls++ === fault.at ? fault.outcome : null));
}

/** A file on disk of which each call fails in the way that it is told, or (null) works. */
export function failingWhen(fate: (call: Call) => Outcome | null): (path: string) => Promise<Storage> {
  const meet = async (call: Call, effects: Record<Outcome, () => Promise<void>>): Promise<void> => {
    const outcome = fate(call);
    await effects[outcome ?? 'applied']();
    if (outcome !== null) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
  };
  const lost = () => Promise.resolve();
  return async (path) => {
    const file = await openFile(path);
    return {
      ...file,
      write: (bytes, position) => {
        const half = () => file.write(bytes.subarray(0, bytes.length / 2), position);
        return meet('write', { lost, half, applied: () => file.write(bytes, position) });
      },
      datasync: () => {
        const applied = () => file.datasync();
        return meet('datasync', { lost, half: applied, applied });
      },
      truncate: (length) => {
        const applied = () => file.truncate(length);
        return meet('truncate', { lost, half: applied, applied });
      },
    };
  };
}

/** A file on disk that waits for `before` at each flush. */
export function flushingAfter(before: () => Promise<void>): (path: string) => Promise<Storage> {
  return async (path) => {
    const file = await openFile(path);
    return { ...file, datasync: () => before().then(() => file.datasync()) };
  };
}
