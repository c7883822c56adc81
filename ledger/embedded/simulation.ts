import type { Contract } from 'fabric-contract-api';
import type { ChaincodeStub } from 'fabric-shim-api';
import { LedgerError, parseRefusal } from '../port.js';
import type { ReadWriteSet } from '../rwset.js';
import type { StateValue } from './state.js';
import { SimulationStub, clientIdentity, text, type Call } from './stub.js';

export interface Simulated {
  readonly set: ReadWriteSet;
  /** What the function answered, as a client of Fabric gets it. */
  readonly result: Uint8Array;
}

/** fabric-contract-api's types call the second parameter a Function; its code passes a name. */
type Around = (ctx: unknown, fn: string, parameters: readonly string[]) => Promise<unknown>;

/**
 * Runs one function of a contract as a chaincode's server would, against the state that `committed` reads.
 *
 * A function gets the parameters that it declares, as text; one that declares none takes `stub.getBufferArgs()`, and
 * large arguments are then never turned into text.
 *
 * @throws LedgerError `REFUSED` when the contract says no; whatever else it throws is a bug and comes through unchanged
 */
export async function simulate(
  contract: Contract,
  call: Call,
  committed: (key: string) => StateValue | null,
): Promise<Simulated> {
  const [name = new Uint8Array(), ...args] = call.input;
  const fn = text(name);
  const stub = new SimulationStub(call, committed);
  const context = contract.createContext();
  // The cast admits what SupportedStub leaves out: a contract that calls it finds no such function.
  context.stub = stub as unknown as ChaincodeStub;
  context.clientIdentity = clientIdentity(call.creator);
  try {
    const parameters = declaredParameters(contract, fn, args);
    await contract.beforeTransaction(context);
    const result = await (contract.aroundTransaction as unknown as Around).call(
      contract,
      context,
      fn,
      parameters,
    );
    await contract.afterTransaction(context, result);
    return { set: stub.readWriteSet(), result: wireFormat(result) };
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

function declaredParameters(contract: Contract, fn: string, args: readonly Uint8Array[]): string[] {
  const declared = declaredCount(contract, fn);
  if (declared === 0) return [];
  if (declared !== args.length) {
    throw new TypeError(`Expected ${declared} parameters, but ${args.length} have been supplied`);
  }
  return args.map(text);
}

/** How many parameters follow the context. Only the contract's own public methods are transactions. */
function declaredCount(contract: Contract, fn: string): number {
  const own = Object.getPrototypeOf(contract) as Record<string, unknown>;
  const inherited = Object.getPrototypeOf(own) as object;
  const method = Object.hasOwn(own, fn) && !(fn in inherited) && !fn.startsWith('_') ? own[fn] : undefined;
  if (typeof method !== 'function') throw new TypeError(`the contract has no function ${JSON.stringify(fn)}`);
  return Math.max(0, method.length - 1);
}

/** Fabric's: nothing for nothing, text as it is, JSON for the rest. */
function wireFormat(result: unknown): Uint8Array {
  if (result === undefined || result === null) return new Uint8Array();
  return Uint8Array.from(Buffer.from(typeof result === 'string' ? result : JSON.stringify(result)));
}

/** Not from system errors, whose messages look alike (`ENOSPC: no space left on device`). */
function refusalOf(error: unknown): LedgerError | null {
  if (!(error instanceof Error)) return null;
  const refusal = parseRefusal(error.name === 'Error' && !('code' in error) ? error.message : String(error));
  return refusal && new LedgerError('REFUSED', refusal.message, refusal, { cause: error });
}
