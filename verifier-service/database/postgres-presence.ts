import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { ServiceError } from '../error.js';

/**
 * Copies of the service are at work on a database together; some commands need it alone. Every connection holds a lock
 * for as long as it lasts: those of copies, and of commands that may go on beside them, one that all of them may hold,
 * that of a command alone one that keeps out all others. So no statement of the one is ever executed while the other
 * could be.
 *
 * A copy whose connections were all lost might never notice that a command came and went, and go on with a file that
 * was removed or a key that was changed. Therefore such commands are counted: on a new connection, a copy that finds
 * another number than at its start is at an end.
 */
export type Presence = 'together' | 'alone';

/** Any number that is no hash of a name: see `inTurn`. */
const PRESENT = 7_262_019;
const STATEMENTS = {
  together: `select pg_try_advisory_lock_shared(${PRESENT}) as taken`,
  alone: `select pg_try_advisory_lock(${PRESENT}) as taken`,
} as const satisfies Record<Presence, string>;

/** A server may notice a moment later that a connection was closed; the lock goes with that. */
const PATIENCE_MS = 2000;
const LOOK_MS = 50;

/** Whether the connection may be used from now on. */
export async function takePresence(client: pg.ClientBase, presence: Presence): Promise<boolean> {
  // Without waiting for it on the server, where those who come later would have to queue behind.
  for (let waited = 0; ; waited += LOOK_MS) {
    const { rows } = await client.query<{ taken: boolean }>(STATEMENTS[presence]);
    if (rows[0]?.taken) return true;
    if (waited >= PATIENCE_MS) return false;
    await delay(LOOK_MS);
  }
}

/** How many commands have had the database to themselves. Asked after the lock was taken, so that it stays so. */
export async function timesAlone(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query<{ times: number }>('select "times" from "workAlone"');
  return rows[0]?.times ?? 0;
}

export function othersAtWork(): ServiceError {
  const message =
    'Copies of the service, or another command, are at work on the database: stop all of them first. Nothing was done.';
  return new ServiceError('DATA_LOCKED', message);
}

export function commandAtWork(): ServiceError {
  const message =
    'A command has the database to itself at the moment (such as tidy): wait until it has ended';
  return new ServiceError('DATA_LOCKED', message);
}
