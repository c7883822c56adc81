import type { Client } from './client.js';

export interface GlobalOptions {
  readonly url: string;
  readonly data: string;
  readonly json: boolean;
}

/** What commands work with; asked when one runs, since options are read by then. */
export interface Context {
  readonly options: () => GlobalOptions;
  /** The service, with a facility's API key. */
  readonly facility: () => Client;
  /** The service, with the operator's API key. */
  readonly operator: () => Client;
}
