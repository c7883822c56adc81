import { Contract, type Context } from 'fabric-contract-api';
import { toHex } from '@spondon/protocol/bytes';
import { canonicalJson } from '@spondon/protocol/canonical';
import { sha256, verify } from '@spondon/protocol/crypto-node';
import {
  CLOCK_KEY,
  CONFIG_KEY,
  HEAD_RING,
  headKey,
  issuerKey,
  logKey,
  statusKey,
  voteKey,
  type Config,
  type Issuer,
  type LogState,
} from '@spondon/protocol/records';
import type { EnteredStatement } from '@spondon/protocol/pack';
import { openCall, openTimedCall } from './call.js';
import { Refusal } from './refusal.js';
import { admitAll } from './rules/admission.js';
import { checkSize, entryTime, extend, headOf, unpackBatch } from './rules/append.js';
import { attestation, parseRequest } from './rules/attest.js';
import { checkTime, tick } from './rules/clock.js';
import { cast, checkRegulator, isDecided, parseBallot, parseConfig } from './rules/decide.js';
import { endorsementPolicy } from './rules/endorsement-policy.js';
import { annul, decideIssuer, documentId, issuerId, parseAction, type Action } from './rules/issuers.js';
import { revocationsOf, revoke } from './rules/revoke.js';
import { decimal, mspId, utf8Text } from './rules/shape.js';
import type { WorldState } from './world-state.js';

/** Every function of the contract, by the only name under which it may be called. */
export const TRANSACTIONS = [
  'Init',
  'Tick',
  'Append',
  'Decide',
  'Head',
  'Clock',
  'Issuer',
  'Status',
  'Attest',
] as const;
export type Transaction = (typeof TRANSACTIONS)[number];

/**
 * The contract of the `records` channel: the logs in which organisations anchor what their issuers signed, the
 * registry of issuers, and the revocations. Refuses with `CODE: message` (see `refusal.ts`), writes canonical JSON
 * (see `records.ts` of the protocol), and returns canonical JSON or nothing.
 *
 * Fabric calls every method of this class that it finds, by name: what is no transaction stands outside of it.
 * Methods take their arguments raw, from the stub.
 */
export class Records extends Contract {
  readonly #now: () => number;

  /** `now` is the endorser's clock, Unix ms. It decides acceptance only: no result depends on it. */
  constructor(now: () => number = Date.now) {
    super('records');
    this.#now = now;
  }

