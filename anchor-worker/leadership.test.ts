import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { until, World } from './anchoring.test-support.js';
import { Leadership, type LeaseStore } from './leadership.js';
import { issues } from './sample.test-support.js';

/** A lease by a clock that the test moves, and processes that wait for it by the same clock. */
class Town {
  now = 0;
  /** Processes that do not reach the lease. */
  readonly cutOff = new Set<string>();
  #held: { holder: string; until: number } | undefined;
  readonly #sleepers = new Set<{ at: number; wake: () => void }>();

  readonly lease: { -readonly [Name in keyof LeaseStore]: LeaseStore[Name] } = {
    take: (holder, ms) => {
      if (this.cutOff.has(holder)) return Promise.reject(new Error('not reached'));
      if (this.#held && this.#held.holder !== holder && this.#held.until >= this.now)
        return Promise.resolve(false);
      this.#held = { holder, until: this.now + ms };
      return Promise.resolve(true);
    },
    release: (holder) => {
      if (this.#held?.holder === holder) this.#held = undefined;
      return Promise.resolve();
    },
  };

  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#sleepers.add({ at: this.now + ms, wake });
      signal.addEventListener('abort', wake);
    });
  }

  /** So much time passes, in small steps; whoever is due goes on in each of them. */
  async pass(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; this.now += 100) {
      for (const sleeper of this.#sleepers) {
        if (sleeper.at > this.now) continue;
        this.#sleepers.delete(sleeper);
        sleeper.wake();
      }
      await setImmediate();
    }
  }
}

interface Process {
  readonly leadership: Leadership;
  readonly troubles: unknown[];
  /** Of the leader's work under way. */
  readonly isAtWork: () => boolean;
  readonly begun: () => number;
}

function live(t: TestContext, town: Town, holder: string): Process {
  const troubles: unknown[] = [];
  let [atWork, begun] = [0, 0];
  const leadership = new Leadership({
    lease: { take: (...asked) => town.lease.take(...asked), release: town.lease.release },
    holder,
    elapsed: () => town.now,
    lead: () => {
      atWork += 1;
      begun += 1;
      return {
        stop: () => {
          atWork -= 1;
          return Promise.resolve();
        },
      };
    },
    onTrouble: (error) => troubles.push(error),
    wait: town.wait.bind(town),
  });
  leadership.start();
  t.after(() => leadership.stop());
  return { leadership, troubles, isAtWork: () => atWork > 0, begun: () => begun };
}

test('of two processes one leads, for as long as it lives', async (t) => {
  const town = new Town();
  const [one, other] = [live(t, town, 'one'), live(t, town, 'other')];
  for (let second = 0; second < 60; second += 1) {
    await town.pass(1000);
    assert.deepEqual(
      [one, other].map(({ leadership, isAtWork }) => [leadership.leads, isAtWork()]),
      [
        [true, true],
        [false, false],
      ],
    );
  }
});

test('a leader that stops is followed at the next look, one that dies when its lease has run out', async (t) => {
  const town = new Town();
  const [one, other] = [live(t, town, 'one'), live(t, town, 'other')];
  await town.pass(5000);
  await one.leadership.stop();
  assert.equal(one.isAtWork(), false);
  await town.pass(1100);
  assert.equal(other.isAtWork(), true);
  const third = live(t, town, 'third');
  // It asks for nothing any more, and its lease stays.
  town.cutOff.add('other');
  await town.pass(10_000);
  assert.equal(third.isAtWork(), true);
});

test('a leader that does not reach the lease stops before another may begin', async (t) => {
  const town = new Town();
  const [one, other] = [live(t, town, 'one'), live(t, town, 'other')];
  await town.pass(5000);
  town.cutOff.add('one');
  for (let step = 0; step < 100; step += 1) {
    await town.pass(100);
    assert.ok(!(one.leadership.leads && other.leadership.leads));
  }
  assert.deepEqual([one.isAtWork(), other.isAtWork()], [false, true]);
  assert.ok(one.troubles.length > 0);
  town.cutOff.clear();
  await town.pass(5000);
  assert.deepEqual([one.isAtWork(), other.isAtWork()], [false, true]);
});

test('a leader whose lease ran out while it was being renewed begins its work anew', async (t) => {
  const town = new Town();
  const one = live(t, town, 'one');
  await town.pass(1000);
  const { take } = town.lease;
  town.lease.take = async (holder, ms) => {
    town.now += 8000;
    town.lease.take = take;
    return take(holder, ms);
  };
  await town.pass(3000);
  // Asked for before that time passed, the new lease is over already.
  assert.deepEqual([one.leadership.leads, one.isAtWork()], [false, false]);
  await town.pass(3000);
  assert.deepEqual([one.leadership.leads, one.isAtWork(), one.begun()], [true, true, 2]);
});

test('a process that stood still for long knows at once that it leads no more', async (t) => {
  const town = new Town();
  const one = live(t, town, 'one');
  await town.pass(1000);
  town.now += 60_000;
  assert.equal(one.leadership.leads, false);
});

test('an anchorer that leads no more sends nothing, and two at once anchor each statement once', async (t) => {
  const world = await World.create(t);
  let leads = true;
  const life = await world.live(t, { leads: () => leads });
  await life.accept(await issues('first', 3));
  await until(() => world.isDrained());
  leads = false;
  const sent = world.ledger.submitted.length;
  await life.accept(await issues('second', 3));
  await setImmediate();
  assert.equal(world.ledger.submitted.length, sent);
  // One that stood still and has not noticed works on beside its successor.
  const [zombie, successor] = [await world.live(t), await world.live(t)];
  const statements = await issues('third', 200);
  for (const [at, statement] of statements.entries())
    await (at % 2 === 0 ? zombie : successor).accept([statement]);
  await until(() => world.isDrained());
  const texts = world.ledger.texts();
  assert.equal(texts.length, 206);
  assert.equal(new Set(texts).size, 206);
});
