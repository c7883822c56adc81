import { ServiceError } from './error.js';

/** Bounds how many uploads are held in memory at once; refuses further ones instead of queueing them. */
export function createUploadSlots(most: number): <T>(work: () => Promise<T>) => Promise<T> {
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
