import { write, writeSync } from 'node:fs';

/** What waits to be written, in characters, above which lines are lost. */
const MOST_WAITING = 1024 * 1024;

export interface LogOutput {
  write(line: string): void;
  /** Writes what waits, when the event loop has ended. */
  end(): void;
}

/**
 * Log lines to a file descriptor, in order. A line that cannot be written waits for the next one, and when too much
 * waits, further ones are lost: a log on a full disk neither ends the service nor keeps it from ending.
 */
export function logTo(fd: number): LogOutput {
  let sent: Uint8Array = new Uint8Array();
  let waiting: string[] = [];
  let waitingLength = 0;
  let isWriting = false;

  function takeWaiting(): Uint8Array {
    const bytes = Buffer.concat([sent, Buffer.from(waiting.join(''))]);
    waiting = [];
    waitingLength = 0;
    return bytes;
  }

  function send(): void {
    if (isWriting) return;
    sent = takeWaiting();
    if (sent.length === 0) return;
    isWriting = true;
    write(fd, sent, (error, written) => {
      isWriting = false;
      if (error) return;
      sent = sent.subarray(written);
      send();
    });
  }

  return {
    write: (line) => {
      if (sent.length + waitingLength > MOST_WAITING) return;
      waiting.push(line);
      waitingLength += line.length;
      send();
    },
    end: () => {
      // What is on its way gets there without us.
      if (isWriting) sent = new Uint8Array();
      try {
        for (let left = takeWaiting(); left.length > 0;) left = left.subarray(writeSync(fd, left));
      } catch {
        // Nobody is left who could try again.
      }
    },
  };
}
