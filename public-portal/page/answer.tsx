import type { Claims } from '@spondon/protocol/claims';
import { formatDocumentId } from '@spondon/protocol/document-id';
import type { Check } from '@spondon/protocol/verdict/codes';
import { Fragment } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Answer } from '../check/answer.js';
import type { Service } from '../check/service.js';
import type { PanelList } from '../panel/panel-list.js';
import {
  ageOf,
  digitsOf,
  fill,
  headlineOf,
  momentOf,
  plainName,
  type StepId,
  type StepState,
  sizeOf,
  type Words,
} from '../words/words.js';
import type { Outcome } from './ask.js';
import { Facts } from './facts.js';
import { VerdictMark, weightOf } from './marks.js';
import { PanelAnswer } from './panel.js';
import { ReportButton } from './report.js';
import { save } from './save.js';
import { Steps } from './steps.js';
import { useTitle } from './title.js';

interface AnswerScreenProps {
  readonly words: Words;
  readonly outcome: Outcome;
  readonly service: Service;
  readonly host: string;
  readonly panel: PanelList | null;
  /** Of the button that leaves the answer, when it leads elsewhere than to the start. */
  readonly again?: string;
  readonly onAgain: () => void;
}

export function AnswerScreen({
  words,
  outcome,
  service,
  host,
  panel,
  again = words.again,
  onAgain,
}: AnswerScreenProps) {
  const { subject, answer, reported } = outcome;
  const { verdict, document: record, notes, evidence, asOf } = answer;
  const weight = weightOf(answer);
  const title = useRef<HTMLHeadingElement>(null);
  useTitle(headlineOf(answer, words));
  // Who listens to the page hears the verdict first.
  useEffect(() => title.current?.focus(), [answer]);
  return (
    <article class="answer">
      <header class={`verdict ${weight}`}>
        <VerdictMark weight={weight} />
        <div>
          <h1 ref={title} tabIndex={-1}>
            {headlineOf(answer, words)}
          </h1>
          <p>
            {asOf === null
              ? words.summary(verdict, answer.asked, record?.issuer ?? null)
              : fill(words.asOfSummary, { date: momentOf(asOf, words) })}
          </p>
        </div>
      </header>
      {subject.brought === 'file' && (
        <p class="file-name">
          <bdi>{plainName(subject.name)}</bdi> · {sizeOf(subject.size, words)}
        </p>
      )}
      {answer.hasOtherEvidence && <p class="note">{words.otherEvidence}</p>}
      {notes.map((note) => (
        <p key={note} class="note">
          {words.notes[note]}
        </p>
      ))}
      {outcome.foreignHosts.map((foreign) => (
        <p key={foreign} class="alarm" role="alert">
          {fill(words.foreignCode, { host: foreign })}
        </p>
      ))}
      <PanelAnswer words={words} answer={answer} list={panel} />
      <FactsToCompare words={words} answer={answer} />
      <Record words={words} answer={answer} />
      <section>
        <h2>{words.stepsTitle}</h2>
        <Steps
          words={asOf === null ? words : { ...words, steps: { ...words.steps, status: words.statusThen } }}
          asked={subject.brought}
          of={(id) => stepOf(id, outcome, words)}
        />
        <p class="aside">
          {fill(words.rests[restOf(answer)], { witnesses: words.witnesses(answer.endorsedBy) })}{' '}
          {outcome.trust
            ? fill(words.listAge, { age: ageOf(answer.checkedAt - outcome.trust.fetchedAt, words) })
            : words.listNever}
        </p>
      </section>
      <p class="checked-at">{fill(words.checkedAt, { moment: momentOf(answer.checkedAt, words), host })}</p>
      <div class="actions">
        <button type="button" onClick={onAgain}>
          {again}
        </button>
        {evidence !== null && record && (
          <button
            type="button"
            class="plain"
            onClick={() =>
              save(new Blob([evidence], { type: 'application/json' }), evidenceName(record.documentId))
            }
          >
            {words.saveEvidence}
          </button>
        )}
        {reported && (
          <ReportButton
            words={words}
            label={words.report.save}
            make={() => service.report([reported], words.language)}
            name="spondon-report.pdf"
          />
        )}
        <button type="button" class="plain" onClick={() => print()}>
          {words.print}
        </button>
      </div>
      {evidence !== null && record && (
        <Yourself words={words} documentId={record.documentId} subject={subject} />
      )}
    </article>
  );
}

function stepOf(id: StepId, { answer, reading }: Outcome, words: Words) {
  if (id !== 'read') {
    const check = answer.checks.find((one) => one.id === id);
    return check ? { state: shownState(check), message: words.message(check) } : null;
  }
  if (reading === null) return null;
  // The facts of a stamp stand in its code and in the file's metadata.
  const codes = new Set([
    ...reading.claims.map(({ jws }) => jws),
    ...reading.labels.map((one) => one.documentId),
  ]).size;
  const hasCode = codes > 0;
  const found = foundOf(codes, words);
  const isEnough = reading.gap === null || reading.gap === 'not-needed';
  const read = reading.gap === null ? words.readWhole : words.gaps[reading.gap];
  if (!isEnough) return { state: 'unavailable', message: hasCode ? words.codesFoundInPart : read } as const;
  return { state: 'passed', message: hasCode || reading.gap === null ? `${read} ${found}` : read } as const;
}

