import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ServiceError, type ServiceErrorCode } from '../error.js';
import { openPdfLazily } from '../intake/pdf/file.js';
import { RawString } from '../intake/pdf/value.js';
import { MM } from '../intake/units.js';
import { createThreadPool } from '../threads/pool.js';
import type { StampDetails } from './details.js';
import type { Placement, StampedPdf } from './stamp.js';
import { readQrCodes, shareOfChange, startViewer, type OpenShown } from './test-pages.js';
import type { WildJob } from './wild-thread.js';
import { readXmpClaims } from './xmp.js';

/**
 * Real PDFs of many producers through intake and stamp: fixtures/wild/collect.sh fetches them. SPONDON_WILD names their
 * folder, SPONDON_WILD_FILES how many to take of it, spread over all packages (200).
 */
const FOLDER = process.env['SPONDON_WILD'] ?? path.join(tmpdir(), 'spondon-wild');
const MOST = Number(process.env['SPONDON_WILD_FILES'] ?? 200);
const TIMEOUT_MS = 30_000;
/** Of files that a PDF reader shows without complaint, at most this share may be refused for being damaged. */
const MAX_REFUSED = 0.05;

const run = promisify(execFile);
const jws = ['h', 'p', 's'].map((part) => createHash('sha512').update(part).digest('base64url')).join('.');
const DETAILS: StampDetails = {
  claimsUrl: `https://verify.example.org/v#${jws}`,
  claimsJws: jws,
  code: '7K3M-Q2XD-9FHT-W4ZB-8',
  host: 'verify.example.org',
  issuerName: 'ঢাকা মেডিকেল কলেজ হাসপাতাল',
  issuedOn: '২৩ নভেম্বর ২০২৫',
  language: 'bn',
  nonce: new Uint8Array(16).fill(7),
};

const skip = !existsSync(FOLDER)
  ? `no files of the wild in ${FOLDER}: run fixtures/wild/collect.sh`
  : (await run('qpdf', ['--version']).catch(() => undefined)) === undefined
    ? 'qpdf is not installed'
    : false;

let work: string;
let view: OpenShown;
before(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'spondon-wild-test-'));
  view = await startViewer();
});
after(() => {
  rmSync(work, { recursive: true, force: true });
});

function chooseFiles(): string[] {
  const all = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.pdf'))
    .sort();
  const step = Math.max(1, all.length / MOST);
  return Array.from({ length: Math.min(MOST, all.length) }, (_, i) => all[Math.floor(i * step)] ?? '');
}

test(
  'every PDF of the wild is stamped and still shows what it showed, or is refused with a code that fits',
  { skip },
  async (t) => {
    const pool = createThreadPool<WildJob, StampedPdf>({
      module: new URL('./wild-thread.js', import.meta.url),
      threads: 2,
      maxQueue: MOST,
      timeoutMs: TIMEOUT_MS,
    });
    const table = new Map<string, Map<string, number>>();
    const count = (producer: string, outcome: string): void => {
      const row = table.get(producer) ?? new Map<string, number>();
      table.set(producer, row.set(outcome, (row.get(outcome) ?? 0) + 1));
    };
    const faults: string[] = [];
    const files = chooseFiles();
    let damaged = 0;
    for (const name of files) {
      const bytes = readFileSync(path.join(FOLDER, name));
      const producer = producerOf(bytes);
      try {
        const stamped = await pool.run({ file: Uint8Array.from(bytes), stamp: DETAILS });
        count(producer, stamped.placement.strip > 0 ? 'with a strip' : 'on the page');
        faults.push(...(await faultsOf(bytes, stamped)).map((fault) => `${name}: ${fault}`));
      } catch (error) {
        assert.ok(error instanceof ServiceError, `${name}: ${String(error)}`);
        count(producer, error.code);
        if (!(await deservedly(error.code, bytes)))
          faults.push(`${name}: refused with ${error.code}: ${error.message}`);
        if (error.code === 'FILE_DAMAGED') damaged++;
      }
    }
    await pool.close();
    for (const line of printTable(table)) t.diagnostic(line);
    assert.deepEqual(faults, []);
    assert.ok(
      damaged <= files.length * MAX_REFUSED,
      `${damaged} of ${files.length} files refused as damaged`,
    );
  },
);