  /** `Init(regulators)`, once, by one of them: `["MspA","MspB"]`. It is the first tick as well. */
  async Init(ctx: Context): Promise<void> {
    const { args, world, caller, time } = openCall(ctx, 'Init', ['regulators']);
    const config = parseConfig(args[0]);
    checkRegulator(config, caller);
    checkTime(time, this.#now());
    const clock = await world.clock();
    if (clock !== undefined) throw new Refusal('ALREADY_INITIALISED', 'Init was called before');
    await world.put(CONFIG_KEY, config);
    await world.put(CLOCK_KEY, { at: time });
  }

  /** `Tick()`, by anybody, at least a minute after the last. */
  async Tick(ctx: Context): Promise<void> {
    const { world, clock, time } = await openTimedCall(ctx, 'Tick', [], this.#now());
    await world.put(CLOCK_KEY, tick(clock, time));
  }

  /**
   * `Append(expectedSize, statements, proofs)`, on the caller's own log: a decimal number, a packed batch
   * (`pack.ts` of the protocol), and for each `revoke` in it `{position, index, entry, path}` as a JSON array.
   */
  async Append(ctx: Context): Promise<void> {
    const names = ['expectedSize', 'statements', 'proofs'] as const;
    const { args, world, caller, clock, time } = await openTimedCall(ctx, 'Append', names, this.#now());
    const log = await world.log(caller);
    checkSize(decimal(args[0], 'expectedSize'), log);
    const at = entryTime(time, log);
    const statements = unpackBatch(args[1], at);
    const revocations = revocationsOf(statements, args[2]);
    const admission = { mspId: caller, at, clock: clock.at, issuers: await issuersOf(statements, world) };
    admitAll(statements, admission);
    const before = await inOrder(revocations, ({ statement: { iss, jti } }) => world.status(iss, jti));
    const statuses = await revoke(revocations, before, log, admission, { hash: sha256, verify });

    for (const { iss, jti, status } of statuses) await world.put(statusKey(iss, jti), status);
    await putLog(caller, extend(log, statements, at, sha256), world);
  }

  /** `Decide(action)`: a regulator's vote, in canonical JSON; the last one carries the action out. */
  async Decide(ctx: Context): Promise<void> {
    const { args, world, caller, time } = await openTimedCall(ctx, 'Decide', ['action'], this.#now());
    const config = await configOf(world);
    checkRegulator(config, caller);
    const action = parseAction(parseBallot(args[0]));
    const actionHash = toHex(sha256(args[0]));
    const before = await world.vote(actionHash);
    const vote = cast(before, caller);
    // Worked out at every vote, so that nobody votes for what could not be done.
    const outcome = await outcomeOf(action, world, time);
    if (!isDecided(config, vote)) return world.put(voteKey(actionHash), vote);
    if (before !== undefined) await world.delete(voteKey(actionHash));
    await world.put(outcome.key, outcome.value);
  }

  /** `Head(mspId)`: `{n, size, root, at}` of a log as it is now, or `null`. */
  async Head(ctx: Context): Promise<string> {
    const { args, world } = openCall(ctx, 'Head', ['mspId']);
    const log = await world.log(mspId(utf8Text(args[0]), 'mspId'));
    return canonicalJson(log === undefined ? null : headOf(log));
  }

  /** `Clock()`: `{at}`, or `null` before `Init`. */
  async Clock(ctx: Context): Promise<string> {
    const { world } = openCall(ctx, 'Clock', []);
    return canonicalJson((await world.clock()) ?? null);
  }

  /** `Issuer(iss)`: an entry of the registry, or `null`. */
  async Issuer(ctx: Context): Promise<string> {
    const { args, world } = openCall(ctx, 'Issuer', ['iss']);
    return canonicalJson((await world.issuer(issuerId(utf8Text(args[0])))) ?? null);
  }

  /** `Status(iss, jti)`: a document's revocation, or `null`. */
  async Status(ctx: Context): Promise<string> {
    const { args, world } = openCall(ctx, 'Status', ['iss', 'jti']);
    const status = await world.status(issuerId(utf8Text(args[0])), documentId(utf8Text(args[1])));
    return canonicalJson(status ?? null);
  }

  /**
   * `Attest(request)`, endorsed and never submitted: heads of the ring, statuses and issuers, as this peer holds
   * them. Its time is checked as a writing function's, since verifiers take it for the time of the signatures.
   */
  async Attest(ctx: Context): Promise<string> {
    const { args, world, channel, clock, time } = await openTimedCall(
      ctx,
      'Attest',
      ['request'],
      this.#now(),
    );
    const request = parseRequest(args[0]);
    const heads = await inOrder(request.heads, (head) => world.headSlot(head.mspId, head.n));
    const statuses = await inOrder(request.documents, ({ iss, jti }) => world.status(iss, jti));
    const issuers = await inOrder(request.issuers, (iss) => world.issuer(iss));
    return attestation(request, { channel, time, clock, heads, statuses, issuers });
  }
}

/** Reads one after the other: the shim does no better with all at once. */
async function inOrder<Item, Value>(
  items: Iterable<Item>,
  read: (item: Item) => Promise<Value>,
): Promise<Value[]> {
  const values: Value[] = [];
  for (const item of items) values.push(await read(item));
  return values;
}

async function issuersOf(
  statements: readonly EnteredStatement[],
  world: WorldState,
): Promise<ReadonlyMap<string, Issuer>> {
  const known = new Map<string, Issuer>();
  for (const iss of new Set(statements.map(({ statement }) => statement.iss))) {
    const issuer = await world.issuer(iss);
    if (issuer !== undefined) known.set(iss, issuer);
  }
  return known;
}

async function configOf(world: WorldState): Promise<Config> {
  const config = await world.config();
  if (config === undefined) throw new Refusal('NOT_INITIALISED', 'Init was not called yet');
  return config;
}

async function outcomeOf(
  action: Action,
  world: WorldState,
  time: number,
): Promise<{ readonly key: string; readonly value: object }> {
  const { iss } = action;
  if (action.do !== 'annul') {
    return { key: issuerKey(iss), value: decideIssuer(action, await world.issuer(iss), time, sha256) };
  }
  const { jti } = action;
  return { key: statusKey(iss, jti), value: annul(action, await world.status(iss, jti), time) };
}

/**
 * Writes the log and its head into the ring. A key's first write also gives it its own endorsement policy, which
 * adds the owner to the regulators: from then on nobody extends a log without its owner.
 */
async function putLog(owner: string, log: LogState, world: WorldState): Promise<void> {
  const keys = { log: logKey(owner), head: headKey(owner, log.n) };
  await world.put(keys.log, log);
  await world.put(keys.head, headOf(log));
  if (log.n > HEAD_RING) return;
  const { regulators } = await configOf(world);
  const policy = endorsementPolicy([...regulators, owner]);
  if (log.n === 1) await world.setPolicy(keys.log, policy);
  await world.setPolicy(keys.head, policy);
}
