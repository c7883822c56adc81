import { ServiceError } from './error.js';

/** Runs work that holds a file in memory, or refuses it with `OVERLOADED`. */
export type FileSlots = <T>(work: () => Promise<T>) => Promise<T>;

/** Bounds how many files are held in memory at once; refuses further ones instead of queueing them. */
export function createFileSlots(most: number): FileSlots {
  let taken = 0;
  return async (work) => {
    if (taken >= most)
      throw new ServiceError('OVERLOADED', 'Too many files are being worked on; try again in a few seconds');
    taken += 1;
    try {
      return await work();
    } finally {
      taken -= 1;
    }
  };
}
