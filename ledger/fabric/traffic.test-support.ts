import assert from 'node:assert/strict';
import { appendArguments, type Facility } from '@spondon/chaincode/sample.test-support';
import { canonicalJson } from '@spondon/protocol/canonical';
import { LedgerError } from '../port.js';
import type { FabricLedger } from './engine.js';

/** What a service does on the ledger, call after call, while something is done to the network. */
export interface Traffic {
  readonly anchored: number;
  readonly attested: number;
  /** Batches that lost to another transaction, and were anchored by the next try, as the worker does it. */
  readonly conflicts: number;
  /** What a client saw of it, beyond what took longer. */
  readonly failures: readonly string[];
}

/** Beyond this it is not worth going on. */
const MANY = 20;

/** Anchors and attests as long as `act` takes, and once more after it. Throws what `act` throws. */
export async function trafficDuring(
  ledger: FabricLedger,
  facility: Facility,
  act: () => Promise<unknown>,
): Promise<Traffic> {
  let over = false;
  let rounds = 0;
  const failures: string[] = [];
  const counts = { anchored: 0, attested: 0, conflicts: 0 };
  const round = async () => {
    const { size } = await headOf(ledger);
    await ledger.submit('Append', appendArguments(size, [await facility.issue()]));
    counts.anchored += 1;
    const { n } = await headOf(ledger);
    const heads = [{ mspId: ledger.mspId, n }];
    await ledger.attest(canonicalJson({ heads, documents: [], issuers: [facility.iss] }));
    counts.attested += 1;
  };
  const flow = async () => {
    for (let last = false; !last && failures.length + counts.conflicts < MANY; rounds += 1) {
      last = over;
      try {
        await round();
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
        if (error.code === 'CONFLICT') counts.conflicts += 1;
        else failures.push(`${error.code}: ${error.message}`);
      }
    }
  };
  const flowing = flow();
  try {
    await act();
  } finally {
    over = true;
    await flowing;
  }
  return { ...counts, failures };
}

/**
 * What waits in orderers is lost with those that start anew, if nobody orders it meanwhile: its sender says that it does not
 * know what became of it, and the worker asks the ledger.
 */
export function withoutUnknown(traffic: Traffic): Traffic {
  return { ...traffic, failures: traffic.failures.filter((failure) => !failure.startsWith('UNKNOWN')) };
}

/** Nobody saw anything of it, but for as many batches as said that another transaction came before. */
export function isUndisturbed({ anchored, attested, conflicts, failures }: Traffic, mayConflict = 0): void {
  assert.deepEqual(failures, []);
  assert.ok(conflicts <= mayConflict, `${conflicts} conflicts`);
  assert.ok(anchored > 1 && attested === anchored, `${anchored} anchored, ${attested} attested`);
}

export async function headOf(
  ledger: FabricLedger,
  mspId = ledger.mspId,
): Promise<{ readonly n: number; readonly size: number }> {
  const head = Buffer.from(await ledger.evaluate('Head', [mspId])).toString();
  return (JSON.parse(head) as { n: number; size: number } | null) ?? { n: 0, size: 0 };
}
