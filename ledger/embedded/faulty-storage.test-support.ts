import { openFile, type Storage } from './storage.js';

/** What becomes of a call that fails: nothing, all of it, or (for writes) the first half. */
export type Outcome = 'lost' | 'half' | 'applied';

export interface Fault {
  readonly call: 'write' | 'datasync' | 'truncate';
  /** Which such call fails, counted from 0. */
  readonly at: number;
  readonly outcome: Outcome;
}

/** A file on disk of which one call fails, once, in the given way. */
export function failingOnce(fault: Fault): (path: string) => Promise<Storage> {
  let calls = 0;
  const strikes = (call: Fault['call']): boolean => call === fault.call && calls++ === fault.at;
  return async (path) => {
    const file = await openFile(path);
    const failAfter = async (effects: Record<Outcome, () => Promise<void>>): Promise<never> => {
      await effects[fault.outcome]();
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    };
    const lost = () => Promise.resolve();
    return {
      ...file,
      write: (bytes, position) => {
        const half = () => file.write(bytes.subarray(0, bytes.length / 2), position);
        const applied = () => file.write(bytes, position);
        return strikes('write') ? failAfter({ lost, half, applied }) : applied();
      },
      datasync: () => {
        const applied = () => file.datasync();
        return strikes('datasync') ? failAfter({ lost, half: applied, applied }) : applied();
      },
      truncate: (length) => {
        const applied = () => file.truncate(length);
        return strikes('truncate') ? failAfter({ lost, half: applied, applied }) : applied();
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
