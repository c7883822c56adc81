import { rm } from 'node:fs/promises';
import { diskTrouble } from '@spondon/ledger/disk-trouble';
import { writeFileDurably } from '@spondon/ledger/durable-file';
import { LedgerError } from '@spondon/ledger/port';
import { ServiceError } from './error.js';

const PROBLEMS = {
  full: 'The disk of this service is full',
  failing: 'The disk of this service does not work as it should',
} as const;

/** What is wrong with the disk, in words, when that is what an error comes from. */
export function diskProblem(error: unknown): string | null {
  const trouble = diskTrouble(error);
  return trouble && PROBLEMS[trouble];
}

/** As a caller is told of it; null when an error comes from something else. */
export function storageUnavailable(error: unknown): ServiceError | null {
  const problem = diskProblem(error);
  if (problem === null) return null;
  // Of everything else that failed, nothing is acknowledged or kept.
  const isUnknown = error instanceof LedgerError && error.code === 'UNKNOWN';
  const what = isUnknown
    ? 'whether this took effect shows when there is room again'
    : 'what has to be written is not accepted at the moment; try again later';
  const message = `${problem}: ${what}`;
  return new ServiceError('STORAGE_UNAVAILABLE', message, { cause: error });
}

/** With room for it, there is room for most documents too. */
const TRIAL_BYTES = 1024 * 1024;

/** Keeps in mind that something failed because of the disk, until a trial shows that it can be written again. */
export class DiskWatch {
  #problem: string | null = null;
  #trial: Promise<void> | null = null;

  /** `trialFile`: on the disk in question; may be deleted at any time. */
  constructor(private readonly trialFile: string) {}

  /** To be told of every error; those about something else are of no interest. */
  note(error: unknown): void {
    this.#problem = diskProblem(error) ?? this.#problem;
  }

  /** What is wrong, as far as is known. Writes to the disk only while something was. */
  async problems(): Promise<string[]> {
    if (this.#problem !== null) {
      this.#trial ??= this.#try().finally(() => (this.#trial = null));
      await this.#trial;
    }
    return this.#problem === null ? [] : [`${this.#problem}: make room, or see the log`];
  }

  async #try(): Promise<void> {
    try {
      await writeFileDurably(this.trialFile, Buffer.alloc(TRIAL_BYTES));
      await rm(this.trialFile);
      this.#problem = null;
    } catch (error) {
      this.note(error);
    }
  }
}
