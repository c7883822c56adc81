import type { Context } from 'fabric-contract-api';
import type { Clock } from '@spondon/protocol/records';
import { Refusal } from './refusal.js';
import { checkTime } from './rules/clock.js';
import { mspId, utf8Text } from './rules/shape.js';
import type { Stub } from './stub.js';
import { WorldState } from './world-state.js';

export interface Call<Names extends readonly string[]> {
  /** In the order of their names. Raw: they are no text. */
  readonly args: { readonly [At in keyof Names]: Uint8Array };
  readonly world: WorldState;
  /** The organisation that made the transaction. */
  readonly caller: string;
  readonly channel: string;
  /** The transaction's own time, set by its client, ms. Unchecked. */
  readonly time: number;
}

/**
 * What a function is called with. It must be called by its plain name: followers read calls from blocks, where
 * Fabric's `records:Append` would be a second spelling of `Append`.
 *
 * @throws Refusal `ARGUMENT`
 */
export function openCall<const Names extends readonly string[]>(
  ctx: Context,
  fn: string,
  names: Names,
): Call<Names> {
  const stub = ctx.stub as unknown as Stub;
  const [called, ...args] = stub.getBufferArgs();
  if (called === undefined || utf8Text(called) !== fn || args.length !== names.length) {
    throw new Refusal('ARGUMENT', `call ${fn}(${names.join(', ')})`);
  }
  return {
    args: args as unknown as Call<Names>['args'],
    world: new WorldState(stub),
    caller: mspId(ctx.clientIdentity.getMSPID(), "the caller's organisation"),
    channel: stub.getChannelID(),
    time: stub.getDateTimestamp().getTime(),
  };
}

/**
 * Opens a call whose time counts, at an endorser whose clock says `now`. Reading the ledger's clock is what makes
 * holding back impossible: an endorsed transaction that comes after the next tick fails validation.
 *
 * @throws Refusal `ARGUMENT`, `NOT_INITIALISED`, `CLOCK_SKEW`
 */
export async function openTimedCall<const Names extends readonly string[]>(
  ctx: Context,
  fn: string,
  names: Names,
  now: number,
): Promise<Call<Names> & { readonly clock: Clock }> {
  const call = openCall(ctx, fn, names);
  const clock = await call.world.clock();
  if (clock === undefined) throw new Refusal('NOT_INITIALISED', 'Init was not called yet');
  checkTime(call.time, now);
  return { ...call, clock };
}
