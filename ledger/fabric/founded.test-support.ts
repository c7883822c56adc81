import type { Facility } from '@spondon/chaincode/sample.test-support';
import { canonicalJson } from '@spondon/protocol/canonical';
import type { FabricLedger } from './engine.js';
import type { TrialNetwork } from './trial.test-support.js';

export interface Founded {
  /** The hospital group's client. */
  readonly hospital: FabricLedger;
  /** Has both regulators vote for an action. */
  readonly decide: (action: object) => Promise<void>;
}

/** Begins the contract of a channel, where both regulators then admit these facilities. */
export async function found(
  trial: TrialNetwork,
  facilities: readonly Facility[],
  channel = 'records',
): Promise<Founded> {
  const hospital = await trial.open('hospital-group', channel);
  const regulators = [await trial.open('dghs', channel), await trial.open('dgfp', channel)] as const;
  const decide = async (action: object): Promise<void> => {
    for (const each of regulators) await each.submit('Decide', [canonicalJson(action)]);
  };
  await regulators[0].submit('Init', [JSON.stringify(regulators.map(({ mspId }) => mspId))]);
  for (const each of facilities) await decide(each.admission());
  return { hospital, decide };
}
