import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fromUtf8 } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import { type Issuer, issuerKey, type Status, statusKey } from '@spondon/protocol/records';
import type { Write } from '@spondon/ledger/port';
import { makeFolderDurably, syncFolder } from '../durable-file.js';
import { WorkerError } from '../error.js';

const JOURNAL = 'registry.jsonl';
const ISSUER_PREFIX = issuerKey('');
const STATUS_PREFIX = 'status/';

/** A line of the journal: what a block wrote, or (without a value) that a log appeared. */
interface Line {
  readonly block: number;
  readonly key: string;
  readonly value?: unknown;
}

/**
 * The small part of the world state that answers need and the logs do not hold: issuers, annulled revocations, and
 * the order in which logs appeared. Kept in memory; journalled in ledger order, so the file is a function of the ledger.
 */
export class Registry {
  readonly #issuers = new Map<string, Issuer>();
  readonly #annulments = new Map<string, Status>();
  readonly #logs: string[] = [];
  #unwritten = '';

  private constructor(
    private readonly file: FileHandle,
    private length: number,
  ) {}

  /** Opens the journal as its last checkpoint left it, `length` bytes long; what follows is cut off and read again. */
  static async open(folder: string, length: number): Promise<Registry> {
    await makeFolderDurably(folder);
    const path = join(folder, JOURNAL);
    const file = await open(path, 'a+');
    const { size } = await file.stat();
    if (size < length) {
      await file.close();
      throw new WorkerError('LOG_DAMAGED', `${JOURNAL} has ${size} bytes, its checkpoint says ${length}`);
    }
    await file.truncate(length);
    await file.sync();
    await syncFolder(dirname(path));
    const registry = new Registry(file, length);
    const text = await file.readFile('utf8');
    for (const line of text.split('\n')) if (line !== '') registry.#keep(JSON.parse(line) as Line);
    return registry;
  }

  get logs(): readonly string[] {
    return this.#logs;
  }

  issuer(iss: string): Issuer | undefined {
    return this.#issuers.get(iss);
  }

  issuers(): ReadonlyMap<string, Issuer> {
    return this.#issuers;
  }

  annulment(iss: string, jti: string): Status | undefined {
    return this.#annulments.get(statusKey(iss, jti));
  }

  /** Length of the journal when everything so far is written, bytes. */
  get journalLength(): number {
    return this.length + Buffer.byteLength(this.#unwritten);
  }

  addLog(block: number, mspId: string): number {
    const known = this.#logs.indexOf(mspId);
    if (known >= 0) return known;
    this.#journal({ block, key: `log/${mspId}` });
    return this.#logs.length - 1;
  }

  apply(block: number, { key, value }: Write): void {
    if (value === null) return;
    if (key.startsWith(ISSUER_PREFIX)) this.#journal({ block, key, value: JSON.parse(fromUtf8(value)) });
    if (key.startsWith(STATUS_PREFIX)) {
      const status = JSON.parse(fromUtf8(value)) as Status;
      // A revocation is found in the log itself; only its annulment stands nowhere else.
      if (status.annulled !== undefined) this.#journal({ block, key, value: status });
    }
  }

  async checkpoint(): Promise<void> {
    if (this.#unwritten === '') return;
    const bytes = Buffer.from(this.#unwritten);
    await this.file.appendFile(bytes);
    await this.file.datasync();
    this.length += bytes.length;
    this.#unwritten = '';
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  #journal(line: Line): void {
    this.#unwritten += `${canonicalJson(line)}\n`;
    this.#keep(line);
  }

  #keep({ key, value }: Line): void {
    if (key.startsWith(ISSUER_PREFIX)) this.#issuers.set(key.slice(ISSUER_PREFIX.length), value as Issuer);
    else if (key.startsWith(STATUS_PREFIX)) this.#annulments.set(key, value as Status);
    else this.#logs.push(key.slice('log/'.length));
  }
}
