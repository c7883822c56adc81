import { once } from 'node:events';
import { type Client, createClient } from '../client.js';
import { type Service, startService } from '../service.js';

const CONNECTIONS = 24;
/** Of what it logs, the end is kept. */
const LOG_BYTES = 1 << 20;

/** The service, which may be killed and comes back under another address with the same data. */
export class ServiceUnderTrial {
  #service: Service | null = null;
  #client: Client | null = null;
  #log = '';

  constructor(
    private readonly dataDir: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  readonly isDown = (): boolean => this.#service === null;

  /** For the service that runs, or the last one that did. */
  readonly client = (): Client => {
    if (!this.#client) throw new Error('The service was never started');
    return this.#client;
  };

  get running(): Service {
    if (!this.#service) throw new Error('The service does not run');
    return this.#service;
  }

  get folder(): string {
    return this.dataDir;
  }

  /** JSON lines, warnings and worse. */
  get log(): string {
    return this.#log;
  }

  async start(): Promise<void> {
    const env = { SPONDON_LOG_LEVEL: 'warn', SPONDON_SAMPLES: 'false', ...this.env };
    const service = await startService({ dataDir: this.dataDir, env });
    service.process.stdout?.on('data', (chunk) => {
      this.#log = (this.#log + String(chunk)).slice(-LOG_BYTES);
    });
    this.#client?.close();
    this.#client = createClient(service.url, CONNECTIONS);
    this.#service = service;
  }

  async kill(): Promise<void> {
    const { running } = this;
    this.#service = null;
    await running.kill();
  }

  async stop(): Promise<void> {
    const service = this.#service;
    this.#service = null;
    this.#client?.close();
    await service?.stop();
  }

  /** What it did not survive: it ended and nobody had asked for that. Null while it runs. */
  get ended(): string | null {
    if (!this.#service) return null;
    const { exitCode, signalCode } = this.#service.process;
    if (exitCode === null && signalCode === null) return null;
    return `the service ended by itself with ${signalCode ?? `code ${exitCode ?? ''}`}`;
  }

  /** Resolves once it has ended by itself. */
  async untilEnded(): Promise<void> {
    if (this.ended === null) await once(this.running.process, 'exit');
    this.#service = null;
  }
}
