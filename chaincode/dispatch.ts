import type { Context, Contract } from 'fabric-contract-api';
import type { ChaincodeStub, ClientIdentity } from 'fabric-shim-api';
import { Refusal } from './refusal.js';
import type { Stub } from './stub.js';

/** What goes back to the client: 200 with what the function answered, or 500 with the reason. */
export interface Answer {
  readonly status: 200 | 500;
  readonly message: string;
  readonly payload: Uint8Array;
}

/** One transaction, by a member of the organisation `caller`. Never rejects. */
export type Execute = (stub: Stub, caller: string) => Promise<Answer>;

export interface Served<Name extends string> {
  readonly contract: Contract & Record<Name, (ctx: Context) => Promise<unknown>>;
  /** Every function that may be called, by its only name. It answers with text or with nothing. */
  readonly transactions: readonly Name[];
  /** Told of every error that is no refusal. */
  readonly unforeseen: (error: unknown) => void;
}

/**
 * A contract, ready to be executed. Only listed functions are called, only by their plain names, and nothing but the
 * name is turned into text.
 */
export function serve<Name extends string>(served: Served<Name>): Execute {
  return async (stub, caller) => {
    try {
      const answer = await call(served, stub, caller);
      return { status: 200, message: '', payload: Buffer.from(typeof answer === 'string' ? answer : '') };
    } catch (error) {
      if (!(error instanceof Refusal)) served.unforeseen(error);
      return { status: 500, message: String(error), payload: Buffer.alloc(0) };
    }
  };
}

async function call<Name extends string>(
  { contract, transactions }: Served<Name>,
  stub: Stub,
  caller: string,
): Promise<unknown> {
  const [called = new Uint8Array()] = stub.getBufferArgs();
  const name = Buffer.from(called).toString();
  const fn = transactions.find((each) => each === name);
  if (fn === undefined) throw new Refusal('ARGUMENT', `there is no function ${JSON.stringify(name)}`);
  const context = contract.createContext();
  // The casts admit what contracts here never ask for: whoever does finds no such function.
  context.stub = stub as unknown as ChaincodeStub;
  context.clientIdentity = { getMSPID: () => caller } as ClientIdentity;
  return contract[fn](context);
}
