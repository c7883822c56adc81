import { Contract, type Context } from 'fabric-contract-api';
import type { SupportedStub } from './stub.js';

/** A contract for tests of the engine: each function does one thing that the engine promises something about. */
export class ToyContract extends Contract {
  /** Awaited by `Wait` in mid-transaction; a test holds a simulation open with it. */
  gate: Promise<void> = Promise.resolve();

  constructor() {
    super('toy');
  }

  async Put(ctx: Context, key: string, value: string): Promise<void> {
    await ctx.stub.putState(key, Buffer.from(value));
  }

  async Delete(ctx: Context, key: string): Promise<void> {
    await ctx.stub.deleteState(key);
  }

  async Get(ctx: Context, key: string): Promise<string> {
    return Buffer.from(await ctx.stub.getState(key)).toString();
  }

  /** Adds one, and answers what it read after it wrote. */
  async Increment(ctx: Context, key: string): Promise<string> {
    const before = Number(await this.Get(ctx, key));
    await ctx.stub.putState(key, Buffer.from(String(before + 1)));
    return this.Get(ctx, key);
  }

  /** Like Increment, and takes its time between reading and writing. */
  async SlowIncrement(ctx: Context, key: string): Promise<void> {
    const before = Number(await this.Get(ctx, key));
    await this.gate;
    await ctx.stub.putState(key, Buffer.from(String(before + 1)));
  }

  /** Reads two keys with a pause between. */
  async Pair(ctx: Context, first: string, second: string): Promise<string> {
    const one = await this.Get(ctx, first);
    await this.gate;
    return `${one},${await this.Get(ctx, second)}`;
  }

  /** Takes bytes of any size and stores their number. */
  async Store(ctx: Context): Promise<void> {
    const [, bytes] = (ctx.stub as unknown as SupportedStub).getBufferArgs();
    await ctx.stub.putState('stored', Buffer.from(String(bytes?.length)));
  }

  async Policy(ctx: Context, key: string, policy: string): Promise<void> {
    await ctx.stub.setStateValidationParameter(key, Buffer.from(policy));
  }

  async PolicyOf(ctx: Context, key: string): Promise<string> {
    return Buffer.from(await ctx.stub.getStateValidationParameter(key)).toString();
  }

  Context(ctx: Context): object {
    const { stub, clientIdentity } = ctx;
    return {
      transaction: stub.getTxID(),
      time: stub.getDateTimestamp().getTime(),
      channel: stub.getChannelID(),
      creator: clientIdentity.getMSPID(),
    };
  }

  /** Throws an error with the text that it is given. */
  async Fail(ctx: Context, text: string): Promise<void> {
    await ctx.stub.getState('anything');
    throw new Error(text);
  }

  Crash(): void {
    throw new TypeError('ARGUMENT: looks like a refusal, and is a bug');
  }

  /** Under this name the engine asks for attestations. */
  Attest(ctx: Context, keys: string): Promise<string> {
    const [first = '', second = ''] = keys.split(',');
    return this.Pair(ctx, first, second);
  }
}
