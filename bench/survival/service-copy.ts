import { once } from 'node:events';
import { type Answer, type Call, type Client, createClient, metric } from '../client.js';
import { type Service, startService } from '../service.js';

const CONNECTIONS = 24;
/** Of what it logs, the end is kept. */
const LOG_BYTES = 1 << 20;

/** One process of the service, with the worker in it, which comes back under another address with the same data. */
export class ServiceCopy {
  #service: Service | null = null;
  #client: Client | null = null;
  #isPaused = false;
  #log = '';

  constructor(
    private readonly dataDir: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  get runs(): boolean {
    return this.#service !== null;
  }

  get answers(): boolean {
    return this.runs && !this.#isPaused;
  }

  /** For the process that runs, or the last one that did; null before the first. */
  get client(): Client | null {
    return this.#client;
  }

  get running(): Service {
    if (!this.#service) throw new Error('The service does not run');
    return this.#service;
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

  pause(): void {
    this.#isPaused = true;
    this.running.process.kill('SIGSTOP');
  }

  resume(): void {
    this.running.process.kill('SIGCONT');
    this.#isPaused = false;
  }

  async stop(): Promise<void> {
    if (this.#isPaused) this.resume();
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

  /** Asks this copy and no other. */
  send(call: Call): Promise<Answer> {
    if (!this.#client) throw new Error('The service was never started');
    return this.#client.send(call);
  }

  /** `name`: an expression for name and labels. */
  metric(name: string): Promise<number> {
    return metric({ send: (call) => this.send(call) }, name);
  }
}
