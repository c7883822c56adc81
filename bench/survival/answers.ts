import type { Answer, Call, Client } from '../client.js';

/** What clients ask of the service during a fault. */
export const QUESTIONS = ['look-up', 'evidence', 'issue'] as const;
export type Question = (typeof QUESTIONS)[number];

/** One request, as its client saw it. */
export interface Observation {
  readonly question: Question;
  /** When it was sent and when its answer, or the lack of one, was known; by the monotonic clock, ms. */
  readonly sent: number;
  readonly known: number;
  /** `wrong` is what an honest service never does, whatever has failed behind it. */
  readonly outcome: 'answered' | 'refused' | 'wrong';
  /** For people: verdict, code or status. */
  readonly told: string;
}

/** Of a document that was acknowledged. 'unavailable' says that it could not be checked, which is no answer. */
const HONEST_VERDICTS = ['valid', 'pending', 'revoked'];
/** Refused since an earlier attempt, whose answer was lost, has done it. */
const DONE_BEFORE = 'ALREADY_REVOKED';
/** Refused since an earlier attempt, which a copy has had all along, is still under way. */
const UNDER_WAY = 'IDEMPOTENCY_IN_PROGRESS';

/** `null`: no answer came. `isDown`: the service itself was ended, so that nobody could answer. */
export function judge(
  question: Question,
  answer: Answer | null,
  isDown: boolean,
): Pick<Observation, 'outcome' | 'told'> {
  if (answer === null) return { outcome: isDown ? 'refused' : 'wrong', told: 'no answer' };
  const { status, text } = answer;
  const { code, verdict } = membersOf(text);
  if (status === 503 && code !== undefined) return { outcome: 'refused', told: code };
  if (status >= 500) return { outcome: 'wrong', told: `${status} ${code ?? 'without code'}` };
  if (status >= 400) {
    const told = `${status} ${code ?? 'without code'}`;
    if (question === 'issue' && code === UNDER_WAY) return { outcome: 'refused', told: code };
    return { outcome: question === 'issue' && code === DONE_BEFORE ? 'answered' : 'wrong', told };
  }
  if (question !== 'look-up') return { outcome: 'answered', told: String(status) };
  const told = verdict ?? 'without verdict';
  if (told === 'unavailable') return { outcome: 'refused', told };
  return { outcome: HONEST_VERDICTS.includes(told) ? 'answered' : 'wrong', told };
}

function membersOf(text: string): { readonly code?: string; readonly verdict?: string } {
  if (!text.startsWith('{')) return {};
  return JSON.parse(text) as { code?: string; verdict?: string };
}

function questionOf({ method = 'GET', path }: Call): Question | null {
  if (method === 'POST') return path === '/v1/verify' ? null : 'issue';
  if (path.startsWith('/v1/verify')) return 'look-up';
  return path.endsWith('/evidence') ? 'evidence' : null;
}

/** A client of whatever service runs at the moment, which notes how each question was answered. */
export function observedClient(
  service: { readonly client: () => Client; readonly isDown: () => boolean },
  note: (observation: Observation) => void,
): Client {
  const send = async (call: Call): Promise<Answer> => {
    const question = questionOf(call);
    const sent = performance.now();
    const wasDown = service.isDown();
    const noteAnswer = (answer: Answer | null): void => {
      if (question === null) return;
      const judged = judge(question, answer, wasDown || service.isDown());
      note({ question, sent, known: performance.now(), ...judged });
    };
    try {
      const answer = await service.client().send(call);
      noteAnswer(answer);
      return answer;
    } catch (error) {
      noteAnswer(null);
      throw error;
    }
  };
  return {
    send,
    json: async (call) => {
      const { status, text } = await send(call);
      if (status >= 200 && status < 300) return JSON.parse(text) as unknown;
      throw new Error(`${call.path} was answered ${status}: ${text.slice(0, 500)}`);
    },
    close: () => service.client().close(),
  };
}

/** Whoever waits longer was not answered meanwhile. */
const LATE_MS = 5_000;

export interface Figures {
  /**
   * For how long nobody got an answer: from the first question that was refused, or answered late, until the next answer,
   * added up, ms.
   */
  readonly refusedMs: number;
  readonly slowestMs: number;
  readonly asked: number;
  /** What was said instead of an answer, each once. */
  readonly refusals: readonly string[];
  readonly wrong: readonly string[];
}

/** `observations` of one question; `until` is when watching ended. */
export function figuresOf(observations: readonly Observation[], until: number): Figures {
  const inOrder = [...observations].sort((a, b) => a.sent - b.sent);
  let refusedMs = 0;
  let since: number | null = null;
  /** Up to here all has been counted; several ask at a time. */
  let counted = 0;
  for (const { sent, known, outcome } of inOrder) {
    const isLate = known - sent > LATE_MS;
    if ((outcome === 'refused' || isLate) && known > counted) since ??= Math.max(sent, counted);
    // What was asked before the trouble began, and answered in time, says nothing about its end.
    if (outcome === 'refused' || since === null || (sent < since && !isLate)) continue;
    if (known <= since) continue;
    refusedMs += known - since;
    counted = known;
    since = null;
  }
  if (since !== null) refusedMs += Math.max(0, until - since);
  const told = (outcome: Observation['outcome']): string[] => [
    ...new Set(inOrder.filter((each) => each.outcome === outcome).map((each) => each.told)),
  ];
  return {
    refusedMs,
    slowestMs: Math.max(0, ...inOrder.map(({ sent, known }) => known - sent)),
    asked: inOrder.length,
    refusals: told('refused'),
    wrong: inOrder
      .filter(({ outcome }) => outcome === 'wrong')
      .map(({ question, told: words }) => `${question}: ${words}`),
  };
}
