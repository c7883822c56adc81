import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { SignedStatement } from '@spondon/protocol/statement';
import { type Life, until, World } from './anchoring.test-support.js';
import { issue, revoke } from './sample.test-support.js';
import type { Fate } from './toy-ledger.test-support.js';

/** What the ledger thinks of a document, which its issuer tells. */
type Kind = 'good' | 'refused-by-position' | 'suspended' | 'poison';

interface Document {
  readonly number: number;
  readonly kind: Kind;
  readonly op: 'issue' | 'revoke';
}

type Step =
  /** Statements are accepted; documents are few, so that they come again and are revoked. */
  | { do: 'accept'; documents: Document[] }
  | { do: 'fates'; fates: Fate[] }
  | { do: 'hold' | 'release' | 'arrive' }
  /** Somebody else holds the organisation's identity and appends to its log. */
  | { do: 'foreign' }
  | { do: 'kill'; callsLeft: number; dyingCallWorks: boolean }
  | { do: 'go-on'; turns: number };

const kinds = fc.constantFrom<Kind>('good', 'good', 'good', 'refused-by-position', 'suspended', 'poison');
const document = fc.record({
  number: fc.nat(12),
  kind: kinds,
  op: fc.constantFrom<'issue' | 'revoke'>('issue', 'issue', 'revoke'),
});
const fate = fc.constantFrom<Fate>('done', 'done', 'not-sent', 'lost', 'done-unanswered', 'late', 'conflict');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      documents: fc.array(document, { minLength: 1, maxLength: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('fates' as const), fates: fc.array(fate, { maxLength: 4 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'release' as const, 'arrive' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('foreign' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('kill' as const),
      callsLeft: fc.nat(6),
      dyingCallWorks: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('go-on' as const), turns: fc.nat(30) }) },
);

const ISSUERS: Record<Kind, string> = {
  good: 'bd.dghs.1',
  'refused-by-position': 'bd.dghs.2',
  suspended: 'bd.dghs.3',
  poison: 'bd.dghs.4',
};

function statementOf({ number, kind, op }: Document, iat: number): Promise<SignedStatement> {
  const label = `${kind}-${number}`;
  // A document is issued with the same statement each time, and revoked with another one each time.
  return op === 'issue' ? issue(label, { iss: ISSUERS[kind] }) : revoke(label, { iss: ISSUERS[kind], iat });
}

/** The ledger's rules about these issuers. A suspended one is named with the first of its statements alone. */
function setRules(world: World): void {
  world.ledger.judge = (batch) => {
    const first = (kind: Kind) => batch.findIndex(({ statement }) => statement.iss === ISSUERS[kind]);
    if (first('poison') >= 0) return { code: 'ARGUMENT', message: 'something is wrong' };
    const refused = first('refused-by-position');
    if (refused >= 0) return { code: 'IAT_AHEAD', position: refused, message: 'too early' };
    const suspended = first('suspended');
    return suspended < 0 ? null : { code: 'ISSUER_SUSPENDED', position: suspended, message: 'suspended' };
  };
}

/** The world, the present life in it, and what was acknowledged so far. */
class Story {
  readonly offered = new Set<string>();
  /** Acknowledged: they must end up somewhere. */
  readonly accepted = new Set<string>();
  /** Of these, those that the ledger has no reason to refuse. */
  readonly good = new Set<string>();
  readonly foreign: string[] = [];
  #fates: Fate[] = [];

  private constructor(
    private readonly t: TestContext,
    readonly world: World,
    private readonly mostStatements: number,
    private life: Life,
  ) {
    world.ledger.fate = () => this.#fates.shift() ?? 'done';
  }

  static async begin(t: TestContext, mostStatements: number): Promise<Story> {
    const world = await World.create(t);
    setRules(world);
    return new Story(t, world, mostStatements, await world.live(t, { mostStatements }));
  }

  async take(step: Step): Promise<void> {
    const { ledger } = this.world;
    if (this.life.isDead) await this.#rise();
    if (step.do === 'accept') await this.#acceptDocuments(step.documents);
    if (step.do === 'fates') this.#fates = [...step.fates];
    if (step.do === 'hold') ledger.holdsBlocks = true;
    if (step.do === 'release') this.#release();
    if (step.do === 'arrive') ledger.arriveLate();
    if (step.do === 'foreign') {
      const statement = await issue(`foreign-${this.foreign.length}`);
      this.foreign.push(statement.text);
      ledger.append([statement]);
    }
    if (step.do === 'kill') Object.assign(this.life, step);
    if (step.do === 'go-on') for (let turn = 0; turn < step.turns; turn += 1) await setImmediate();
  }

  /** Everything works again, and one good statement more shows it. */
  async end(): Promise<void> {
    this.#fates = [];
    this.#release();
    if (this.life.isDead) await this.#rise();
    this.life.callsLeft = Infinity;
    for (let last = 0; !(await this.world.isDrained()) && last < 50; last += 1) {
      await this.#accept(await issue(`last-${last}`), true);
      await until(async () => (await this.#isAnchored(`last-${last}`)) || this.life.isDead);
      for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    }
    this.world.ledger.arriveLate();
    await until(() => this.world.isDrained());
    await this.life.stop();
  }

  async #isAnchored(label: string): Promise<boolean> {
    return this.world.ledger.texts().includes((await issue(label)).text);
  }

  async #rise(): Promise<void> {
    // A new process first reads what the ledger has.
    this.#release();
    this.life = await this.world.live(this.t, { mostStatements: this.mostStatements });
  }

  #release(): void {
    this.world.ledger.holdsBlocks = false;
    this.world.ledger.wake();
  }

  async #acceptDocuments(documents: readonly Document[]): Promise<void> {
    for (const each of documents) {
      const issued = await statementOf({ ...each, op: 'issue' }, 0);
      const isGood = each.kind === 'good' && (each.op === 'issue' || this.accepted.has(issued.text));
      await this.#accept(await statementOf(each, 1 + this.offered.size), isGood);
    }
  }

  async #accept(signed: SignedStatement, isGood: boolean): Promise<void> {
    this.offered.add(signed.text);
    try {
      if ((await this.life.accept([signed])).length > 0) return;
    } catch (error) {
      // Killed: nobody was told that it was accepted, and it may be queued or not.
      if (this.life.isDead) return;
      throw error;
    }
    this.accepted.add(signed.text);
    if (isGood) this.good.add(signed.text);
  }
}

test('whatever fails, in whatever order: each accepted statement is anchored exactly once, or set aside', async (t) => {
  const steps = fc.array(step, { minLength: 5, maxLength: 40 });
  // With small batches the next one is often planned and sent before the last one was read back.
  const mostStatements = fc.constantFrom(2, 3, 4096);
  const property = fc.asyncProperty(steps, mostStatements, async (steps, mostStatements) => {
    const story = await Story.begin(t, mostStatements);
    for (const next of steps) await story.take(next);
    await story.end();
    const { world, offered, accepted, good, foreign } = story;
    const anchored = world.ledger.texts();
    const refused = await world.refusals();
    assert.equal(new Set(anchored).size, anchored.length, 'nothing is anchored twice');
    for (const text of anchored)
      assert.ok(offered.has(text) || foreign.includes(text), 'nobody asked for this');
    for (const text of accepted) {
      assert.ok(anchored.includes(text) !== refused.has(text), 'anchored or set aside, and not both');
    }
    for (const text of good) assert.ok(anchored.includes(text), 'there was no reason to refuse this');
  });
  await fc.assert(property, { numRuns: 90 });
});
