import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  newHomeKey,
  PATIENT,
  reportDetails,
  scratchFolders,
  somePdf,
  until,
} from '../deployment/deployment.test-support.js';
import { storedApiKey } from './client.js';
import { runCommandLine } from './command-line.js';

/**
 * The command line against a service in a process of its own. Most commands run in this process, as `cli/main.ts` runs
 * them; where a process is what is looked at (exit codes, signals, a reader that leaves), the program itself does.
 */
const CLI = fileURLToPath(new URL('../../bin/spondon.js', import.meta.url));
/** No service answers here. */
const NOBODY = 'http://127.0.0.1:1';
const PORTAL = 'http://localhost:8080';
const SERVER = fileURLToPath(new URL('../server.js', import.meta.url));

const folder = await scratchFolders()();
const data = join(folder, 'data');
let url: string;
let server: ChildProcess;
let code: string;

interface Outcome {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const { PATH = '' } = process.env;
  return spawn(process.execPath, args, { cwd: folder, env: { PATH, ...env } });
}

function textOf(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  let text = '';
  child[stream]?.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)));
  return () => text;
}

async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const [out, err] = [textOf(child, 'stdout'), textOf(child, 'stderr')];
  await once(child, 'close');
  return { exit: child.exitCode, out: out(), err: err() };
}

/** The program itself. */
function program(...args: string[]): Promise<Outcome> {
  return outcomeOf(start([CLI, ...here(), ...args]));
}

const here = (): string[] => ['--url', url, '--data', data];
const spondon = (...args: string[]): Promise<Outcome> => inProcess([...here(), ...args]);

async function inProcess(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const written = { out: '', err: '' };
  const exit = await runCommandLine(args, {
    env,
    stdout: { write: (content) => (written.out += Buffer.from(content).toString()) },
    stderr: { write: (content) => (written.err += Buffer.from(content).toString()) },
  });
  return { exit, ...written };
}

async function succeeds(...args: string[]): Promise<string> {
  const { exit, out, err } = await spondon(...args);
  assert.equal(exit, 0, `${args.join(' ')}: ${out}${err}`);
  return out;
}

