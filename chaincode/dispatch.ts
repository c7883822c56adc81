import type { Context, Contract } from 'fabric-contract-api';
import type { ChaincodeInterface, ChaincodeResponse, ChaincodeStub, ClientIdentity } from 'fabric-shim-api';
import { Refusal } from './refusal.js';

/** What fabric-shim's stub has and its types leave out. */
type Stub = ChaincodeStub & { getBufferArgs(): readonly Uint8Array[] };

export interface Served<Name extends string> {
  readonly contract: Contract & Record<Name, (ctx: Context) => Promise<unknown>>;
  /** Every function that may be called, by its only name. It answers with text or with nothing. */
  readonly transactions: readonly Name[];
  readonly identityOf: (stub: ChaincodeStub) => ClientIdentity;
  /** Told of every error that is no refusal. */
  readonly unforeseen: (error: unknown) => void;
}

/**
 * A contract as fabric-shim's server takes it. fabric-chaincode-node has a dispatcher, which turns every argument into
 * text, large ones too, answers to `records:Append` as well, and serves a second contract of its own.
 */
export function serve<Name extends string>(served: Served<Name>): ChaincodeInterface {
  const invoke = async (stub: ChaincodeStub): Promise<ChaincodeResponse> => {
    try {
      const answer = await call(served, stub);
      return { status: 200, message: '', payload: Buffer.from(typeof answer === 'string' ? answer : '') };
    } catch (error) {
      if (!(error instanceof Refusal)) served.unforeseen(error);
      return { status: 500, message: String(error), payload: Buffer.alloc(0) };
    }
  };
  return { Init: invoke, Invoke: invoke };
}

async function call<Name extends string>(
  { contract, transactions, identityOf }: Served<Name>,
  stub: ChaincodeStub,
): Promise<unknown> {
  const [called = new Uint8Array()] = (stub as Stub).getBufferArgs();
  const name = Buffer.from(called).toString();
  const fn = transactions.find((each) => each === name);
  if (fn === undefined) throw new Refusal('ARGUMENT', `there is no function ${JSON.stringify(name)}`);
  const context = contract.createContext();
  context.stub = stub;
  context.clientIdentity = identityOf(stub);
  return contract[fn](context);
}
