import type { Client } from './client.js';

export interface GlobalOptions {
  readonly url: string;
  readonly data: string;
  readonly json: boolean;
}

export interface Output {
  readonly isTTY?: boolean;
  write(content: string | Uint8Array): unknown;
}

/** What a command line is given by whoever runs it; a process is one. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
}

/** What commands work with; asked when one runs, since options are read by then. */
export interface Context {
  readonly terminal: Terminal;
  readonly options: () => GlobalOptions;
  /** The service, with a facility's API key. */
  readonly facility: () => Client;
  /** The service, with the operator's API key. */
  readonly operator: () => Client;
  /** The exit code, when the command did what it was told and the answer was not yes. */
  readonly endWith: (exitCode: number) => void;
}
