import type { ChaincodeInterface } from 'fabric-shim-api';

/** The same chaincode, and whoever wants to end it finds out when nothing is being executed. */
export function countCalls(chaincode: ChaincodeInterface): {
  readonly chaincode: ChaincodeInterface;
  readonly idle: () => Promise<void>;
} {
  const calls = new Set<Promise<unknown>>();
  const counted: ChaincodeInterface['Invoke'] = async (stub) => {
    const call = chaincode.Invoke(stub);
    calls.add(call);
    try {
      return await call;
    } finally {
      calls.delete(call);
    }
  };
  return {
    chaincode: { Init: counted, Invoke: counted },
    idle: async () => {
      while (calls.size > 0) await Promise.allSettled(calls);
    },
  };
}