/** Whether qpdf and PDFium, which know nothing of us, say the same. */
async function deservedly(code: ServiceErrorCode, bytes: Uint8Array): Promise<boolean> {
  const file = path.join(work, 'refused.pdf');
  writeFileSync(file, bytes);
  if (code === 'FILE_ENCRYPTED')
    return run('qpdf', ['--is-encrypted', file]).then(
      () => true,
      () => false,
    );
  if (code === 'FILE_DAMAGED')
    return run('qpdf', ['--check', file]).then(
      () => false,
      () => true,
    );
  if (code === 'FILE_EMPTY') return bytes.length === 0;
  if (code === 'FILE_TYPE_UNKNOWN')
    return view(bytes).then(
      () => false,
      () => true,
    );
  const shown = await view(bytes);
  try {
    if (code === 'FILE_BOMB') return shown.pages > 2_000;
    return code === 'FILE_NO_ROOM' && (await shown.page(0, 72)).width < 54 * MM;
  } finally {
    shown.close();
  }
}

async function faultsOf(original: Uint8Array, { bytes, placement }: StampedPdf): Promise<string[]> {
  const faults: string[] = [];
  if (!Buffer.from(bytes).subarray(0, original.length).equals(original) && headerIsFirst(original)) {
    faults.push('its original bytes are not there any more');
  }
  const file = path.join(work, 'stamped.pdf');
  writeFileSync(file, bytes);
  await run('qpdf', ['--check', file]).catch((error: unknown) =>
    faults.push(`qpdf: ${String(error).slice(0, 400)}`),
  );
  if (readXmpClaims(bytes) !== DETAILS.claimsJws) faults.push('its metadata does not give the claims');
  return [...faults, ...(await faultsShown(original, bytes, placement))];
}

const headerIsFirst = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(0, 5)).toString() === '%PDF-';

async function faultsShown(
  original: Uint8Array,
  stamped: Uint8Array,
  placement: Placement,
): Promise<string[]> {
  const faults: string[] = [];
  const was = await view(original);
  const is = await view(stamped);
  try {
    if (was.pages !== is.pages) faults.push(`${was.pages} pages became ${is.pages}`);
    const index = placement.page - 1;
    const before = await was.page(index, 72);
    const after = await is.page(index, 72);
    const top = after.height - (placement.y + placement.height) * MM - 2;
    const bottom = after.height - placement.y * MM + 2;
    const [left, right] = [placement.x * MM - 2, (placement.x + placement.width) * MM + 2];
    const outside = (x: number, y: number): boolean => y < top || y > bottom || x < left || x > right;
    const grown = Math.abs(after.height - before.height - placement.strip * MM);
    if (grown > 1 || before.width !== after.width) faults.push('its page is of another size');
    const change = shareOfChange(
      before,
      after,
      placement.strip > 0 ? (_, y) => y < before.height - 4 : outside,
    );
    if (change > 0.0005) faults.push(`its page shows something else: ${(change * 100).toFixed(2)} % of it`);
    if (!after.text.includes(DETAILS.code)) faults.push('its code cannot be found as text');
    const codes = await readQrCodes(await is.page(index, 150));
    if (!codes.includes(DETAILS.claimsUrl)) faults.push('its QR code cannot be read');
    for (let i = index + 1; i < Math.min(was.pages, index + 6); i++) {
      if (was.text(i) !== is.text(i)) faults.push(`page ${i + 1} says something else`);
    }
    return faults;
  } finally {
    was.close();
    is.close();
  }
}

/** The program's name without its version, as the file gives it. */
function producerOf(bytes: Uint8Array): string {
  try {
    const file = openPdfLazily(bytes);
    const producer = file.resolve(file.dict(file.xref.trailer.get('Info'))?.get('Producer'));
    if (!(producer instanceof RawString)) return '(unnamed)';
    const raw = Buffer.from(producer.token);
    const coded =
      raw[0] === 0x3c ? Buffer.from(raw.toString('latin1').slice(1, -1), 'hex') : raw.subarray(1, -1);
    const text = coded.toString('latin1').replace(/\\[0-7]{3}|[^ -~]/g, '');
    return /^[A-Za-z][A-Za-z+-]*( [A-Za-z]+)?/.exec(text)?.[0] ?? '(unnamed)';
  } catch {
    return '(unreadable)'; // a producer's name is for the table only
  }
}

function printTable(table: ReadonlyMap<string, ReadonlyMap<string, number>>): string[] {
  const rows = [...table].sort(([a], [b]) => a.localeCompare(b));
  return rows.map(([producer, outcomes]) => {
    const parts = [...outcomes].map(([outcome, times]) => `${outcome} ${times}`);
    return `${producer.padEnd(28)} ${parts.join(', ')}`;
  });
}
