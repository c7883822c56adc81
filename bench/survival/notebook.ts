import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import type { Acknowledged } from '../campaign/load.js';

/** Puts what the service has acknowledged on the disk, so that a harness that dies leaves what has to be there. */
export class Notebook {
  readonly #file: number;
  readonly #noted = { documents: 0, revoked: 0, statements: 0 };

  constructor(
    path: string,
    private readonly acknowledged: Acknowledged,
  ) {
    this.#file = openSync(path, 'a');
  }

  /** Sets and maps keep their order: what came since the last time stands at their ends. */
  write(): void {
    const { documents, revoked, statements } = this.acknowledged;
    const lines = [
      ...rest(documents, this.#noted.documents).map(([code, sha256]) => ({ document: code, sha256 })),
      ...rest(revoked, this.#noted.revoked).map((code) => ({ revoked: code })),
      ...rest(statements, this.#noted.statements).map((statement) => ({ statement })),
    ];
    if (lines.length === 0) return;
    writeSync(this.#file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    fdatasyncSync(this.#file);
    Object.assign(this.#noted, {
      documents: documents.size,
      revoked: revoked.size,
      statements: statements.size,
    });
  }

  close(): void {
    closeSync(this.#file);
  }
}

function rest<Element>(all: Iterable<Element>, from: number): Element[] {
  return [...all].slice(from);
}