function foundOf(codes: number, words: Words): string {
  if (codes > 1) return fill(words.severalCodesFound, { count: digitsOf(String(codes), words) });
  return codes === 1 ? words.codesFound : words.noCodeFound;
}

/** What a register does not know is not thereby false, and must not bear a cross. */
function shownState({ code, state }: Check): StepState {
  return code === 'record-not-found' || code === 'anchor-missing' ? 'missing' : state;
}

/** Signatures of whoever serves this page are no more than its word. */
function restOf({ restsOn, notes }: Answer): keyof Words['rests'] {
  return restsOn === 'evidence' && notes.includes('single-owner') ? 'owner' : restsOn;
}

function FactsToCompare({ words, answer }: { readonly words: Words; readonly answer: Answer }) {
  if (answer.document === null && answer.facts.length === 0) return null;
  return (
    <section class="facts">
      <h2>{words.factsTitle}</h2>
      {answer.facts.length === 0 ? (
        <p>{answer.checks.some(isBadClaims) ? words.factsNotSigned : words.noFacts}</p>
      ) : (
        <>
          <p>{words.factsHint}</p>
          {answer.facts.length > 1 && <p class="note">{words.severalFacts}</p>}
          {answer.facts.map((claims) => (
            <Fragment key={`${claims.iss} ${claims.jti}`}>
              {answer.facts.length > 1 && <WhoseFacts words={words} claims={claims} answer={answer} />}
              <Facts words={words} claims={claims} />
            </Fragment>
          ))}
        </>
      )}
    </section>
  );
}

interface WhoseFactsProps {
  readonly words: Words;
  readonly claims: Claims;
  readonly answer: Answer;
}

/** Facts of several documents in one picture must not be taken for those of one. */
function WhoseFacts({ words, claims: { iss, jti }, answer: { document: record } }: WhoseFactsProps) {
  const isAnswered = record?.documentId === jti && record.issuerId === iss;
  return (
    <h3>
      {words.fields.documentId} <span class="code">{formatDocumentId(jti)}</span>{' '}
      {isAnswered && words.answeredFacts}
    </h3>
  );
}

function isBadClaims({ id, state }: Check): boolean {
  return id === 'claims' && state === 'failed';
}

function Record({ words, answer }: { readonly words: Words; readonly answer: Answer }) {
  const { document: record } = answer;
  if (record === null) return null;
  const { fields } = words;
  return (
    <section class="record">
      <h2>{words.issuedBy}</h2>
      <p class="issuer">
        <bdi>{record.issuer ?? record.issuerId}</bdi>
      </p>
      <dl>
        {record.telephone !== null && record.telephone !== '' && (
          <>
            <dt>{fields.telephone}</dt>
            <dd>
              <a href={`tel:${record.telephone.replace(/[^+\d]/g, '')}`}>{record.telephone}</a>
            </dd>
          </>
        )}
        {record.licence !== null && record.licence !== '' && (
          <>
            <dt>{fields.licence}</dt>
            <dd>
              <bdi>{record.licence}</bdi>
            </dd>
          </>
        )}
        <dt>{fields.kind}</dt>
        <dd>{words.kinds[record.kind] ?? record.kind}</dd>
        <dt>{fields.documentId}</dt>
        <dd class="code">{formatDocumentId(record.documentId)}</dd>
        <dt>{fields.issued}</dt>
        <dd>{momentOf(record.issuedAt, words)}</dd>
        {record.anchoredAt !== null && (
          <>
            <dt>{fields.registered}</dt>
            <dd>{momentOf(record.anchoredAt, words)}</dd>
          </>
        )}
        <dt>{fields.sha256}</dt>
        <dd class="hash">{record.sha256}</dd>
      </dl>
    </section>
  );
}

interface YourselfProps {
  readonly words: Words;
  readonly documentId: string;
  readonly subject: Outcome['subject'];
}

function Yourself({ words, documentId, subject }: YourselfProps) {
  // A file's name is whatever its sender wrote: not into a command.
  const target = subject.brought === 'file' ? 'document.pdf' : formatDocumentId(documentId);
  return (
    <details class="yourself">
      <summary>{words.yourselfTitle}</summary>
      <ol>
        {words.yourselfSteps.map((step, at) => (
          <li key={step}>{digitsOf(fill(step, { number: String(at + 1) }), words)}</li>
        ))}
      </ol>
      <pre>
        <code>
          npx spondon verify {target} --evidence {evidenceName(documentId)} --trust trust.json
        </code>
      </pre>
      <p>{words.yourselfHere}</p>
    </details>
  );
}

function evidenceName(documentId: string): string {
  return `${formatDocumentId(documentId)}.evidence.json`;
}
