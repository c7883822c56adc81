import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../client.js';
import { balancedClient } from './balanced-client.js';
import { ServiceCopy } from './service-copy.js';

const LOOK_MS = 100;

/** The service: one copy, or several that share a database and documents, each with a data folder of its own. */
export class ServiceUnderTrial {
  readonly copies: readonly ServiceCopy[];
  readonly #client: Client;

  constructor(
    /** Of all copies' data. */
    readonly folder: string,
    count: number,
    env: Readonly<Record<string, string>>,
  ) {
    this.copies = Array.from(
      { length: count },
      (_, at) => new ServiceCopy(join(folder, `copy-${at + 1}`), env),
    );
    this.#client = balancedClient(() => this.copies.flatMap(({ client }) => client ?? []));
  }

  /** None of it runs. */
  readonly isDown = (): boolean => this.copies.every(({ runs }) => !runs);

  /** What visitors and facilities reach. */
  readonly client = (): Client => this.#client;

  get running(): ServiceCopy['running'] {
    const found = this.copies.find(({ answers }) => answers);
    if (!found) throw new Error('The service does not run');
    return found.running;
  }

  get log(): string {
    return this.copies.map(({ log }) => log).join('');
  }

  /** What of it does not run. */
  async start(): Promise<void> {
    await Promise.all(this.copies.filter(({ runs }) => !runs).map((copy) => copy.start()));
  }

  async kill(): Promise<void> {
    await Promise.all(this.copies.filter(({ runs }) => runs).map((copy) => copy.kill()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.copies.map((copy) => copy.stop()));
    this.#client.close();
  }

  /** The copy that anchors, as soon as one of those that answer says so; never `except`. */
  async leader(signal: AbortSignal, except?: ServiceCopy): Promise<ServiceCopy> {
    for (;;) {
      for (const copy of this.copies)
        if (copy !== except && copy.answers && (await copy.metric('spondon_leader')) === 1) return copy;
      await delay(LOOK_MS, undefined, { signal });
    }
  }

  /** Starts what ended without having been told to; resolves with what each said. */
  async startEnded(): Promise<string[]> {
    const told: string[] = [];
    for (const copy of this.copies) {
      if (copy.ended === null) continue;
      told.push(copy.ended);
      await copy.untilEnded();
      await copy.start();
    }
    return told;
  }
}
