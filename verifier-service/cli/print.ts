import { writeFile } from 'node:fs/promises';
import type { Verdict } from '@spondon/protocol/verdict/summaries';
import type { Issued } from '../documents/issue.js';
import { type Answer, MARK_WORDS } from '../verify/answer.js';
import type { Output } from './context.js';
import type { ProvenAnswer } from './verify.js';

/** For people: a verdict in words, then each check with its reason. Colour only on a terminal, and never alone. */

const MARKS = { passed: '✓', failed: '✗', unavailable: '?' } as const;
const COLOURS = { passed: 32, failed: 31, unavailable: 33 } as const;

export function printAnswer(
  out: Output,
  answer: Answer & Partial<Pick<ProvenAnswer, 'trust' | 'endorsedBy' | 'facts'>>,
  json: boolean,
): void {
  if (json) {
    print(out, JSON.stringify(answer, null, 2));
    return;
  }
  const { verdict, summary, checks, notes, document, others = [] } = answer;
  const tone =
    verdict === 'valid'
      ? 'passed'
      : verdict === 'unavailable' || verdict === 'pending'
        ? 'unavailable'
        : 'failed';
  print(out, `${paint(out, tone, `${MARKS[tone]} ${verdict.toUpperCase()}`)}  ${summary}\n`);
  for (const { id, state, message } of checks)
    print(out, `  ${paint(out, state, MARKS[state])} ${id.padEnd(10)} ${message}`);
  for (const { message } of notes)
    print(out, `  ${paint(out, 'unavailable', '!')} ${'note'.padEnd(10)} ${message}`);
  if (document) {
    const { documentId, kind, issuer } = document;
    print(out, `\n  document   ${documentId} (${kind})`);
    print(
      out,
      `  issuer     ${issuer.name ?? 'unknown'} (${issuer.issuerId}), telephone ${issuer.telephone ?? 'unknown'}`,
    );
    print(out, `  anchored   ${'anchoredAt' in document ? document.anchoredAt : 'not yet'}`);
  }
  for (const { mark, documentId, kind, issuer } of others) {
    print(
      out,
      `  also       ${documentId} (${kind}) by ${issuer.name ?? issuer.issuerId}: ${MARK_WORDS[mark]}`,
    );
  }
  for (const { subject, facts } of answer.facts ?? []) {
    print(out, '\n  compare with what is printed:');
    for (const [name, value] of Object.entries({ ...subject, ...facts })) {
      print(out, `    ${inWords(name).padEnd(20)} ${[value].flat().join('; ')}`);
    }
  }
  if (answer.trust !== undefined) {
    print(out, `\n  endorsed by ${answer.endorsedBy?.join(', ') || 'nobody'}`);
    print(out, `  trust list  ${answer.trust}`);
    print(
      out,
      '              compare this fingerprint with one that you got another way, or give it as --pin',
    );
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

export function printIssued(out: Output, issued: Issued, json: boolean): void {
  if (json) {
    print(out, JSON.stringify(issued, null, 2));
    return;
  }
  const { documentId, sha256, warnings } = issued;
  print(out, `${documentId} is issued; its anchoring takes a moment`);
  print(out, `  sha256  ${sha256}`);
  for (const { code, message } of warnings) print(out, `  ! ${code}: ${message}`);
  print(out, `\n  npx spondon file ${documentId} -o stamped.pdf    the stamped file for the patient`);
  print(out, `  npx spondon show ${documentId}                   its state`);
}

export function printSettings(
  out: Output,
  settings: readonly { name: string; default: string; meaning: string }[],
): void {
  for (const { name, default: value, meaning } of settings) {
    print(out, `${name}${value === '' ? '' : ` (${value})`}\n    ${meaning}`);
  }
}

function paint(out: Output, state: keyof typeof COLOURS, text: string): string {
  return out.isTTY ? `\u001b[${COLOURS[state]}m${text}\u001b[0m` : text;
}

export function print(out: Output, line: string): void {
  out.write(`${line}\n`);
}

/** As it is, to a file, or to where output goes when none is named. */
export async function put(
  out: Output,
  content: string | Uint8Array,
  file: string | undefined,
): Promise<void> {
  if (file === undefined) out.write(content);
  else await writeFile(file, content);
}