async function startServer(): Promise<void> {
  const env = {
    SPONDON_DATA_DIR: data,
    SPONDON_PORT: '0',
    SPONDON_PORTAL_URL: PORTAL,
    SPONDON_RATE_LIMIT: '0',
    SPONDON_LOG_LEVEL: 'error',
  };
  server = start([SERVER], env);
  const out = textOf(server, 'stdout');
  const err = textOf(server, 'stderr');
  await until(() => out().includes('Spondon listens on') || server.exitCode !== null);
  assert.equal(server.exitCode, null, err());
  assert.match(out(), /^Spondon's page is at http:\/\/localhost:8080, /);
  url = /listens on (\S+)/.exec(out())?.[1] ?? '';
}

async function endServer(signal: NodeJS.Signals): Promise<void> {
  const ended = once(server, 'exit');
  server.kill(signal);
  await ended;
}

async function anchored(document: string): Promise<void> {
  await until(async () => (await succeeds('show', document)).includes('"anchored"'));
}

before(async () => {
  // What a user names without a folder lies here.
  process.chdir(folder);
  await startServer();
  // The samples' key is written last.
  await until(() => existsSync(join(data, 'credentials', 'sample-hospital.json')));
  await writeFile(join(folder, 'a.pdf'), await somePdf());
  // As some editors write it.
  await writeFile(join(folder, 'claims.json'), `\ufeff${JSON.stringify(reportDetails.claims)}`);
  const out = await succeeds('--json', 'issue', 'a.pdf', '--kind', 'report', '--claims', 'claims.json');
  const issued = JSON.parse(out) as { documentId: string; warnings: { code: string }[] };
  code = issued.documentId;
  assert.deepEqual(
    issued.warnings.map((warning) => warning.code),
    ['LOOPBACK_PORTAL'],
  );
  await anchored(code);
  assert.equal((await program('file', code, '-o', 'stamped.pdf')).exit, 0);
  await succeeds('evidence', code, '-o', 'e.json');
  await succeeds('trust', '-o', 'trust.json');
});
after(async () => {
  if (server.exitCode === null && server.signalCode === null) await endServer('SIGKILL');
});

void test('keys and documents are written for their owner alone', async () => {
  const keys = ['credentials/operator.json', 'credentials/sample-hospital.json', 'master.key'];
  for (const file of [...keys.map((key) => join(data, key)), 'stamped.pdf'])
    assert.equal((await stat(file)).mode & 0o777, 0o600, file);
});

void test('a file and a code are verified, and the exit code tells the verdict', async () => {
  const valid = await program('verify', 'stamped.pdf');
  assert.equal(valid.exit, 0, valid.err);
  assert.match(valid.out, /VALID/);
  assert.match(await succeeds('verify', code), /VALID/);
  assert.equal((await program('verify', 'a.pdf')).exit, 3);
  const { exit, err } = await program('verify', 'no-such-file');
  assert.equal(exit, 1);
  assert.match(err, /There is no file no-such-file/);
  const unreachable = await inProcess(['--url', NOBODY, 'verify', code]);
  assert.equal(unreachable.exit, 1);
  assert.match(unreachable.err, /^UNREACHABLE: /);
});

void test('what is no command, or lacks an option, ends with 1 and says so; help is no error', async () => {
  const unknown = await program('forge');
  assert.deepEqual([unknown.exit, unknown.out], [1, '']);
  assert.match(unknown.err, /unknown command 'forge'/);
  const lacking = await spondon('file', code);
  assert.deepEqual([lacking.exit, lacking.out], [1, '']);
  assert.match(lacking.err, /--output/);
  assert.match(await succeeds('verify', '--help'), /Usage: spondon verify/);
});

void test('a reader that leaves ends the program without a complaint', async () => {
  const child = start([CLI, 'settings']);
  child.stdout?.destroy();
  const { exit, err } = await outcomeOf(child);
  assert.deepEqual([exit, err], [0, '']);
});

void test('a signed report of files and codes is fetched', async () => {
  await succeeds('report', 'stamped.pdf', code, '-o', 'report.pdf', '--language', 'bn');
  const pdf = await readFile(join(folder, 'report.pdf'), 'latin1');
  assert.match(pdf, /^%PDF-1\.7[\s\S]*ETSI\.CAdES\.detached[\s\S]*%%EOF\n$/);
  assert.match(
    (await spondon('report', 'no-such-file', '-o', 'none.pdf')).err,
    /There is no file no-such-file/,
  );
});

const offline = (file: string, evidence: string, ...more: string[]): Promise<Outcome> =>
  // Nothing but the files is used.
  inProcess(['--url', NOBODY, 'verify', file, '--evidence', evidence, '--trust', 'trust.json', ...more]);

void test('evidence and trust list verify a file with no network, and what was tampered with does not', async () => {
  const sound = await offline('stamped.pdf', 'e.json');
  assert.equal(sound.exit, 0, sound.out + sound.err);
  assert.match(sound.out, /VALID[\s\S]*endorsed by SpondonMSP/);
  const pin = /trust list\s+([0-9a-f]{64})/.exec(sound.out)?.[1] ?? '';
  assert.equal((await offline(code, 'e.json', '--pin', pin)).exit, 0);
  const pinned = await offline('stamped.pdf', 'e.json', '--pin', '0'.repeat(64));
  assert.equal(pinned.exit, 1);
  assert.match(pinned.err, /^TRUST_PIN: /);
  assert.equal((await offline('claims.json', 'e.json')).exit, 3, 'another file');
  // A nanosecond ago is long ago: what the evidence says of withdrawals is older than the asker allows.
  const stale = await offline(code, 'e.json', '--max-age', '0.0000000001');
  assert.equal(stale.exit, 4);
  assert.match(stale.out, /UNAVAILABLE[\s\S]*longer ago than you allow/);
  assert.match(
    (await spondon('verify', 'stamped.pdf', '--pin', pin)).err,
    /--pin and --max-age are for a check with/,
  );

  const evidence = await readFile(join(folder, 'e.json'), 'utf8');
  const at = evidence.indexOf('"entry":"') + 60;
  const other = evidence[at] === 'A' ? 'B' : 'A';
  await writeFile(join(folder, 'tampered.json'), `${evidence.slice(0, at)}${other}${evidence.slice(at + 1)}`);
  const tampered = await offline('stamped.pdf', 'tampered.json');
  assert.notEqual(tampered.exit, 0);
  assert.doesNotMatch(tampered.out, /✓ VALID/);
  await writeFile(join(folder, 'none.json'), '{}');
  const none = await offline('stamped.pdf', 'none.json');
  assert.deepEqual([none.exit, /^\w+: none\.json: /.test(none.err)], [1, true], none.err);
  const text = await spondon('issue', 'a.pdf', '--kind', 'report', '--claims', 'a.pdf');
  assert.deepEqual([text.exit, text.err], [1, 'a.pdf is not JSON\n']);
  const half = await spondon('verify', 'stamped.pdf', '--evidence', 'e.json');
  assert.match(half.err, /--evidence and --trust go together/);
});

void test('a document is replaced and revoked', async () => {
  const args = ['issue', 'a.pdf', '--kind', 'report', '--claims', 'claims.json', '--supersedes', code];
  const { documentId } = JSON.parse(await succeeds('--json', ...args)) as { documentId: string };
  await anchored(documentId);
  const old = await spondon('verify', code);
  assert.match(old.out, /SUPERSEDED/);
  assert.equal(old.exit, 3);
  assert.match(await succeeds('revoke', documentId, '--reason', 'error'), /is revoked/);
  const again = await spondon('revoke', documentId, '--reason', 'error');
  assert.deepEqual([again.exit, again.err.split(':')[0]], [1, 'ALREADY_REVOKED']);
  const { issuer } = JSON.parse(await succeeds('show', documentId)) as { issuer: string };
  await until(async () => /"revocation": \{\s*"state": "anchored"/.test(await succeeds('show', documentId)));
  assert.match(await succeeds('annul', issuer, documentId), /is annulled/);
  assert.match(await succeeds('verify', documentId), /VALID/);
  assert.match((await spondon('annul', issuer, documentId)).err, /^REFUSED_BY_LEDGER: /);
  assert.match((await spondon('erase', documentId)).err, /--yes/);
  assert.match(await succeeds('erase', documentId, '--yes'), /is erased here/);
  assert.match((await spondon('file', documentId, '-o', 'erased.pdf')).err, /^DOCUMENT_ERASED: /);
});

void test('facilities are admitted, suspended, given keys, by the operator alone', async () => {
  const facility = ['--name', 'Clinic', '--kind', 'clinic', '--licence', 'L', '--telephone', '+880 2 0000 9'];
  await writeFile(join(folder, 'jwk.json'), JSON.stringify(newHomeKey().jwk));
  await succeeds('admit', 'bd.dghs.55', ...facility, '--jwk', 'jwk.json');
  assert.match(await succeeds('suspend', 'bd.dghs.55'), /"suspended"/);
  assert.match(await succeeds('reinstate', 'bd.dghs.55'), /"admitted"/);
  await writeFile(join(folder, 'jwk.json'), JSON.stringify(newHomeKey().jwk));
  assert.match(await succeeds('rotate-key', 'bd.dghs.55', '--jwk', 'jwk.json'), /"rotated"/);
  const [clinic] = JSON.parse(await succeeds('facilities', 'bd.dghs.55')) as {
    keys: { kid: string; from: string }[];
  }[];
  const { kid = '', from = '' } = clinic?.keys.at(-1) ?? {};
  const ended = await succeeds(
    'end-key',
    'bd.dghs.55',
    '--kid',
    kid,
    '--why',
    'compromised',
    '--since',
    from,
  );
  assert.ok(ended.includes(`"until": "${from}"`) && ended.includes('"compromised"'), ended);
  const when = await spondon('end-key', 'bd.dghs.55', '--kid', kid, '--why', 'rotated', '--since', 'May');
  assert.match(when.err, /^REQUEST_INVALID: /);
  assert.match((await spondon('facilities', 'bd.dghs.56')).err, /No facility bd\.dghs\.56 is admitted/);
  const { id } = JSON.parse(await succeeds('api-key', 'bd.dghs.55')) as { id: string };
  assert.match(await succeeds('api-key', 'bd.dghs.55', '--end', id), /is ended/);
  const env = { SPONDON_OPERATOR_KEY: await storedApiKey(data, 'sample-hospital', 'SPONDON_API_KEY') };
  const asHospital = await inProcess(['--url', url, 'suspend', 'bd.dghs.55'], env);
  assert.match(asHospital.err, /^FORBIDDEN: /);
});

void test('a batch that is stopped goes on where it stopped, and issues nothing twice', async () => {
  const rows = Array.from(
    { length: 16 },
    (_, row) => `${row}.pdf,report,${PATIENT} ${row},1990-01-01,Count,2026-01-01,Normal`,
  );
  const header = 'file,kind,name,birthDate,test,specimenDate,result';
  // One row stands there twice, and one names a file outside.
  await writeFile(
    join(folder, 'sheet.csv'),
    [header, ...rows, rows[0], '../a.pdf,report,X Y,1990-01-01,T,2026-01-01,N', ''].join('\n'),
  );
  for (const row of rows.keys()) await writeFile(join(folder, `${row}.pdf`), await somePdf());
  const args = ['issue', '--batch', folder, '--csv', 'sheet.csv'];
  const journal = join(folder, 'sheet.csv.issued.jsonl');
  const lines = async (): Promise<string[]> =>
    existsSync(journal) ? (await readFile(journal, 'utf8')).split('\n').filter((line) => line !== '') : [];
  const first = start([CLI, ...here(), ...args]);
  const outcome = outcomeOf(first);
  await until(async () => (await lines()).length > 0);
  first.kill('SIGINT');
  const stopped = await outcome;
  assert.equal(stopped.exit, 1);
  // As if the process had died while it wrote a line down: its row is asked for again, and answered as before.
  const written = await readFile(journal, 'utf8');
  await writeFile(journal, written.slice(0, -20));
  const second = await spondon(...args);
  assert.equal(second.exit, 1);
  assert.match(second.out, /^16 of 17 issued/);
  assert.match(second.err, /\.\.\/a\.pdf: .*is not in/);
  // A spreadsheet may move columns, and leave empty ones behind: the rows say the same, with the journal or without.
  const moved = ['result,specimenDate,test,birthDate,name,kind,file,', ...rows.map((row) => reversed(row))];
  await writeFile(join(folder, 'sheet.csv'), moved.join('\n'));
  const before = await lines();
  assert.match(await succeeds(...args), /^16 of 16 issued/);
  assert.deepEqual(await lines(), before);
  await rm(journal);
  await succeeds(...args);
  const codes = (await lines()).flatMap((line) => /"documentId":"([^"]+)"/.exec(line)?.[1] ?? []);
  assert.equal(new Set(codes).size, 16);
  const { documents } = JSON.parse(await listDocuments()) as { documents: { documentId: string }[] };
  assert.equal(documents.length, 8 + 2 + 16);
});

/** A row's columns the other way round, and an empty one after them. */
function reversed(row: string): string {
  return [...row.split(',').reverse(), ''].join(',');
}

async function listDocuments(): Promise<string> {
  const authorization = `Bearer ${await storedApiKey(data, 'sample-hospital', 'SPONDON_API_KEY')}`;
  return (await fetch(`${url}/v1/documents?limit=200`, { headers: { authorization } })).text();
}

void test('every setting is listed with what it means', async () => {
  const out = await succeeds('settings');
  for (const name of ['SPONDON_PORT', 'SPONDON_MASTER_KEY', 'SPONDON_PORTAL_URL', 'SPONDON_TRUST_PROXY'])
    assert.ok(out.includes(name));
  const bad = await outcomeOf(start([SERVER], { SPONDON_PORT: 'http' }));
  assert.equal(bad.exit, 1);
  assert.match(bad.err, /^CONFIG_INVALID: SPONDON_PORT must be: port to listen on/);
});

void test('backup, kill, fsck, reindex, restore: as an operator does them', async () => {
  const backup = join(folder, 'backup');
  assert.match(await succeeds('backup', backup), /everything but the master key/);
  const locked = await spondon('fsck');
  assert.match(locked.err, /^DATA_LOCKED: /);
  const issuing = Promise.allSettled(
    Array.from({ length: 4 }, () => spondon('issue', 'a.pdf', '--kind', 'report', '--claims', 'claims.json')),
  );
  const size = (await stat(join(data, 'ledger', 'blocks'))).size;
  await until(async () => (await stat(join(data, 'ledger', 'blocks'))).size > size);
  await endServer('SIGKILL');
  assert.match(await succeeds('fsck'), /Everything is sound/);
  assert.match(await succeeds('reindex'), /rebuilt from \d+ blocks/);
  assert.match(await succeeds('tidy'), /Removed \d+ encrypted files/);
  assert.match(await succeeds('fsck'), /Everything is sound/);
  await issuing;

  const restored = join(folder, 'restored');
  await succeeds('--data', restored, 'restore', backup);
  await writeFile(join(restored, 'master.key'), await readFile(join(data, 'master.key')), { mode: 0o600 });
  assert.match(await succeeds('--data', restored, 'change-master-key'), /sealed under the new master key/);
  assert.match(await succeeds('--data', restored, 'renew-report-key'), /next start makes a new key/);
  assert.match(await succeeds('--data', restored, 'fsck'), / 0 keys of reports[\s\S]*Everything is sound/);
  const blob = join(restored, 'ledger', 'blocks');
  const bytes = await readFile(blob);
  bytes.writeUInt8(bytes.readUInt8(500) ^ 1, 500);
  await writeFile(blob, bytes);
  const damaged = await program('--data', restored, 'fsck');
  assert.equal(damaged.exit, 1);
  assert.match(damaged.out, /DAMAGED {2}ledger/);
});

void test('a service that is told to end ends well, and the next one goes on', async () => {
  await startServer();
  assert.match((await spondon('verify', 'stamped.pdf')).out, /SUPERSEDED/);
  await endServer('SIGTERM');
  assert.equal(server.exitCode, 0);
});
