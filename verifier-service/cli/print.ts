import { writeFile } from 'node:fs/promises';
import type { OtherRecord } from '@spondon/protocol/verdict/selection';
import type { Verdict } from '@spondon/protocol/verdict/summaries';
import type { Issued } from '../documents/issue.js';
import type { Answer } from '../verify/answer.js';
import type { ProvenAnswer } from './verify.js';

/** For people: a verdict in words, then each check with its reason. Colour only on a terminal, and never alone. */

const MARKS = { passed: '✓', failed: '✗', unavailable: '?' } as const;
/** What a further record is to the one that is shown. */
const OTHERS = {
  'same-file': 'vouches for the same file',
  conflict: 'another document under this code',
  repeated: 'the same once more',
  'not-signed': 'bears no valid signature',
  'other-code': 'of another code in the file',
} as const satisfies Record<OtherRecord['mark'], string>;
const COLOURS = { passed: 32, failed: 31, unavailable: 33 } as const;

export function printAnswer(
  answer: Answer & Partial<Pick<ProvenAnswer, 'trust' | 'endorsedBy' | 'facts'>>,
  json: boolean,
): void {
  if (json) {
    print(JSON.stringify(answer, null, 2));
    return;
  }
  const { verdict, summary, checks, notes, document, others = [] } = answer;
  const tone =
    verdict === 'valid'
      ? 'passed'
      : verdict === 'unavailable' || verdict === 'pending'
        ? 'unavailable'
        : 'failed';
  print(`${paint(tone, `${MARKS[tone]} ${verdict.toUpperCase()}`)}  ${summary}\n`);
  for (const { id, state, message } of checks)
    print(`  ${paint(state, MARKS[state])} ${id.padEnd(10)} ${message}`);
  for (const { message } of notes) print(`  ${paint('unavailable', '!')} ${'note'.padEnd(10)} ${message}`);
  if (document) {
    const { documentId, kind, issuer } = document;
    print(`\n  document   ${documentId} (${kind})`);
    print(
      `  issuer     ${issuer.name ?? 'unknown'} (${issuer.issuerId}), telephone ${issuer.telephone ?? 'unknown'}`,
    );
    print(`  anchored   ${'anchoredAt' in document ? document.anchoredAt : 'not yet'}`);
  }
  for (const { mark, documentId, kind, issuer } of others) {
    print(`  also       ${documentId} (${kind}) by ${issuer.name ?? issuer.issuerId}: ${OTHERS[mark]}`);
  }
  for (const { subject, facts } of answer.facts ?? []) {
    print('\n  compare with what is printed:');
    for (const [name, value] of Object.entries({ ...subject, ...facts })) {
      print(`    ${inWords(name).padEnd(20)} ${[value].flat().join('; ')}`);
    }
  }
  if (answer.trust !== undefined) {
    print(`\n  endorsed by ${answer.endorsedBy?.join(', ') || 'nobody'}`);
    print(`  trust list  ${answer.trust}`);
    print('              compare this fingerprint with one that you got another way, or give it as --pin');
  }
}

/** 'birthDate' as 'birth date'. */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]|\d+/g, (part) => ` ${part.toLowerCase()}`);
}

/** 0: valid; 3: another verdict; 4: it could not be checked, or not yet. */
export function exitCodeOf(verdict: Verdict): number {
  if (verdict === 'valid') return 0;
  return verdict === 'unavailable' || verdict === 'pending' ? 4 : 3;
}

export function printIssued(issued: Issued, json: boolean): void {
  if (json) {
    print(JSON.stringify(issued, null, 2));
    return;
  }
  const { documentId, sha256, warnings } = issued;
  print(`${documentId} is issued; its anchoring takes a moment`);
  print(`  sha256  ${sha256}`);
  for (const { code, message } of warnings) print(`  ! ${code}: ${message}`);
  print(`\n  npx spondon file ${documentId} -o stamped.pdf    the stamped file for the patient`);
  print(`  npx spondon show ${documentId}                   its state`);
}

export function printSettings(settings: readonly { name: string; default: string; meaning: string }[]): void {
  for (const { name, default: value, meaning } of settings) {
    print(`${name}${value === '' ? '' : ` (${value})`}\n    ${meaning}`);
  }
}

function paint(state: keyof typeof COLOURS, text: string): string {
  return process.stdout.isTTY ? `\u001b[${COLOURS[state]}m${text}\u001b[0m` : text;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** As it is, to a file or to standard output. */
export async function put(content: string | Uint8Array, output: string | undefined): Promise<void> {
  if (output === undefined) process.stdout.write(content);
  else await writeFile(output, content);
}
