import { fromUtf8 } from '@spondon/protocol/bytes';
import { parseCanonicalJson } from '@spondon/protocol/canonical';
import type { Config, Vote } from '@spondon/protocol/records';
import { Refusal, refusing } from '../refusal.js';
import { array, mspId, parseJson } from './shape.js';

/** More regulators than any country has; every decision and every log's policy names them all. */
const MAX_REGULATORS = 16;

/** Reads `["MspA","MspB"]`. @throws Refusal `ARGUMENT` */
export function parseConfig(json: Uint8Array): Config {
  const regulators = array(parseJson(json, 'regulators'), 'regulators', MAX_REGULATORS).map((each) =>
    mspId(each, 'a regulator'),
  );
  if (regulators.length === 0) throw new Refusal('ARGUMENT', 'there is at least one regulator');
  if (new Set(regulators).size !== regulators.length)
    throw new Refusal('ARGUMENT', 'a regulator is named twice');
  return { regulators };
}

/** Votes are counted by the action's bytes, so an action has one spelling. @throws Refusal `ARGUMENT` */
export function parseBallot(bytes: Uint8Array): unknown {
  return refusing('ARGUMENT', () => parseCanonicalJson(fromUtf8(bytes)));
}

export function checkRegulator({ regulators }: Config, voter: string): void {
  if (!regulators.includes(voter)) throw new Refusal('NOT_REGULATOR', `${voter} is not a regulator`);
}

/** @throws Refusal `ALREADY_VOTED` */
export function cast(vote: Vote | undefined, voter: string): Vote {
  const voters = vote?.voters ?? [];
  if (voters.includes(voter)) throw new Refusal('ALREADY_VOTED', `${voter} voted for this before`);
  return { voters: [...voters, voter] };
}

export function isDecided({ regulators }: Config, { voters }: Vote): boolean {
  return regulators.every((regulator) => voters.includes(regulator));
}
